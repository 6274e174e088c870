"""Bytes to operations on a flow controller and to the schedule they meet under.

Operations come in rounds. Those of one round run at the same time, each in a thread of its own,
under the schedule of the input; then everybody comes to rest, and the referee has to find an order
of the round's steps that explains what was seen.

    byte 0          which marks
    byte 1          how many bytes of operations (at most 20)
    the operations  low 3 bits: what; next 4: whom it concerns; high bit: the round ends here
    the rest        the schedule; see fuzz.schedules.schedule_rules
"""

from __future__ import annotations

import threading
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from fuzz.byte_reader import ByteReader
from fuzz.fuzz_target import Target
from fuzz.schedules.under_engine import Body, UnderEngine
from fuzz.targets.flow_referee import Fate, Figures, Referee, Step
from secmem.flow import CancelToken, FlowController
from stress.scenarios.flow_faces import fate_of_acquire

if TYPE_CHECKING:
    from collections.abc import Callable

MARKS: Final = ((1, 1), (2, 1), (3, 1), (3, 2), (4, 2))
MOST_OPERATIONS: Final = 20
MOST_AT_ONCE: Final = 4  # operations of a round; the referee tries their orders
PATIENCE_S: Final = 1.0  # of a timed acquire
REST_S: Final = 10.0  # virtual: a sleep ends when nobody can run and no shorter wait is left


class What(StrEnum):
    """The operations."""

    ACQUIRE = "acquire"
    TRY = "try"
    TIMED = "timed"
    REFUSED = "refused"  # an acquire with a token that is cancelled already
    CANCEL = "cancel"
    RELEASE = "release"
    CLOSE = "close"


