"""Facts of an interpreter that stress is to run in: what it is, and whether it can.

Asked of the interpreter itself, in a short process of its own, before a run begins: a path that
leads to no Python, to an old one, or to one without what the child needs is an error with a remedy
at once, and not a child that dies in a strange way.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stress.errors import StressError

OLDEST: Final = (3, 11)  # as pyproject.toml says
NEEDED: Final = ("psutil", "greenlet", "click", "rich")
ASK_S: Final = 30.0  # it takes 0.05 s; on a loaded machine a hundred times that
MARK: Final = "holdfast-interpreter:"  # before our line, for a site may print things of its own
# Python of any age understands this, so that one of 2009 is told to be too old, and not broken.
QUESTION: Final = """
import json, sys
def has(name):
    try:
        __import__(name)
        return True
    except Exception:
        return False
try:
    import sysconfig
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
except ImportError:
    free = False
gil = getattr(sys, "_is_gil_enabled", lambda: True)
implementation = getattr(getattr(sys, "implementation", None), "name", "cpython")
print(%r + json.dumps({
    "version": list(sys.version_info[:3]), "implementation": implementation,
    "free_threaded": free, "executable": sys.executable,
    "missing": [name for name in %r if not has(name)], "gil_enabled": bool(gil()),
}))
"""


class InterpreterError(StressError, ValueError):
    """A path leads to no interpreter that stress can run in."""

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(path, reason, remedy)
        self.path = path
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"cannot run in {self.path!r}: {self.reason}. {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """What an interpreter says of itself.

    Attributes:
        path: As it was asked for.
        executable: As the interpreter names itself.
        free_threaded: It was built to run without the GIL.
        gil_enabled: It runs with the GIL nonetheless, as one does that imported something which
            wants it.
        missing: What the child needs and this interpreter cannot import.
    """

    path: str
    executable: str
    implementation: str
    version: tuple[int, int, int]
    free_threaded: bool
    gil_enabled: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        build = ""
        if self.free_threaded:
            build = ", free-threaded, GIL on" if self.gil_enabled else ", free-threaded"
        return f"{self.implementation} {'.'.join(map(str, self.version))}{build}"

    def check(self) -> Interpreter:
        """Return it, if stress can run in it.

        Raises:
            InterpreterError: It is too old, or something is not installed in it.
        """
        oldest = ".".join(map(str, OLDEST))
        if self.version[:2] < OLDEST:
            raise InterpreterError(
                self.path, f"it is {self}", f"Take one from {oldest} on, which holdfast needs."
            )
        if self.missing:
            raise InterpreterError(
                self.path,
                f"it is {self}, and has no {', '.join(self.missing)}",
                f"Install holdfast into it: {self.path} -m pip install holdfast",
            )
        return self


def interpreter_at(path: str, *, timeout_s: float = ASK_S) -> Interpreter:
    """Ask the interpreter at a path, or of a name on PATH, what it is; see `Interpreter.check`.

    Args:
        timeout_s: How long it may take to answer.

    Raises:
        InterpreterError: There is nothing that can be run, or it is no Python.
    """
    given: object = path
    if not isinstance(given, str) or not given:
        raise InterpreterError(repr(given), "that is no path", "Give the path of a python.")
    program = _program(path)
    said = _answer(path, program, timeout_s)
    try:
        return Interpreter(
            path=path,
            executable=str(said["executable"]),
            implementation=_written(str(said["implementation"])),
            version=(*map(int, said["version"]),),  # type: ignore[arg-type]  # three, or it fails
            free_threaded=bool(said["free_threaded"]),
            gil_enabled=bool(said["gil_enabled"]),
            missing=tuple(map(str, said["missing"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_python(path, f"it answers {said!r}") from error


def _written(name: str) -> str:
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def _program(path: str) -> str:
    found = shutil.which(path)
    if found is not None:
        return found
    there = Path(path)
    if there.is_dir():
        reason, remedy = "it is a folder", f"Is {there / 'bin' / 'python'} meant?"
    elif there.exists():
        reason, remedy = "it may not be executed", f"Allow that: chmod +x {path}"
    else:
        reason, remedy = "there is no such file, and none on PATH", "Look at `which -a python3`."
    raise InterpreterError(path, reason, remedy)


def _answer(path: str, program: str, timeout_s: float) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603  # what the user named
            [program, "-c", QUESTION % (MARK, NEEDED)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _no_python(path, f"it did not answer within {timeout_s:g} s") from None
    except OSError as error:
        raise _no_python(path, error.strerror or str(error)) from error
    for line in reversed(done.stdout.decode("utf-8", "replace").splitlines()):
        if line.startswith(MARK):
            try:
                said: dict[str, Any] = json.loads(line.removeprefix(MARK))
            except ValueError:
                break
            return said
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    last = f"; its last words: {words[-1][:200]}" if words else ""
    raise _no_python(path, f"it ended with exit code {done.returncode}{last}")


def _no_python(path: str, reason: str) -> InterpreterError:
    return InterpreterError(
        path, f"it does not answer as a Python does: {reason}", "Give the path of a python."
    )
