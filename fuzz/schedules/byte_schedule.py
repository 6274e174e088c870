"""A strategy that follows the rules that bytes stand for; `schedule_rules` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz.schedules.schedule_rules import KINDS, Rule, mixed
from harness.strategies import ObservedPairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fuzz.schedules.schedule_rules import ScheduleRules
    from harness.engine.ending import Ending
    from harness.engine.task import Task
    from harness.strategies import Cell, Doing

FAIR_TURNS: Final = 300  # of one task in a row, while another waits
POLLS: Final = 50  # reads in a row without a write: it waits for what another is to write
_STEP_BITS: Final = 15  # of a task's number, in a STEP rule


class ByteSchedule:
    """Follows rules; where they say nothing, nobody is interrupted.

    Who is held back goes on when nobody else can run: the one held the fewest times, of these the
    longest held. One execution.

    Args:
        pairs: Follows who reads from whom; kept by the caller from one execution to the next.
        early_timeouts: EARLY rules count. Without it a timed wait ends only when nobody can run.

    Attributes:
        features: The numbers of the reads-from pairs so far.
    """

    __slots__ = (
        "_about", "_arrived", "_awaiting", "_enough", "_first", "_held", "_last", "_owned",
        "_pairs", "_quiet", "_rules", "_spent", "_tickets", "_turns", "_writes", "early_timeouts",
        "operations",
    )  # fmt: skip

    def __init__(
        self,
        rules: ScheduleRules,
        pairs: ObservedPairs | None = None,
        *,
        early_timeouts: bool = False,
    ) -> None:
        self._pairs = ObservedPairs() if pairs is None else pairs
        self._rules = rules
        self.operations = True
        self.early_timeouts = early_timeouts and self._rules.early
        self.begin(0)

    def begin(self, execution: int) -> bool:
        """Forget the last execution; there is one."""
        self._pairs.begin()
        self._about: dict[int, list[int]] = {}  # by event: the bytes of the rules about it
        self._spent: dict[int, int] = {}  # by the byte of a ONCE rule: how often it was applied
        self._arrived: dict[int, object] = {}  # by task: the operation it was seen to come to
        self._owned: dict[int, int] = {}  # by task: how many operations it came to
        self._held: dict[int, tuple[int, int]] = {}  # by task: how often, and since when
        self._tickets = 0
        self._awaiting: dict[int, Cell] = {}  # by task: what another has to touch
        self._first: set[int] = set()  # what they awaited has come
        self._last: Task | None = None
        self._turns = 0  # of it in a row
        self._note_write()
        self._quiet = not (self._rules.events or self._rules.steps)
        return execution == 0

    @property
    def features(self) -> set[int]:
        """The numbers of the reads-from pairs so far."""
        return self._pairs.numbers

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on: who does now, unless it comes to where it is held back."""
        if current is None:
            chosen = self._other(ready, current)
        else:
            if not self._quiet:
                self._arrive(current)
            # Where nobody is held back, nobody is chosen in place of who runs.
            away = self._first or current.id in self._held
            chosen = self._other(ready, current) if away else current
        if chosen is not self._last:
            self._begin_turns(chosen)
        else:
            self._turns += 1
            if self._pairs.writes != self._writes:
                self._note_write()
            if self._pairs.reads > self._enough or self._turns > FAIR_TURNS:
                chosen = self._relieve(chosen, ready)
        if self._held or self._first:
            self._go_on(chosen.id)
        return chosen

    def _begin_turns(self, task: Task) -> None:
        self._last = task
        self._turns = 0
        self._note_write()

    def _note_write(self) -> None:
        self._writes = self._pairs.writes
        self._enough = self._pairs.reads + POLLS

    def _go_on(self, number: int) -> None:
        self._held.pop(number, None)
        self._awaiting.pop(number, None)
        self._first.discard(number)

    def _other(self, ready: Sequence[Task], current: Task | None) -> Task:
        for task in () if self._quiet else ready:
            if self._arrive(task) and current is not None and current.id in self._held:
                # It came to where it stands before the current one did.
                self._hold(current.id, times=self._held[current.id][0])
        if self._first:
            for task in ready:
                if task.id in self._first:
                    return task
        held = self._held
        if current is not None and current.id not in held:
            return current
        free = [task for task in ready if task.id not in held] if held else ready
        if not free:
            return min(ready, key=lambda task: held[task.id])
        order = self._rules.order
        if not order:
            return free[0]
        return max(free, key=lambda task: mixed(task.id * 0x1F35 + order * 0x19_D5B))

    def _relieve(self, tired: Task, ready: Sequence[Task]) -> Task:
        """Return another than who has run for long: it may be polling for what they do."""
        others = [task for task in ready if task is not tired and not task.parked]
        if others:
            self._hold(tired.id)
            tired = min(others, key=lambda task: self._held.get(task.id, (0, 0)))
        self._begin_turns(tired)
        return tired

    def _hold(self, number: int, *, times: int = 1) -> None:
        self._tickets += 1
        self._held[number] = times, self._tickets

    def _arrive(self, task: Task) -> bool:
        """Apply the rules to what a task does next, once; say if that was now."""
        operation = task.pending
        number = task.id
        if self._arrived.get(number) is operation:
            return False
        self._arrived[number] = operation
        self._held.pop(number, None)  # it was parked, and has been woken
        rules = self._rules
        if rules.steps:
            own = self._owned[number] = self._owned.get(number, -1) + 1
            times = rules.steps.get((number & _STEP_BITS, own))
            if times:
                self._hold(number, times=times)
        if task.parked:
            self._arrive_parked(task)
        elif rules.events:
            doing = self._pairs.look(task)
            if doing.event:
                for byte in self._rules_about(doing.event):
                    self._apply(byte, number, doing)
        return True

    def _rules_about(self, event: int) -> list[int]:
        about = self._about.get(event)
        if about is None:
            about = self._about[event] = self._rules.about(event)
        return about

    def _arrive_parked(self, task: Task) -> None:
        """Let a timed wait go on, unless a rule lets it give up early."""
        about = self._rules_about(self._pairs.look(task).event)
        if all(KINDS[byte >> 4] is not Rule.EARLY for byte in about):
            self._hold(task.id, times=1_000)

    def _apply(self, byte: int, number: int, doing: Doing) -> None:
        times = self._rules.events[byte]
        match KINDS[byte >> 4]:
            case Rule.HOLD:
                self._hold(number, times=times)
            case Rule.AWAIT:
                self._hold(number)
                if doing.cell is not None:
                    self._awaiting[number] = doing.cell
            case Rule.ONCE:
                spent = self._spent.get(byte, 0)
                if spent < times:
                    self._spent[byte] = spent + 1
                    self._hold(number)
            case Rule.STEP | Rule.EARLY:
                pass

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: ARG002, FBT001  # Protocol
        """Note who reads from whom, and who has got what it awaited."""
        cell = self._pairs.perform(task)
        if self._awaiting and cell is not None:
            for number, awaited in [*self._awaiting.items()]:
                if number != task.id and awaited.overlaps(cell):
                    self._go_on(number)
                    self._first.add(number)

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:
        """Nothing is left to learn from the end."""
