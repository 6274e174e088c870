"""A session: both sides built, then measured in turn, every run kept at once.

The order is ABBA: base and head in the first round, head and base in the second. What a machine
does slowly (it warms up, somebody else's job begins) then meets both sides alike.

How many rounds there are is settled before the first one, by a number or by the clock, never by
how the results look: a session that stopped as soon as they looked significant would find
differences where there are none.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from reports.comparing.compare import compare_runs
from reports.comparing.pairs import Options
from reports.errors import BadValueError
from reports.measuring.checkouts import WORKING_TREE, existing_code, resolve_code
from reports.measuring.environments import prepare_side
from reports.measuring.errors import UnknownCommitError
from reports.measuring.instructions import find_counter
from reports.measuring.plan import LEAST_RUNS, save_plan
from reports.measuring.run_side import ROUND_PARAM, SIDE_PARAM, run_side
from reports.store import Store
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.comparing.pairs import Comparison
    from reports.document import RunDocument
    from reports.measuring.checkouts import Code
    from reports.measuring.environments import Side
    from reports.measuring.instructions import Counter
    from reports.measuring.plan import Plan

BASE: Final = "base"
HEAD: Final = "head"
_CHILD: Final = "child"  # the file that names the process that runs now


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a session keeps what it makes.

    Attributes:
        store: Results.
        home: Builds and plans.
    """

    store: Path
    home: Path

    @property
    def sessions(self) -> Path:
        """Return the folder of all plans."""
        return self.home / "sessions"


def new_session() -> str:
    """Return an id that sorts by time and that two sessions of one second do not share."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}"


def with_codes(plan: Plan) -> Plan:
    """Return the plan with each side pinned to what its name means now.

    Raises:
        UnknownCommitError: A name means nothing.
    """
    base, head = resolve(plan.base, plan=plan), resolve(plan.head, plan=plan)
    return replace(
        plan,
        base=_pinned(plan.base, base),
        head=_pinned(plan.head, head),
        base_key=base.key,
        head_key=head.key,
    )


def resolve(name: str, *, plan: Plan) -> Code:
    """Return the code of one side: a commit, the working tree, or with `build` off a folder."""
    folder = Path(name)
    if not plan.build and name != WORKING_TREE and (os.sep in name or folder.is_absolute()):
        if not folder.is_dir():
            raise UnknownCommitError(name, "there is no such folder")
        return existing_code(folder)
    return resolve_code(name, repository=Path(plan.repository))


def measure(  # noqa: PLR0913  # where, how, and whom to tell
    plan: Plan,
    *,
    places: Places,
    options: Options | None = None,
    extra: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Measure both sides in turn, or go on where it was left, and return the comparison.

    Args:
        plan: From `with_codes`; its session's finished runs are not repeated.
        extra: Further words of the command.
        tell: Told what is being done, for a person who waits.
        warn: Told what was asked for and cannot be taken here.

    Raises:
        MeasuringError: A side could not be built or run. Finished runs are kept.
        BadValueError: A side is no longer the code that the session began with.
        TooLittleDataError: The sides share no benchmark.
        KeyboardInterrupt: Ctrl-C. Finished runs are kept.
    """
    claim_home(places.home)
    folder = places.sessions / plan.session
    save_plan(plan, folder=folder)
    _end_orphan(folder)
    sides = {
        name: prepare_side(name, code, plan=plan, home=places.home, tell=tell)
        for name, code in _codes(plan).items()
    }
    done = finished_runs(plan.session, store=places.store)
    running = _Running(
        plan=plan,
        places=places,
        sides=sides,
        folder=folder,
        extra=tuple(extra),
        counter=_counter(plan, warn),
        tell=tell,
    )
    running.all_rounds(done)
    documents = finished_runs(plan.session, store=places.store)
    chosen = options or Options()
    # One machine, minutes apart: what differs is what the commits themselves ask for.
    return compare_runs(
        [one for (side, _), one in documents.items() if side == BASE],
        [one for (side, _), one in documents.items() if side == HEAD],
        labels=(sides[BASE].label, sides[HEAD].label),
        options=replace(chosen, across=True),
    )


