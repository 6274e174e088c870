"""Who reads from whom: the reads-from relation of executions, over abstract events.

Each read of a shared location takes what the last write of it left; the pair of their events is the
unit of behaviour for `rff` and for the portfolio's judgement of its members. Operations of
primitives count as well: who acquires a lock reads from who released it last, who wakes from a wait
reads from the `set` or `notify`. An acquisition also writes, since it decides what the next one
finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.numbering import hold
from harness.strategies.abstract_event import INITIAL, EventTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engine.task import Operation, Task

Pair = tuple[int, int]  # the event that wrote, the event that read it

MAX_CANDIDATES: Final = 5_000  # pairs; beyond, a program gives more than could ever be tried
MANY: Final = -1  # instead of a task's id: several tasks

READS, WRITES = 1, 2
BOTH: Final = READS | WRITES
# What an operation does to its object; what is not named here reads and writes it.
EFFECTS: Final[dict[int | str, int]] = {
    board.READ: READS, board.WRITE: WRITES, board.OPAQUE: BOTH,
    "release": WRITES,
    "locked": READS, "is_set": READS, "qsize": READS, "resume": READS, "timeout": READS,
    # Nothing that could be otherwise, or nothing at all:
    "": 0, "begin": 0, "start": 0, "started": 0, "join": 0, "end": 0, "is_alive": 0, "enumerate": 0,
    "sleep": 0, "time": 0, "call": 0, "select": 0,
}  # fmt: skip
_NEVER_INITIAL: Final = frozenset({"get", "resume"})  # somebody has to make them possible
_EXCLUSIVE: Final = frozenset({"Lock", "RLock"})  # nobody acquires one right after an acquisition


class Location:
    """One attribute, entry or whole content of one object, or one primitive, in one execution."""

    __slots__ = (
        "born",
        "content",
        "owner",
        "raced",
        "reads",
        "stamp",
        "task",
        "writer",
        "writes",
        "written",
    )

    def __init__(self, owner: Owner, content: Location | None) -> None:
        self.owner = owner
        self.content = content or self  # the owner's whole content
        self.writer = INITIAL  # the event of the last write
        self.task = MANY  # and its task
        self.stamp = 0  # the step of the last write; 0: not written yet
        self.written = 0  # likewise; for a whole content, of any write inside
        self.raced = 0  # the step of the last access
        self.born = False  # written before there was a second task
        self.reads: dict[int, int] = {}  # event: its task, or MANY
        self.writes: dict[int, int] = {}

    def source(self) -> Location:
        """Return the location whose last write a read of this one would see."""
        content = self.content
        if self is content:
            return self.owner.last
        return self if self.stamp >= content.stamp else content


class Owner:
    """The locations of one object."""

    __slots__ = ("cells", "content", "held", "last", "shared", "task")

    def __init__(self, obj: object, task: int) -> None:
        self.held: Callable[[], object] = hold(obj)
        self.content = Location(self, None)
        self.cells: dict[object, Location] = {}
        self.last = self.content  # the location written last
        self.task = task
        self.shared = False

    def cell(self, key: object) -> Location:
        """Return the location of an attribute or entry; of the whole content for no key."""
        if key is None or key == board.CONTENT:
            return self.content
        found = self.cells.get(key)
        if found is None:
            found = self.cells[key] = Location(self, self.content)
        return found

    def readings(self) -> Iterator[tuple[Location, dict[int, int]]]:
        """Give each location, with the events that wrote what its reads see, and their tasks."""
        every = dict(self.content.writes)
        for cell in self.cells.values():
            yield cell, {**self.content.writes, **cell.writes}
            every.update(cell.writes)
        yield self.content, every


class Step:
    """What one task does first when it is chosen."""

    __slots__ = (
        "awaited",
        "drawn",
        "event",
        "location",
        "operation",
        "priority",
        "reads",
        "writes",
    )

    def __init__(
        self, operation: Operation, event: int, location: Location | None, effect: int
    ) -> None:
        self.operation = operation
        self.event = event
        self.location = location
        self.reads = bool(effect & READS)
        self.writes = bool(effect & WRITES)
        self.awaited = False  # a strategy counts on it
        self.priority = 0.0  # for a strategy that ranks
        self.drawn = 0  # the step at which it got it


class ReadsFrom:
    """Follows the reads-from relation of one execution after the other.

    Attributes:
        pairs: Those of the running execution, between different tasks, and how often.
        clock: Operations performed in it.
        candidates: Pairs that could happen: their events touched one object from two tasks.
        rivals: For an event that reads, all events that write what it reads.
        steps: By task id: what those that were looked at do first when they are chosen; current
            only where its operation is the task's pending one.
    """

    __slots__ = ("_many", "_owners", "candidates", "clock", "events", "pairs", "rivals", "steps")

    def __init__(self) -> None:
        self.events = EventTable()
        self.candidates: dict[Pair, None] = {}  # a dict keeps the order, which a seed repeats
        self.rivals: dict[int, dict[int, None]] = {}
        self.pairs: dict[Pair, int] = {}
        self.clock = 0
        self._owners: dict[int, Owner] = {}
        self.steps: dict[int, Step] = {}
        self._many = False  # a second task has begun

    def begin(self) -> None:
        """Forget the last execution's objects."""
        self.pairs = {}
        self.clock = 0
        self._owners = {}
        self.steps = {}
        self._many = False

    def look(self, task: Task) -> Step:
        """Learn what a task does first when it is chosen."""
        operation = task.pending
        kind, obj, key = operation
        effect = EFFECTS.get(kind, BOTH)
        if kind == board.WRITE and key == board.CONTENT:
            effect = BOTH  # `pop`, `remove`, `append`: what it does depends on what is there
        location = self._location(task, obj, key) if effect else None
        event = self.events.of(operation, task) if effect else INITIAL
        step = self.steps[task.id] = Step(operation, event, location, effect)
        return step

    def perform(self, task: Task) -> tuple[Step, Pair | None]:
        """Note that a task does what it was about to do; return that, and whence it read.

        The pair is None if it reads nothing, or what it wrote itself.
        """
        step = self.steps.pop(task.id, None)
        if step is None or step.operation is not task.pending:
            step = self.look(task)
            del self.steps[task.id]
        pair = None
        self.clock += 1
        if task.id:
            self._many = True
        location = step.location
        if location is not None:
            if location.owner.task != task.id:
                location.owner.shared = True
            if step.reads:
                pair = self._read(step.event, location, task.id)
            if step.writes:
                self._write(step.event, location, task.id)
            location.raced = location.content.raced = self.clock
        return step, pair

    def finish(self) -> None:
        """Learn from the execution which pairs could happen."""
        for owner in self._owners.values():
            if owner.shared:
                self._learn(owner)

    def _location(self, task: Task, obj: Any, key: object) -> Location:  # noqa: ANN401  # any
        owner = self._owners.get(id(obj))
        if owner is None or owner.held() is not obj:
            owner = self._owners[id(obj)] = Owner(obj, task.id)
        return owner.cell(key)

    def _read(self, event: int, location: Location, task: int) -> Pair | None:
        if location.reads.setdefault(event, task) != task:
            location.reads[event] = MANY
        source = location.source()
        if source.task == task:  # what a task wrote itself tells nothing
            return None
        pair = (source.writer, event)
        self.pairs[pair] = self.pairs.get(pair, 0) + 1
        return pair

    def _write(self, event: int, location: Location, task: int) -> None:
        if not self._many:
            location.born = True
        owner = location.owner
        location.writer = event
        location.task = task
        location.stamp = location.written = owner.content.written = self.clock
        owner.last = location
        if location.writes.setdefault(event, task) != task:
            location.writes[event] = MANY

    def _learn(self, owner: Owner) -> None:
        for location, writes in owner.readings():
            for event, reader in location.reads.items():
                rivals = self.rivals.setdefault(event, {})
                for write, writer in writes.items():
                    if MANY in (reader, writer) or reader != writer:
                        rivals[write] = None
                        self._suggest(write, event)
                if writes and not location.born:
                    self._suggest(INITIAL, event)

    def _suggest(self, write: int, event: int) -> None:
        """Note a pair that could happen, unless what is done excludes it."""
        kind = self.events.kind(event)
        if write == INITIAL:
            impossible = kind in _NEVER_INITIAL
        else:
            twice = kind == self.events.kind(write) == "acquire"
            impossible = twice and self.events.owner(event) in _EXCLUSIVE
        if not impossible and len(self.candidates) < MAX_CANDIDATES:
            self.candidates[write, event] = None
