"""One round on one machine: a job that runs in a child of its own, whatever becomes of it."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.cluster.errors import RoundFailedError, RoundRaisedError
from fuzz.workers.killing import end_whole

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN: Final = Path(__file__).with_name("round_child.py")
SPARE_S: Final = 120.0  # beside the round's own seconds: imports, instrumentation, shrinking
LAST_WORDS: Final = 4_000
LOOK_S: Final = 0.5


def run_round(
    job: Callable[[], Any], seconds: float, *, wanted: Callable[[], bool] = lambda: True
) -> Any:  # noqa: ANN401  # what the job returns
    """Run `job` in a child process and return what it returns.

    In a child, because a cluster's worker runs rounds in threads: there nothing can be
    instrumented, killed, or forked from.

    Args:
        job: Can be pickled, and so can its result.
        seconds: How long it means to take; it is ended some two minutes after that.
        wanted: Asked twice a second; False ends it.

    Raises:
        RoundRaisedError: It raised, and would do so anywhere.
        RoundFailedError: It was killed, or did not end.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-round-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # A worker started from a folder finds the project there, as `python -m` does.
        path = [str(Path.cwd()), *(one for one in sys.path if one)]
        (folder / "job").write_bytes(pickle.dumps((os.getpid(), path, job)))
        ended = _run(folder, seconds + SPARE_S, wanted)
        if ended is None:
            words = (folder / "words").read_text("utf-8", errors="replace")[-LAST_WORDS:]
            raise RoundFailedError(f"its process ended without a result; {words.strip()}")
    kind, value = ended
    if kind == "error":
        raise RoundRaisedError(value)
    return value


def _run(folder: Path, limit_s: float, wanted: Callable[[], bool]) -> tuple[str, Any] | None:
    with (folder / "words").open("wb") as words:
        child = subprocess.Popen(  # noqa: S603  # our interpreter, our file
            [sys.executable, "-P", str(MAIN), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=os.name == "posix",
        )
    ends_s = time.monotonic() + limit_s
    try:
        while not _has_ended(child):
            if time.monotonic() > ends_s:
                raise RoundFailedError(f"it did not end within {limit_s:g} s")
            if not wanted():
                raise RoundFailedError("nobody wants its result any more")
    finally:
        end_whole(child)
    result = folder / "result"
    if not result.exists():
        return None
    ended: tuple[str, Any] = pickle.loads(result.read_bytes())  # noqa: S301  # our child's
    return ended


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for the child."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(LOOK_S)
        return True
    return False
