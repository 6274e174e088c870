"""A Python for each side: made once for a commit, and found again the next time.

<home>/builds/<key>/checkout    the side's code
<home>/builds/<key>/venv        its environment
<home>/builds/<key>/built       written last: without it the build was cut short, and is made anew
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reports.measuring.checkouts import check_out
from reports.measuring.child import run_child
from reports.measuring.errors import SideFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.measuring.checkouts import Code
    from reports.measuring.plan import Plan

_DONE: Final = "built"
_TOOLS: Final = ("pytest", "pytest-benchmark")
_DESCRIBED: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_SCRIPTS: Final = "Scripts" if sys.platform == "win32" else "bin"
# Of this process's variables these would make a side run something else than its own code.
_NOT_HANDED_ON: Final = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS")
_NOR_OF: Final = "PYTEST_XDIST"  # pytest-benchmark measures nothing in what it takes for a worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side, ready to run.

    Attributes:
        name: "base" or "head".
        python: The interpreter of its environment.
        paths: Where its code lies when it is not installed.
    """

    name: str
    code: Code
    checkout: Path
    python: Path
    paths: tuple[Path, ...] = ()

    @property
    def label(self) -> str:
        """Return the side with its commit."""
        return f"{self.name} ({self.code.label})"

    def filled(self, word: str, **known: object) -> str:
        """Return a word of a command with its {names} filled in."""
        for name, value in {"python": self.python, "checkout": self.checkout, **known}.items():
            word = word.replace(f"{{{name}}}", str(value))
        return word

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables its commands run with."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in _NOT_HANDED_ON and not key.startswith(_NOR_OF)
        }
        home = self.python.parent.parent
        virtual = {"VIRTUAL_ENV": str(home)} if (home / "pyvenv.cfg").is_file() else {}
        return {
            **kept,
            **virtual,
            "PATH": os.pathsep.join([str(self.python.parent), kept.get("PATH", os.defpath)]),
            "PYTHONHASHSEED": "0",  # another order of sets is another measurement
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(str(one) for one in self.paths),
            **more,
        }


def prepare_side(
    name: str, code: Code, *, plan: Plan, home: Path, tell: Callable[[str], None] = lambda _: None
) -> Side:
    """Return a side whose code lies in a folder and whose environment has what it needs.

    Args:
        home: Where builds are kept.
        tell: Told what is being done, for a person who waits.

    Raises:
        SideFailedError: A command of its build failed.
        UnknownCommitError: Its code could not be checked out.
    """
    if code.folder is not None:
        return _as_it_is(name, code, code.folder, plan)
    place = home / "builds" / _key(code, plan)
    checkout = place / "checkout"
    with _alone(place):
        if not (place / _DONE).is_file():
            shutil.rmtree(place, ignore_errors=True)
            tell(f"{name}: checking out {code.label}")
            check_out(code, repository=Path(plan.repository), target=checkout)
            if plan.build:
                tell(f"{name}: making its environment")
                _build(name, code, plan=plan, place=place)
            (place / _DONE).write_text(f"{code.key}\n", encoding="utf-8")
    if not plan.build:
        return _as_it_is(name, code, checkout, plan)
    return _built(name, code, place)


def _as_it_is(name: str, code: Code, checkout: Path, plan: Plan) -> Side:
    own = checkout / ".venv" / _SCRIPTS / _python_name()
    python = Path(plan.python or (own if own.is_file() else sys.executable))
    # What would be installed comes first; pytest adds the folder of the tests by itself.
    paths = (checkout / "src", checkout) if (checkout / "src").is_dir() else (checkout,)
    return Side(name=name, code=code, checkout=checkout, python=python, paths=paths)


def _built(name: str, code: Code, place: Path) -> Side:
    python = place / "venv" / _SCRIPTS / _python_name()
    return Side(name=name, code=code, checkout=place / "checkout", python=python)


def _build(name: str, code: Code, *, plan: Plan, place: Path) -> None:
    side = _built(name, code, place)
    maker = plan.python or sys.executable
    options = ["--system-site-packages"] if plan.system_packages else []
    if plan.install and not any("pip" in one for one in plan.install):
        options.append("--without-pip")  # which takes most of the time
    _run(side, "making its environment", [maker, "-m", "venv", *options, str(place / "venv")], plan)
    for command in _install_commands(side, plan):
        _run(side, "installing", command, plan)


def _install_commands(side: Side, plan: Plan) -> Sequence[list[str]]:
    if plan.install:
        return [[side.filled(word) for word in shlex.split(one)] for one in plan.install]
    pip = [str(side.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    described = any((side.checkout / one).is_file() for one in _DESCRIBED)
    # Editable, so that the folder the benchmarks run in and what is installed are one.
    return [[*pip, *(["-e", str(side.checkout)] if described else []), *_TOOLS]]


def _run(side: Side, step: str, command: Sequence[str], plan: Plan) -> None:
    try:
        ended = run_child(
            command,
            folder=side.checkout,
            environment=side.environment(),
            timeout_s=plan.timeout_s,
        )
    except OSError as error:
        ending = f"could not be started ({error.strerror})"
        raise SideFailedError(side.label, step, shlex.join(command), ending, "") from error
    if ended.code != 0:
        raise SideFailedError(side.label, step, ended.command, ended.ending, ended.tail)


def _key(code: Code, plan: Plan) -> str:
    return hashlib.sha256(f"{code.key} {plan.install_key} {sys.version}".encode()).hexdigest()[:20]


def _python_name() -> str:
    return "python.exe" if sys.platform == "win32" else "python"


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time build a place; another one waits and finds it built."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415  # POSIX alone has it

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