# By the low 3 bits; REFUSED and CLOSE share one, since a close leaves little to happen after it.
_BY_BITS: Final = (
    What.ACQUIRE, What.ACQUIRE, What.RELEASE, What.RELEASE, What.CANCEL, What.TIMED, What.TRY, None,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `number` names its caller, `whom` a caller it concerns."""

    what: What
    number: int
    whom: int

    def __str__(self) -> str:
        if self.what is What.CANCEL:
            return f"cancel c{self.whom}"
        asks = self.what in (What.ACQUIRE, What.TRY, What.TIMED, What.REFUSED)
        return f"c{self.number} {self.what}" if asks else str(self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an input means."""

    high: int
    low: int
    rounds: tuple[tuple[Operation, ...], ...]
    schedule: bytes


def read_program(data: bytes) -> Program:
    """Return what an input means; every input means something."""
    reader = ByteReader(data)
    high, low = MARKS[reader.below(len(MARKS))]
    count = min(reader.below(MOST_OPERATIONS + 1), reader.left)
    rounds: list[tuple[Operation, ...]] = []
    now: list[Operation] = []
    for number in range(count):
        byte = reader.byte()
        now.append(_operation(byte, number))
        if byte & 0x80 or len(now) == MOST_AT_ONCE:
            rounds.append(tuple(now))
            now = []
    if now:
        rounds.append(tuple(now))
    return Program(high=high, low=low, rounds=tuple(rounds), schedule=reader.rest())


def _operation(byte: int, number: int) -> Operation:
    argument = byte >> 3 & 0xF
    what = _BY_BITS[byte & 7] or (What.CLOSE if argument & 1 else What.REFUSED)
    # Counted backwards: the callers of late are those that may still wait.
    whom = max(number - 1 - argument, 0) if what is What.CANCEL else number
    return Operation(what, number, whom)


class FlowProgram(Body):
    """The body: one execution of a program, judged after every round."""

    def __init__(self, program: Program, make: Callable[..., FlowController]) -> None:
        super().__init__()
        self._program = program
        self._make = make
        self.meaning = (program.high, program.low, program.rounds)

    def __str__(self) -> str:
        rounds = "; then ".join(
            " | ".join(str(operation) for operation in one) for one in self._program.rounds
        )
        return f"marks {self._program.high}/{self._program.low}: {rounds or 'nothing'}; then close"

    def __call__(self) -> None:
        """Run the rounds, then close, and see everybody end."""
        table = _Table(self._program, self._make)
        for operations in self._program.rounds:
            self._note(operations, table.play(operations))
        table.play((Operation(What.CLOSE, MOST_OPERATIONS, 0),))
        table.see_everybody_end()

    def _note(self, operations: tuple[Operation, ...], state: str) -> None:
        names = " ".join(sorted(operation.what for operation in operations))
        self.features.add(zlib.crc32(f"{names} {state}".encode()))


class _Table:
    """A controller, the threads at it, and its referee."""

    def __init__(self, program: Program, make: Callable[..., FlowController]) -> None:
        self._flow = make(program.high, program.low, on_blocked=self._count_episode)
        self._referee = Referee(program.high, program.low)
        self._tokens: dict[int, CancelToken] = {}
        self._fates: dict[int, Fate] = {}
        self._threads: list[threading.Thread] = []
        self._episodes = 0

    def play(self, operations: tuple[Operation, ...]) -> str:
        """Do the operations at once, wait for rest, judge; return the state in a word or two."""
        for operation in operations:
            if operation.what is not What.CANCEL:
                self._tokens[operation.number] = CancelToken()
        threads = [
            threading.Thread(target=self._perform, args=(operation,), name=operation.what.value)
            for operation in operations
        ]
        self._threads += threads
        for thread in threads:
            thread.start()
        time.sleep(REST_S)
        fates, self._fates = self._fates, {}
        flow = self._flow
        seen = Figures(
            pending=flow.pending,
            blocked=flow.blocked,
            closed=flow.closed,
            misuse=flow.misuse_count,
            episodes=self._episodes,
            waiting=flow.waiting,
        )
        steps = tuple(_step(operation) for operation in operations)
        self._referee.judge(steps, fates, seen)
        told = " ".join(sorted(fate.value for fate in fates.values()))
        return f"{told} {seen.blocked} {seen.closed} {min(seen.waiting, 3)} {min(seen.pending, 3)}"

    def see_everybody_end(self) -> None:
        """Join every thread; one that still waits is the engine's finding."""
        for thread in self._threads:
            thread.join()

    def _perform(self, operation: Operation) -> None:
        match operation.what:
            case What.RELEASE:
                self._flow.release()
            case What.CLOSE:
                self._flow.close()
            case What.CANCEL:
                if operation.whom in self._tokens:
                    self._tokens[operation.whom].cancel()
            case What.REFUSED:
                self._tokens[operation.number].cancel()
                self._acquire(operation.number, None)
            case What.ACQUIRE:
                self._acquire(operation.number, None)
            case What.TRY:
                self._acquire(operation.number, 0)
            case What.TIMED:
                self._acquire(operation.number, PATIENCE_S)

    def _acquire(self, caller: int, timeout_s: float | None) -> None:
        fate = fate_of_acquire(self._flow, timeout_s, self._tokens[caller])
        assert caller not in self._fates
        self._fates[caller] = fate

    def _count_episode(self) -> None:
        # Calling in proves that no lock is held here: it would hang.
        assert self._flow.pending >= 0
        self._episodes += 1


def _step(operation: Operation) -> Step:
    match operation.what:
        case What.RELEASE | What.CLOSE:
            return Step(operation.what.value, operation.number)
        case What.CANCEL:
            return Step("cancel", operation.number, operation.whom)
        case What.ACQUIRE | What.TRY | What.TIMED | What.REFUSED:
            return Step(
                "ask",
                operation.number,
                operation.number,
                at_once=operation.what is What.TRY,
                timed=operation.what is What.TIMED,
                refused=operation.what is What.REFUSED,
            )


def flow_run(make: Callable[..., FlowController] = FlowController) -> UnderEngine:
    """Return the `run` of this target for a controller of another make.

    Args:
        make: Called as `FlowController` is, once an input.
    """

    def program(data: bytes) -> tuple[Body, bytes]:
        read = read_program(data)
        return FlowProgram(read, make), read.schedule

    return UnderEngine(program)


def _seed(marks: int, *operations: int) -> bytes:
    return bytes((marks, len(operations), *operations)) + bytes(range(1, 120, 7))


SEEDS: Final = (
    _seed(1, 0x80, 0x80, 0x00, 0x00, 0x82, 0x82),  # fill, two wait, two releases
    _seed(2, 0x00, 0x00, 0x80, 0x00, 0x80, 0x04, 0x82),  # a cancel and a release at once
    _seed(0, 0x00, 0x00, 0x05, 0x06, 0x8F),  # a timeout, a try and a close at once
)

FLOW_OPERATIONS: Final = Target(
    name="flow_operations",
    run=flow_run(),
    what="operations on a flow controller, and the schedule they run under; a referee judges",
    instrument=("secmem.flow",),
    controlled=True,
    compares=False,
    seeds=SEEDS,
    max_bytes=256,
)