def finished_runs(session: str, *, store: Path) -> dict[tuple[str, int], RunDocument]:
    """Return the runs of a session that are in the store, by side and round from 0."""
    if not store.exists():
        return {}
    found = {}
    with Store(store) as opened:
        for stamp in opened.runs_of_session(session):
            document = opened.document(stamp.run_id)
            params = document.records[0].params if document.records else {}
            side, at_round = params.get(SIDE_PARAM), params.get(ROUND_PARAM, "")
            if side in (BASE, HEAD) and at_round.isdecimal():
                found[side, int(at_round) - 1] = document
    return found


def claim_home(home: Path) -> None:
    """Make the folder of builds and plans, which git is not to see."""
    home.mkdir(parents=True, exist_ok=True)
    ignored = home / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    plan: Plan
    places: Places
    sides: dict[str, Side]
    folder: Path
    extra: tuple[str, ...]
    counter: Counter | None
    tell: Callable[[str], None]

    def all_rounds(self, done: dict[tuple[str, int], RunDocument]) -> None:
        began, longest = time.monotonic(), 0.0
        for at_round in range(self.plan.runs):
            started = time.monotonic()
            if self._over_budget(at_round, started - began + longest):
                self.tell(f"the time is up after {at_round} rounds")
                return
            for name in (BASE, HEAD) if at_round % 2 == 0 else (HEAD, BASE):
                if (name, at_round) not in done:
                    left = (self.plan.runs - at_round) * longest
                    self.tell(_progress(at_round, self.plan.runs, name, left_s=left))
                    self._run(name, at_round)
            longest = max(longest, time.monotonic() - started)

    def _over_budget(self, at_round: int, would_end_s: float) -> bool:
        budget = self.plan.budget_s
        return budget is not None and at_round >= LEAST_RUNS and would_end_s > budget

    def _run(self, name: str, at_round: int) -> None:
        note = self.folder / _CHILD
        try:
            document = run_side(
                self.sides[name],
                self.plan,
                at_round=at_round,
                extra=self.extra,
                counter=self.counter,
                on_start=lambda pid: _note_child(note, pid),
            )
        finally:
            note.unlink(missing_ok=True)
        write_document(document, store=self.places.store)


def _counter(plan: Plan, warn: Callable[[str], None]) -> Counter | None:
    if not plan.instructions:
        return None
    counting = find_counter()
    if counting.counter is None:
        warn(f"instructions are not counted: {counting.reason}")
    return counting.counter


def _codes(plan: Plan) -> dict[str, Code]:
    codes = {BASE: resolve(plan.base, plan=plan), HEAD: resolve(plan.head, plan=plan)}
    for name, key in ((BASE, plan.base_key), (HEAD, plan.head_key)):
        if codes[name].key != key:
            got = f"{name} of session {plan.session}, whose code has changed since"
            raise BadValueError("measure", got, "the code it began with; begin a new session")
    return codes


def _pinned(name: str, code: Code) -> str:
    if name == WORKING_TREE:
        return name
    if code.folder is not None:
        return str(code.folder)
    assert code.commit is not None, "what is no folder is a commit"
    return code.commit.commit_id  # a branch may move on before a session is resumed


def _progress(at_round: int, rounds: int, name: str, *, left_s: float) -> str:
    left = f", about {left_s:.0f} s left" if left_s else ""
    return f"round {at_round + 1} of {rounds}: {name}{left}"


def _note_child(note: Path, pid: int) -> None:
    with contextlib.suppress(psutil.Error):
        note.write_text(f"{pid} {psutil.Process(pid).create_time()!r}\n", encoding="utf-8")


def _end_orphan(folder: Path) -> None:
    """End the benchmarks that a killed session left running: they would disturb this one."""
    note = folder / _CHILD
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid, created = note.read_text(encoding="utf-8").split()
        orphan = psutil.Process(int(pid))
        if repr(orphan.create_time()) == created:  # else the number is somebody else's by now
            every = [*orphan.children(recursive=True), orphan]
            for process in every:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(every, timeout=5)
    note.unlink(missing_ok=True)
