"""What the child does: rounds of one body, with jitter, and a census after each."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import gc
import json
import random
import sys
import threading
import time
import traceback
from typing import IO, TYPE_CHECKING, Any, Final

import psutil

from harness.probes import Census, NotAvailableHereError, arm, census
from stress.scenarios import Scenario, find_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

# From far below one round to CPython's own interval: which race shows depends on where the
# interpreter takes the GIL away.
SWITCH_INTERVALS_S: Final = (0.000_01, 0.000_1, 0.001, 0.005)
LINGER_S: Final = 2.0  # a joined thread leaves the system's list within a millisecond or so
ADDRESS_SPACE_SPARE: Final = 8 << 30  # thread stacks and guard pages take addresses, not memory
GRACE_S: Final = 30.0  # the parent ends a stuck child long before; this is for a dead parent


class Rounds:
    """One run of a scenario in this process."""

    def __init__(self, job: Mapping[str, Any], channel: IO[str]) -> None:
        self._job = job
        self._channel = channel
        self._jitter = random.Random(job["seed"])  # noqa: S311  # a reproducible jitter
        self._failure = ""

    def run(self) -> int:
        """Run rounds until the budget is spent or one fails; report each."""
        _limit_address_space(self._job["memory_bytes"])
        self._listen()
        subject = find_scenario(self._job["target"])
        self._tell("ready")
        began_s = time.monotonic()
        # A small round first: lazy imports, caches and the allocator's first blocks are no leak.
        if self._round(subject, small=True):
            self._tell("warm", **_figures(_settled_census()))
            self._full_rounds(subject, began_s)
        self._tell("done")
        return 0

    def _full_rounds(self, subject: Scenario, began_s: float) -> None:
        number = 0
        while self._has_budget(number, time.monotonic() - began_s):
            if not self._round(subject, small=False):
                return
            number += 1
            self._tell("round", number=number, **_figures(_settled_census()))

    def _has_budget(self, done: int, elapsed_s: float) -> bool:
        rounds, seconds = self._job["rounds"], self._job["seconds"]
        if done == 0:
            return True
        return (rounds is None or done < rounds) and (seconds is None or elapsed_s < seconds)

    def _round(self, subject: Scenario, *, small: bool) -> bool:
        """Run the body once; False if it failed, in whichever thread."""
        faulthandler.dump_traceback_later(self._job["hang_s"] + GRACE_S, exit=True)
        sys.setswitchinterval(self._jitter.choice(SWITCH_INTERVALS_S))
        try:
            scale = subject.exploration_scale if small else subject.stress_scale
            subject.body(dataclasses.replace(scale, seed=self._jitter.getrandbits(32)))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            self._note(error, "the body")
        finally:
            faulthandler.cancel_dump_traceback_later()
        if self._failure:
            self._tell("failed", text=self._failure)
        return not self._failure

    def _listen(self) -> None:
        """Hear what a program would only print: errors of threads and of destructors."""
        faulthandler.enable()
        threading.excepthook = lambda args: self._note(
            args.exc_value, f"thread {args.thread.name if args.thread else '?'}"
        )
        sys.unraisablehook = lambda args: self._note(args.exc_value, f"{args.object!r}")
        with contextlib.suppress(NotAvailableHereError):  # the parent says so when it asks
            arm(sys.stderr)

    def _note(self, error: BaseException | None, where: str) -> None:
        if self._failure or error is None:
            return  # the first failure explains; the others mostly follow from it
        self._failure = f"in {where}:\n" + "".join(traceback.format_exception(error))

    def _tell(self, kind: str, **fields: object) -> None:
        self._channel.write(json.dumps({"kind": kind, **fields}) + "\n")
        self._channel.flush()


def _settled_census() -> Census:
    """Count what is held, once garbage is gone and joined threads have left the system's list."""
    gc.collect()
    ends_s = time.monotonic() + LINGER_S
    while True:
        seen = census()
        # The watchdog of faulthandler is a thread only while it is armed, so not now.
        if len(seen.threads) <= threading.active_count() or time.monotonic() > ends_s:
            return seen
        time.sleep(0.002)


def _figures(seen: Census) -> dict[str, int]:
    return {
        "threads": len(seen.threads),
        "descriptors": len(seen.descriptors),
        "mappings": seen.mappings,
        "resident_bytes": psutil.Process().memory_info().rss,
    }


def _limit_address_space(memory_bytes: int) -> None:
    """A backstop: the parent looks 20 times a second, and memory can go faster than that."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # POSIX only

    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = memory_bytes + ADDRESS_SPACE_SPARE
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
