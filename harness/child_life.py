"""A child's side of its life: it runs one job, says what comes of it, and may die of it."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness import journal as journal_module
from harness.errors import HarnessError
from harness.exchange import ChildFailedError, Exchange, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[Any], None]
    Job = Callable[[Send], Any]

PR_SET_PDEATHSIG: Final = 1  # Linux, <sys/prctl.h>


def live(job: Job, exchange: Exchange) -> None:
    """Be the child. Never returns: the parent's cleaning up is not ours to do."""
    status = 1
    try:
        _settle_in(exchange)
        journal_module.active = exchange.journal
        with exchange.messages.open("ab", buffering=0) as messages:
            send = partial(_send, messages.fileno())
            try:
                message = packed("result", job(lambda note: send(packed("note", note))))
            except BaseException as error:  # noqa: BLE001  # all of it is the parent's to judge
                message = packed("error", _portable(error))
            send(message)
        status = 0
    except BaseException:  # noqa: BLE001  # nothing may return into the parent's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _settle_in(exchange: Exchange) -> None:
    """Make the child one that may crash: alone in its group, without a core, with last words."""
    words = exchange.words.open("ab", buffering=0)
    faulthandler.enable(words, all_threads=False)
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # POSIX only

    with contextlib.suppress(PermissionError):
        # Ctrl-C goes to the parent alone, which passes it on once; and whatever the body starts
        # is ended with the group.
        os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        # A parent that is killed takes the child with it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limited(job: Job, memory_bytes: int | None, send: Send) -> Any:  # noqa: ANN401  # the job's
    """Run a job with a limit to the address space that it adds.

    What the child begins with does not count: a forked one has all that its parent had mapped.
    """
    if memory_bytes is not None and sys.platform != "win32":
        import resource  # noqa: PLC0415  # POSIX only

        most_bytes = _mapped_bytes() + memory_bytes
        _, hard_bytes = resource.getrlimit(resource.RLIMIT_AS)
        if hard_bytes != resource.RLIM_INFINITY:
            most_bytes = min(most_bytes, hard_bytes)
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    return job(send)


def _mapped_bytes() -> int:
    """Return the address space of this process; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the child's lines if they are not the user's fault."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:  # noqa: BLE001  # a foreign class may do anything there
        return ChildFailedError("".join(traceback.format_exception(error)).strip())
    if not isinstance(error, HarnessError | KeyboardInterrupt):
        error.add_note("".join(traceback.format_exception(error)).strip())
    return error


def _send(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
