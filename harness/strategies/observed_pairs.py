"""Who reads from whom, as numbers that are the same in every process.

`reads_from` numbers events by their first appearance and learns which pairs could happen; `rff`
needs that. A fuzzer outside needs less, and needs it in every execution: the number of each pair
that was seen, so that its corpus means the same to another process and tomorrow. So this is a lean
follower of the same relation (Wolff et al., ASPLOS 2024, section 3): an event is an operation, the
class and attribute it touches, and the line of the user's code within its function; its number is
the CRC-32 of these words.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from harness.engine import board
from harness.engine.numbering import hold
from harness.strategies.abstract_event import INITIAL, Places
from harness.strategies.reads_from import BOTH, EFFECTS, MANY, READS, WRITES

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Operation, Task

MAX_KNOWN: Final = 100_000  # numbers that are kept; a body that makes classes anew makes them anew


class Cell:
    """One attribute, entry or whole content of one object, or one primitive, in one execution."""

    __slots__ = ("content", "owner", "stamp", "task", "writer")

    def __init__(self, owner: _Owner, content: Cell | None) -> None:
        self.owner = owner
        self.content = content or self
        self.writer = INITIAL  # the number of the event that wrote last
        self.task = MANY  # and its task's
        self.stamp = 0  # when that was

    def overlaps(self, other: Cell) -> bool:
        """Say whether an access of one is an access of the other."""
        return self is other or self is other.content or other is self.content


class _Owner:
    """The cells of one object."""

    __slots__ = ("cells", "content", "held", "last")

    def __init__(self, obj: object) -> None:
        self.held: Callable[[], object] = hold(obj)
        self.content = Cell(self, None)
        self.cells: dict[object, Cell] = {}
        self.last = self.content  # the cell written last


class Doing:
    """What one task does when it is chosen."""

    __slots__ = ("cell", "effect", "event", "operation")

    def __init__(self, operation: Operation, event: int, cell: Cell | None, effect: int) -> None:
        self.operation = operation
        self.event = event  # 0 where it touches nothing
        self.cell = cell
        self.effect = effect


class ObservedPairs:
    """Follows the reads-from pairs between tasks, one execution after the other.

    For a strategy with `operations`: pass `perform` on, and ask `look` what a task does next.

    Attributes:
        numbers: Of the pairs of the running execution. What a task reads of its own tells nothing.
        reads: Operations of the running execution that only read.
        writes: Those that write.
    """

    __slots__ = ("_doing", "_events", "_owners", "_pairs", "_places", "numbers", "reads", "writes")

    def __init__(self) -> None:
        self._places = Places()
        self._events: dict[tuple[int | str, str, str, int], int] = {}
        self._pairs: dict[tuple[int, int], int] = {}
        self.begin()

    def begin(self) -> None:
        """Forget the last execution's objects."""
        self.numbers: set[int] = set()
        self.reads = 0
        self.writes = 0
        self._owners: dict[int, _Owner] = {}
        self._doing: dict[int, Doing] = {}  # by the id of a task

    def look(self, task: Task) -> Doing:
        """Return what a task does first when it is chosen."""
        operation = task.pending
        doing = self._doing.get(task.id)
        if doing is None or doing.operation is not operation:
            kind, obj, key = operation
            effect = EFFECTS.get(kind, BOTH)
            if not effect:
                return Doing(operation, INITIAL, None, effect)
            if kind == board.WRITE and key == board.CONTENT:
                effect = BOTH  # `pop`, `append`: what it does depends on what is there
            place = self._places.of_task(task)
            owner = type(obj).__qualname__
            where = key if type(key) is str else "" if key is None else "[]"
            name = (kind, owner, where, place)
            event = self._events.get(name) or self._event(name)
            doing = self._doing[task.id] = Doing(operation, event, self._cell(obj, key), effect)
        return doing

    def perform(self, task: Task) -> Cell | None:
        """Note that a task does what it was about to do; return what that touches."""
        number = task.id
        operation = task.pending
        doing = self._doing.get(number)
        if doing is None or doing.operation is not operation:
            if not EFFECTS.get(operation[0], BOTH):
                return None
            doing = self.look(task)
        cell = doing.cell
        assert cell is not None  # what has no effect is not kept
        if doing.effect & READS:
            content = cell.content
            if cell is content:
                source = cell.owner.last
            else:
                source = cell if cell.stamp >= content.stamp else content
            if source.task != number:
                pair = (source.writer, doing.event)
                self.numbers.add(self._pairs.get(pair) or self._pair(pair))
        if doing.effect & WRITES:
            self.writes += 1
            cell.writer = doing.event
            cell.task = number
            cell.stamp = self.writes
            cell.owner.last = cell
        else:
            self.reads += 1
        return cell

    def _pair(self, pair: tuple[int, int]) -> int:
        if len(self._pairs) >= MAX_KNOWN:
            self._pairs.clear()
        self._pairs[pair] = number = zlib.crc32(b"%x %x" % pair)
        return number

    def _cell(self, obj: object, key: object) -> Cell:
        owner = self._owners.get(id(obj))
        if owner is None or owner.held() is not obj:
            owner = self._owners[id(obj)] = _Owner(obj)
        if key is None or key == board.CONTENT:
            return owner.content
        cell = owner.cells.get(key)
        if cell is None:
            cell = owner.cells[key] = Cell(owner, owner.content)
        return cell

    def _event(self, name: tuple[int | str, str, str, int]) -> int:
        if len(self._events) >= MAX_KNOWN:
            self._events.clear()
        kind, owner, where, place = name
        text = f"{kind} {owner} {where} {self._places.text(place)}"
        # 0 stands for what touches nothing.
        self._events[name] = number = zlib.crc32(text.encode()) or 1
        return number
