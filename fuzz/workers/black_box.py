"""The black box: what a worker does right now, readable from outside and after its death.

A file mapped by both processes. The worker stores the input, its length and a count before every
execution; when a signal ends it, the last input is still there, also for whoever opens the file
after both processes were killed. No clock is read for an execution: a reader that sees the count
stand still knows how long it has stood. Nor is the end of each execution noted, which would cost as
much as its beginning: between two inputs the one before counts as running, until the worker rests.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

# Places of the numbers at the start of the file, 8 bytes each.
EXECUTIONS: Final = 0
LENGTH: Final = 1  # of the input that was begun last
FAILURES: Final = 2
UNDECIDED: Final = 3
FEATURES: Final = 4
KEPT: Final = 5
COUNTERS: Final = 6
EDGES: Final = 7
RESTED: Final = 8  # the count as of which nothing ran: equal to the count, nothing runs now
STOP: Final = 9  # 1: the parent wants the worker to end
STATE: Final = 10
TROUBLE: Final = 11  # length of the trouble's text
KINDS: Final = 12  # of behaviour that inputs showed, as the engine tells them apart
SINGLETONS: Final = 13  # kinds that exactly one input showed
DOUBLETONS: Final = 14  # kinds that two did
NUMBERS: Final = 16
INPUT: Final = 4096  # the input follows the numbers and the trouble
_TROUBLE_AT: Final = NUMBERS * 8
_TROUBLE_BYTES: Final = INPUT - _TROUBLE_AT
_SIZE: Final = INPUT + MAX_BYTES

STARTING: Final = 0
READY: Final = 1
DONE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """What the box says.

    Attributes:
        executions: Inputs that were run to their end, or are being run.
        failures: How many of them failed.
        undecided: How many could not be judged.
        features: Different features that the target has told.
        kept: Inputs that the engine keeps.
        counters: How many of Atheris's counters stand for features and not for code.
        edges: Places of the target's code that were reached, as the engine counts them; 0 without
            coverage.
        kinds: Kinds of behaviour that inputs showed; 0 where the engine does not count how many
            inputs showed each.
        singletons: Kinds that exactly one input showed.
        doubletons: Kinds that two or three did.
        running: An input runs, or has just ended.
        busy_s: How long it has run, as far as this reader has seen; 0 if none does.
        data: The input that runs; empty if none does.
    """

    executions: int = 0
    failures: int = 0
    undecided: int = 0
    features: int = 0
    kept: int = 0
    counters: int = 0
    edges: int = 0
    kinds: int = 0
    singletons: int = 0
    doubletons: int = 0
    running: bool = False
    busy_s: float = 0.0
    data: bytes = b""


class BlackBox:
    """One worker's box; the worker writes, the parent reads. Each side has an object of its own.

    Attributes:
        space: The mapped file; the input lies at `INPUT`.
        numbers: The numbers at its start.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if create:
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            if os.fstat(file.fileno()).st_size < _SIZE:
                file.truncate(_SIZE)  # its maker was killed before it was whole
            self.space = mmap.mmap(file.fileno(), _SIZE)
        self._view = memoryview(self.space)
        self.numbers = self._view[: NUMBERS * 8].cast("Q")
        self._seen = (-1, -1)
        self._since_s = 0.0

    def begin(self, data: bytes) -> None:
        """Note that `data` begins to run."""
        self.space[INPUT : INPUT + len(data)] = data
        self.numbers[LENGTH] = len(data)
        self.numbers[EXECUTIONS] += 1

    def end(self) -> None:
        """Note that nothing runs."""
        self.numbers[RESTED] = self.numbers[EXECUTIONS]

    def settle(self) -> None:
        """Note that nothing will run any more."""
        self.end()

    @property
    def executions(self) -> int:
        """Inputs that were run, the present one included."""
        return self.numbers[EXECUTIONS]

    @property
    def failures(self) -> int:
        """Inputs that failed."""
        return self.numbers[FAILURES]

    @failures.setter
    def failures(self, count: int) -> None:
        self.numbers[FAILURES] = count

    @property
    def undecided(self) -> int:
        """Inputs that could not be judged."""
        return self.numbers[UNDECIDED]

    @undecided.setter
    def undecided(self, count: int) -> None:
        self.numbers[UNDECIDED] = count

    @property
    def features(self) -> int:
        """Different features that the target has told."""
        return self.numbers[FEATURES]

    @features.setter
    def features(self, count: int) -> None:
        self.numbers[FEATURES] = count

    @property
    def kept(self) -> int:
        """Inputs that the engine keeps."""
        return self.numbers[KEPT]

    @kept.setter
    def kept(self, count: int) -> None:
        self.numbers[KEPT] = count

    @property
    def counters(self) -> int:
        """Counters of Atheris that stand for features."""
        return self.numbers[COUNTERS]

    @counters.setter
    def counters(self, count: int) -> None:
        self.numbers[COUNTERS] = count

    @property
    def edges(self) -> int:
        """Places of the code that were reached."""
        return self.numbers[EDGES]

    @edges.setter
    def edges(self, count: int) -> None:
        self.numbers[EDGES] = count

    def note_kinds(self, kinds: int, *, singletons: int, doubletons: int) -> None:
        """Note how many kinds of behaviour there were, and how rare they are."""
        self.numbers[KINDS] = kinds
        self.numbers[SINGLETONS] = singletons
        self.numbers[DOUBLETONS] = doubletons

    @property
    def state(self) -> int:
        """`STARTING`, `READY` or `DONE`."""
        return self.numbers[STATE]

    @state.setter
    def state(self, state: int) -> None:
        self.numbers[STATE] = state

    @property
    def trouble(self) -> str:
        """What kept the worker from working, other than its target; "" mostly."""
        size = min(self.numbers[TROUBLE], _TROUBLE_BYTES)
        return self.space[_TROUBLE_AT : _TROUBLE_AT + size].decode("utf-8", "replace")

    @trouble.setter
    def trouble(self, words: str) -> None:
        data = words.encode()[:_TROUBLE_BYTES]
        self.space[_TROUBLE_AT : _TROUBLE_AT + len(data)] = data
        self.numbers[TROUBLE] = len(data)

    @property
    def stopping(self) -> bool:
        """Whether the worker shall end."""
        return bool(self.numbers[STOP])

    def ask_to_stop(self) -> None:
        """Ask the worker to end after the present input, once it looks up."""
        self.numbers[STOP] = 1

    def read(self) -> Flight:
        """Return what it says now. Torn while the worker writes; whole once it hangs or is dead."""
        numbers = self.numbers
        count, rested = numbers[EXECUTIONS], numbers[RESTED]
        running = count != rested
        now_s = time.monotonic()
        if (count, rested) != self._seen:
            self._seen, self._since_s = (count, rested), now_s
        size = min(numbers[LENGTH], MAX_BYTES) if running else 0
        return Flight(
            executions=count,
            failures=numbers[FAILURES],
            undecided=numbers[UNDECIDED],
            features=numbers[FEATURES],
            kept=numbers[KEPT],
            counters=numbers[COUNTERS],
            edges=numbers[EDGES],
            kinds=numbers[KINDS],
            singletons=numbers[SINGLETONS],
            doubletons=numbers[DOUBLETONS],
            running=running,
            # Above 0 whenever an input runs, also at the first look.
            busy_s=max(now_s - self._since_s, 1e-9) if running else 0.0,
            data=self.space[INPUT : INPUT + size],
        )

    @property
    def still_s(self) -> float:
        """How long nothing has changed, as of the last `read`."""
        return time.monotonic() - self._since_s

    def close(self) -> None:
        """Let the file go."""
        with contextlib.suppress(BufferError):  # an executor of this process still writes there
            self.numbers.release()
            self._view.release()
            self.space.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
