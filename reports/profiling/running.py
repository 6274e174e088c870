"""The child that runs the target: a process group of its own, a time limit, bounded output."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from reports.profiling.errors import NoTargetError, TargetFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.profiling.hot_spot import ProfileKind

MAIN: Final = Path(__file__).with_name("child.py")
KEPT_BYTES: Final = 16_000  # the last words: a traceback, the stacks of some dozen threads
STACKS_S: Final = 1.0  # for a stuck child to write where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the child is to do; `limit_s` is from its start to its end."""

    target: str
    time_s: float
    repeat: int | None
    limit_s: float


def run_child(request: Request, kind: ProfileKind) -> dict[str, Any]:
    """Run one pass in a child process and return what it found.

    Raises:
        NoTargetError: There is no such target.
        TargetFailedError: It raised, exited, was killed or hung; nobody of its group is left.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-profile-") as folder:
        result = Path(folder) / "result.json"
        with _started(request, kind, result, Path(folder)) as (child, output):
            hung = _wait(child, request.limit_s)
            _end_group(child)
            words = output.text()
        if hung:
            ending = f"did not end within {request.limit_s:g} s"
            raise TargetFailedError(request.target, kind.value, ending, words)
        if not result.exists():
            ending = _ending_words(child.returncode)
            raise TargetFailedError(request.target, kind.value, ending, words)
        return _found(json.loads(result.read_text("utf-8")), request.target, kind)


def _found(said: dict[str, Any], target: str, kind: ProfileKind) -> dict[str, Any]:
    if "not_found" in said:
        raise NoTargetError(said["not_found"])
    if "raised" in said:
        raise TargetFailedError(target, kind.value, f"raised {said['raised']}", said["story"])
    found: dict[str, Any] = said["found"]
    return found


@contextlib.contextmanager
def _started(
    request: Request, kind: ProfileKind, result: Path, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], _LastWords]]:
    cwd = str(Path.cwd())
    job = {
        "target": request.target,
        "kind": kind.value,
        "time_s": request.time_s,
        "repeat": request.repeat,
        "result": str(result),
        "path": [*(place for place in sys.path if place), *([cwd] * (cwd not in sys.path))],
    }
    scratch = folder / "tmp"
    scratch.mkdir()
    child = subprocess.Popen(  # noqa: S603  # this interpreter, our file
        [sys.executable, "-P", str(MAIN), json.dumps(job)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **os.environ,
            "PYTHONFAULTHANDLER": "1",  # a crash says where
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        },
        # A group of its own: Ctrl-C reaches us alone, and what the target starts can be ended.
        start_new_session=os.name == "posix",
    )
    assert child.stdout is not None
    output = _LastWords(child.stdout)
    try:
        yield child, output
    finally:
        _end_group(child)
        child.wait()


def _wait(child: subprocess.Popen[bytes], limit_s: float) -> bool:
    """Return whether the child had to be given up, after asking it where it stands."""
    try:
        child.wait(limit_s)
    except subprocess.TimeoutExpired:
        if sys.platform != "win32":
            child.send_signal(signal.SIGUSR2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STACKS_S)
        return True
    return False


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and all that it started in its group."""
    if sys.platform == "win32":
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _ending_words(code: int) -> str:
    if code >= 0:
        return f"ended its process with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


class _LastWords:
    """Reads a pipe to its end and keeps the last of it. Safe to ask from another thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._kept = bytearray()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what was printed last; ask when nobody is left who prints."""
        self._thread.join(STACKS_S)
        return bytes(self._kept).decode("utf-8", errors="replace")

    def _read(self) -> None:
        with self._pipe:
            while data := self._pipe.read1(65_536):  # type: ignore[attr-defined]  # a BufferedReader
                self._kept += data
                del self._kept[:-KEPT_BYTES]
