"""What one execution of a program did: the results of its calls, and which came before which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.frozen import frozen
from harness.linearizability.history import History
from harness.linearizability.operation import Operation, Status
from harness.stateful.program import MAIN, thread_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from harness.stateful.program import Call, Program


class NoOutput(Enum):
    """The type of `NO_OUTPUT`: the call has not come back."""

    NO_OUTPUT = "it has not come back"


NO_OUTPUT: Final = NoOutput.NO_OUTPUT
NOT_CALLED: Final = -1


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of a call in its program.

    Attributes:
        client: Who makes it.
        index: Its number, in the order of `Program.calls`.
    """

    client: str
    index: int
    call: Call


def seats_of(program: Program) -> tuple[tuple[Seat, ...], ...]:
    """Return the seats of a program: the prefix, each thread, the suffix."""
    clients = (MAIN, *(thread_name(number) for number in range(len(program.threads))), MAIN)
    parts = (program.prefix, *program.threads, program.suffix)
    numbers = iter(range(len(program)))
    return tuple(
        tuple(Seat(client, next(numbers), call) for call in calls)
        for client, calls in zip(clients, parts, strict=True)
    )


class Record:
    """The record of one execution. Written by its tasks, of which one runs at a time.

    Attributes:
        before: For each call, the calls that had come back when it was made, as bits.
        outputs: For each call, what came back.
        order: Calls and returns as they came: the number of a call, or its complement.
    """

    __slots__ = ("_returned", "before", "order", "outputs")

    def __init__(self, calls: int) -> None:
        self.before = [NOT_CALLED] * calls
        self.outputs: list[Any] = [NO_OUTPUT] * calls
        self.order: list[int] = []
        self._returned = 0

    def called(self, index: int) -> None:
        """Hear that a call is made."""
        self.before[index] = self._returned
        self.order.append(index)

    def came_back(self, index: int, output: object) -> None:
        """Hear what came of it; `output` can be hashed and does not change."""
        self.outputs[index] = output
        self.order.append(~index)
        self._returned |= 1 << index

    def key(self) -> Hashable:
        """Return what two executions have in common that no judge can tell apart.

        The types belong to it: 1 equals True.
        """
        return tuple(self.before), tuple(self.outputs), tuple(map(type, self.outputs))

    def history(self, seats: tuple[tuple[Seat, ...], ...], *, name: str) -> History:
        """Return the history of the calls that were made."""
        times = {step: time for time, step in enumerate(self.order)}
        made = (
            self._operation(seat, times)
            for part in seats
            for seat in part
            if self.before[seat.index] != NOT_CALLED
        )
        return History.of(made, name=name)

    def _operation(self, seat: Seat, times: dict[int, int]) -> Operation:
        output = self.outputs[seat.index]
        known = output is not NO_OUTPUT
        return Operation(
            client=seat.client,
            name=seat.call.name,
            arguments=frozen(seat.call.arguments),
            keywords=frozen(seat.call.keywords),
            output=output if known else None,
            status=Status.OK if known else Status.UNKNOWN,
            call=times[seat.index],
            ret=times[~seat.index] if known else None,
        )

    def waiting(self, seats: tuple[tuple[Seat, ...], ...]) -> Iterator[Seat]:
        """Yield the calls that were made and have not come back."""
        for part in seats:
            for seat in part:
                made = self.before[seat.index] != NOT_CALLED
                if made and self.outputs[seat.index] is NO_OUTPUT:
                    yield seat
