"""Where operations stand in a picture: clients as rows, time to the right, every label has room.

Only one thing about time matters to a judge: which operation came back before which was called. So
the picture keeps that and gives the rest up. Calls with no return between them begin at the same
place, returns with no call between them end at the same place, and each bar is as wide as its label
needs: a history of microseconds and one of hours look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.linearizability.operation import Operation


@dataclass(frozen=True, slots=True)
class Bar:
    """An operation in the picture.

    Attributes:
        index: Which operation.
        row: Which row, from 0.
        begin: Where its call stands.
        end: Where its return stands, or where it leaves the picture.
        open: Whether it may take effect after the end of its bar, too.
    """

    index: int
    row: int
    begin: int
    end: int
    open: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole picture.

    Attributes:
        bars: In the order of their calls.
        clients: Whose each row is; a client whose operations overlap has several.
        width: Where the last bar ends.
    """

    bars: tuple[Bar, ...]
    clients: tuple[int | str, ...]
    width: int


def lay_out(
    operations: Sequence[tuple[int, Operation]], *, wide: Callable[[int], int], gap: int
) -> Layout:
    """Return where the operations stand.

    Args:
        operations: With their indices.
        wide: How much room the bar of an operation needs at least.
        gap: Between a return and a call that comes after it.
    """
    spots = _spots(operations, wide, gap)
    width = max((end for _, end in spots.values()), default=0)
    rows: dict[int | str, list[int]] = {
        client: [] for client in sorted({one.client for _, one in operations}, key=_name_order)
    }
    places = {}
    for index, one in sorted(operations, key=lambda pair: (*spots[pair[0]], pair[0])):
        places[index] = one.client, _free(rows[one.client], *spots[index])
    first = {}
    clients: list[int | str] = []
    for client, ends in rows.items():
        first[client] = len(clients)
        clients += [client] * len(ends)
    bars = tuple(
        Bar(index, first[places[index][0]] + places[index][1], *spots[index], not one.known)
        for index, one in operations
    )
    return Layout(bars, tuple(clients), width)


def _name_order(client: int | str) -> tuple[bool, int, str]:
    return (False, client, "") if isinstance(client, int) else (True, 0, client)


def _free(ends: list[int], begin: int, end: int) -> int:
    """Return the first row of a client that is free at a place, and take it."""
    for row, last in enumerate(ends):
        if last < begin:
            ends[row] = end
            return row
    ends.append(end)
    return len(ends) - 1


def _spots(
    operations: Sequence[tuple[int, Operation]], wide: Callable[[int], int], gap: int
) -> dict[int, tuple[int, int]]:
    """Return where each operation begins and ends."""
    begins: dict[int, int] = {}
    spots: dict[int, tuple[int, int]] = {}
    here = 0
    for is_return, block in _blocks(operations):
        if is_return:
            # Whoever comes back here is as wide as the widest of them needs.
            here = max([here, *(begins[index] + wide(index) for index in block)])
            spots.update((index, (begins[index], here)) for index in block)
        else:
            here += gap if spots else 0
            begins.update((index, here) for index in block)
    for index, begin in begins.items():
        spots.setdefault(index, (begin, begin + wide(index)))
    return spots


def _blocks(operations: Iterable[tuple[int, Operation]]) -> list[tuple[bool, list[int]]]:
    """Return runs of calls and runs of returns, in turn. In one moment calls come first."""
    events = []
    for index, one in operations:
        events.append((one.call, False, index))
        if one.ret is not None:
            events.append((one.ret, True, index))
    blocks: list[tuple[bool, list[int]]] = []
    for _, is_return, index in sorted(events):
        if not blocks or blocks[-1][0] is not is_return:
            blocks.append((is_return, []))
        blocks[-1][1].append(index)
    return blocks
