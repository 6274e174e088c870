"""What a session is to do, as it was asked for: kept in a file, so that it can go on later."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError
from reports.measuring.errors import UnknownSessionError
from reports.strict_json import parse, read_bytes
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from reports.strict_json import Fields

PLAN_SCHEMA: Final = "holdfast.measure/1"
RUNS: Final = 5
TIMEOUT_S: Final = 1800.0  # a suite of a hundred benchmarks of a second each, three times over
LEAST_RUNS: Final = 2  # one run a side tells nothing
MOST_RUNS: Final = 1_000
PYTEST: Final = (
    "{python}",
    "-m",
    "pytest",
    "-q",
    # The project's own options may cover, spread or switch off: none of that belongs in a timing.
    "-o",
    "addopts=",
    "-p",
    "no:cacheprovider",
    "--benchmark-only",
    "--benchmark-json={json}",
)
_SESSION: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")
_CPUS: Final = re.compile(r"([0-9]{1,4}(,[0-9]{1,4})*)?")
_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One session of measuring.

    Attributes:
        base: The side to compare with: a commit, ".", or a folder where nothing is built.
        head: The side that may have changed.
        base_key: What tells the base's code from other code; `head_key` alike.
        runs: Of each side.
        budget_s: No round begins that would go beyond this, from the third on; None for no end.
        timeout_s: For each command of a side.
        command: What runs the benchmarks; {python}, {json} and {checkout} stand for themselves.
        benchmark: Only benchmarks that pytest's -k selects, or an empty text.
        build: Make an environment for each side; else its folder or checkout runs as it is.
        install: Commands instead of pip; {python} and {checkout} as above.
        python: The interpreter that environments are made with.
        system_packages: Environments see the packages of `python`.
        cpus: The processors benchmarks run on, such as "0,2"; empty for all.
        instructions: Count instructions, too, where the machine can.
    """

    session: str
    repository: str
    base: str
    head: str
    base_key: str
    head_key: str
    runs: int = RUNS
    budget_s: float | None = None
    timeout_s: float = TIMEOUT_S
    command: tuple[str, ...] = PYTEST
    benchmark: str = ""
    build: bool = True
    install: tuple[str, ...] = ()
    python: str = ""
    system_packages: bool = False
    cpus: str = ""
    instructions: bool = False

    def __post_init__(self) -> None:
        if not _SESSION.fullmatch(self.session):
            raise BadValueError("session", repr(self.session)[:80], "an id that `measure` gave")
        if not LEAST_RUNS <= self.runs <= MOST_RUNS:
            takes = f"{LEAST_RUNS} to {MOST_RUNS} runs a side"
            raise BadValueError("runs", repr(self.runs), takes)
        for name in ("timeout_s", "budget_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BadValueError(name, repr(value), "seconds above 0")
        if not any("{json}" in word for word in self.command):
            got = " ".join(self.command)[:200]
            raise BadValueError("command", repr(got), "a word with {json}, where results go")
        if not _CPUS.fullmatch(self.cpus):
            raise BadValueError("cpus", repr(self.cpus), 'numbers of processors, such as "0,2"')

    @property
    def cpu_set(self) -> frozenset[int]:
        """Return the processors, or nothing for all."""
        return frozenset(int(one) for one in self.cpus.split(",") if one)

    @property
    def install_key(self) -> str:
        """Return what tells how environments are made: the same makes the same."""
        words = json.dumps([self.python, list(self.install), self.system_packages, self.build])
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def save_plan(plan: Plan, *, folder: Path) -> None:
    """Write the plan into the session's own folder."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {"schema": PLAN_SCHEMA, **asdict(plan)}
    write_atomically(folder / "plan.json", json.dumps(values, indent=1).encode() + b"\n")


def load_plan(session: str, *, sessions: Path) -> Plan:
    """Return the plan of a session that was started before.

    Raises:
        UnknownSessionError: There is none of that name.
        DamagedDocumentError: Its file is not what `save_plan` wrote.
    """
    file = sessions / session / "plan.json"
    if not _SESSION.fullmatch(session) or not file.is_file():
        known = tuple(sorted(one.parent.name for one in sessions.glob("*/plan.json")))
        raise UnknownSessionError(session, known[-5:])
    values = parse(read_bytes(file), document=str(file))
    if values.text("schema") != PLAN_SCHEMA:
        values.refuse("schema", f"is not {PLAN_SCHEMA}")
    try:
        return _plan(values)
    except BadValueError as error:
        values.refuse("session", f"heads no valid plan: {error}")


def _plan(values: Fields) -> Plan:
    known = {one.name for one in fields(Plan)} | {"schema"}
    for name in values.names():
        if name not in known:
            values.refuse(name, "is unknown here; a newer holdfast wrote it")
    return Plan(
        session=values.text("session"),
        repository=values.text("repository", most=_WORDS),
        base=values.text("base", most=_WORDS),
        head=values.text("head", most=_WORDS),
        base_key=values.text("base_key", most=_WORDS),
        head_key=values.text("head_key", most=_WORDS),
        runs=values.integer("runs", least=LEAST_RUNS, most=MOST_RUNS),
        budget_s=values.number_or_none("budget_s"),
        timeout_s=values.number("timeout_s"),
        command=values.text_list("command", most=_WORDS),
        benchmark=values.text("benchmark"),
        build=values.flag("build"),
        install=values.text_list("install", most=_WORDS),
        python=values.text("python", most=_WORDS),
        system_packages=values.flag("system_packages"),
        cpus=values.text("cpus"),
        instructions=values.flag("instructions"),
    )
