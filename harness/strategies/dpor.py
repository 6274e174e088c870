"""Optimal dynamic partial order reduction: one execution for every trace.

Executions that differ only in the order of independent operations are one *trace*
(Mazurkiewicz); what a body computes, and whether it fails, is the same in all of them. This search
runs one execution of each trace and none twice. It looks back from the end of each execution for
operations that raced, and keeps, at the event that came first, a sequence that lets the other come
first (a wakeup tree). Tasks whose operation was run from a point already *sleep* there until
something that depends on it happens.

Source: Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal dynamic partial
order reduction", JACM 64(4), 2017, algorithm 2 (optimal DPOR); POPL 2014.

Departures: a timed wait is an operation that is always possible, and gives up where it would have
to wait. A race is looked for once, in the first execution that has its later operation. A bound on
preemptions leaves traces out, and `scope` says so: a search that was cut proves nothing, not even
within its bound, for another execution of a trace that was left out may need fewer preemptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.analysis.dependence import collide
from harness.strategies.divergence import DivergedError
from harness.strategies.dpor_races import Race, Races
from harness.strategies.dpor_trace import Trace
from harness.strategies.wakeup_tree import Branch, Name, NamedTouch, Wakeup, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.dependence import Touch
    from harness.engine.ending import Ending
    from harness.engine.task import Task

FAIR_TURNS = 500  # 10x the longest run of one task in our scenarios


class _Sleeper(NamedTuple):
    """What a sleeping task would touch, in the running execution; `vague` has no object here."""

    exact: tuple[Touch, ...]
    vague: tuple[NamedTouch, ...]


class _Node:
    """A point of the current path, before one event."""

    __slots__ = ("asleep", "current", "more", "waiting")

    def __init__(self) -> None:
        self.current: Branch | None = None  # being run
        self.waiting: list[Branch] = []  # to be run after it
        self.asleep: dict[int, _Sleeper] = {}  # who was run from here, or from before
        self.more: dict[int, tuple[NamedTouch, ...]] = {}  # what they touch beside what is pending


class Dpor:
    """Optimal DPOR; deterministic, there is no seed.

    Attributes:
        blocked_runs: Executions in which everybody who could go on was asleep: 0 unless a bound
            cuts sequences, or the body does not keep to its operations.
        incomplete: Why the search proves less than it seems to; empty if nothing stands against it.
    """

    def __init__(self) -> None:
        self.exhaustive = True
        self.early_timeouts = True
        self.operations = True
        self.unit = "traces"
        self._trace = Trace(self._pid_of)
        self._pid_numbers: dict[tuple[int, int], int] = {}
        self._reset()

    def _reset(self) -> None:
        self.blocked_runs = 0
        self.vague = 0
        self._doubts: set[str] = set()
        self._races = Races(self._trace)
        self._nodes: list[_Node] = []
        self._fresh = 0  # the first event that is new in this execution
        self._begin_execution()

    def _begin_execution(self) -> None:
        self._trace.clear()
        self._pids: list[int] = []  # by task id
        self._tasks: dict[int, Task] = {}  # by pid
        self._children: dict[int, int] = {}
        self._last: Task | None = None
        self._last_turns = 0
        self._blocked = False
        self._error: Exception | None = None
        self._arrived = -1

    # -- the strategy ------------------------------------------------------------------------------

    def begin(self, execution: int) -> bool:
        """Move to the next trace; False when all have been run. Execution 0 begins anew."""
        if not execution:
            self._reset()
            return True
        nodes = self._nodes
        while nodes:
            node = nodes[-1]
            done = node.current
            if node.waiting:
                assert done is not None
                node.more[done.pid] = self._beside_pending(len(nodes) - 1)
                node.asleep[done.pid] = _Sleeper((), ())
                node.current = node.waiting.pop(0)
                self._fresh = len(nodes) - 1
                self._begin_execution()
                return True
            nodes.pop()
        return False

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on: as the tree says, or whoever is not asleep."""
        if self._error is not None:
            raise self._error
        self._meet(ready)
        node = self._arrive()
        if node.current is not None:
            wanted = self._tasks.get(node.current.pid)
            if wanted is not None and wanted in ready:
                return wanted
            self._lose_way(node, ready)
        return self._choose(node, ready, current)

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # as the engine calls it
        """Note what a task is about to do."""
        trace = self._trace
        if atomic and trace.pids:
            trace.note_more(task.pending)
            return
        if len(self._pids) <= task.id:
            self._meet((task,))
        node = self._arrive()
        pid = self._pids[task.id]
        if node.current is None:
            node.current = Branch(pid)
        elif node.current.pid != pid:
            self._lose_way(node, (task,))
            node.current = Branch(pid)
        if pid in node.asleep and not self._blocked:
            self._blocked = True
            self.blocked_runs += 1
        self._last_turns = self._last_turns + 1 if task is self._last else 0
        self._last = task
        trace.note_event(task, pid)

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:  # noqa: ARG002  # as the engine calls it
        """Look for races in the execution that has ended, and keep what is to be run for them."""
        if self._error is not None:
            raise self._error
        trace, races = self._trace, self._races
        done = len(trace.pids)
        if done <= self._fresh and self._nodes and self._fresh:
            raise self._diverged(f"an execution ended after {done} operations")
        del self._nodes[done:]
        if trace.clock_read and not races.clock:
            races.clock = True
        if self._blocked:
            return
        left = [(task, self._pids[task.id]) for task in tasks if not task.finished]
        for race in [*races.find(self._fresh), *races.find_left(left)]:
            self._reverse(race)

    def scope(self) -> str:
        """Say what was covered once nothing is left."""
        return "no bound"

    @property
    def incomplete(self) -> str:
        """Say why the search proves less than it seems to."""
        return "; ".join(sorted(self._doubts))

    # -- along the path ----------------------------------------------------------------------------

    def _pid_of(self, task: Task) -> int:
        return self._pids[task.id]

    def _meet(self, ready: Sequence[Task]) -> None:
        """Name the tasks that the last event started: by parent and number, the same everywhere."""
        pids = self._pids
        if ready[-1].id < len(pids):
            return
        parent = self._trace.pids[-1] if self._trace.pids else -1
        for task in ready:
            if task.id == len(pids):
                number = self._children[parent] = self._children.get(parent, -1) + 1
                pid = self._pid_numbers.setdefault((parent, number), len(self._pid_numbers))
                pids.append(pid)
                self._tasks[pid] = task
                self._trace.note_birth(pid)

    def _arrive(self) -> _Node:
        """Return the node of the next event, with what is asleep there."""
        trace, nodes = self._trace, self._nodes
        index = len(trace.pids)
        if self._arrived == index:
            return nodes[index]
        self._arrived = index
        last = self._last
        if last is not None and last.deadline_ns is not None:
            trace.note_deadline()
        if index < len(nodes):
            node = nodes[index]
            if node.asleep:
                self._look_at_sleepers(node)
            return node
        node = _Node()
        nodes.append(node)
        if index:
            before = nodes[index - 1]
            if before.asleep:
                self._hand_on_sleep(before, node, trace.touches[index - 1], trace.pids[index - 1])
            assert before.current is not None
            if before.current.below:
                node.current, *node.waiting = before.current.below
                before.current.below = []
        return node

    def _hand_on_sleep(
        self, before: _Node, node: _Node, touches: tuple[Touch, ...], pid: int
    ) -> None:
        """Let those sleep on whom the event between two nodes does not concern."""
        clock = self._races.clock
        for sleeper, would in before.asleep.items():
            if sleeper == pid or collide(touches, would.exact, clock=clock):
                continue
            if would.vague and self._may_clash(touches, would.vague):
                continue
            node.asleep[sleeper] = would
            if sleeper in before.more:
                node.more[sleeper] = before.more[sleeper]

    def _may_clash(self, touches: tuple[Touch, ...], vague: tuple[NamedTouch, ...]) -> bool:
        kinds = self._trace.kinds
        for thing, _, how in touches:
            if isinstance(thing, int) and thing >= 0:
                for name, _, how_2 in vague:
                    if (how or how_2) and kinds[thing] is name.kind:
                        return True
        return False

    def _look_at_sleepers(self, node: _Node) -> None:
        """Note what those who sleep at a node would touch: the objects are new ones."""
        trace = self._trace
        for pid in node.asleep:
            exact = trace.touched_by(self._tasks[pid].pending)
            vague: list[NamedTouch] = []
            for touch in node.more.get(pid, ()):
                name = touch[0]
                if isinstance(name, Name) and name.pid >= 0:
                    vague.append(touch)
                elif isinstance(name, Name):
                    exact = (*exact, (trace.touches[name.event][name.place][0], *touch[1:]))
                else:
                    exact = (*exact, touch)
            node.asleep[pid] = _Sleeper(exact, tuple(vague))

    def _beside_pending(self, index: int) -> tuple[NamedTouch, ...]:
        """Return what an event touched beside its first operation, under lasting names."""
        trace = self._trace
        named: list[NamedTouch] = []
        for place, (thing, key, how) in enumerate(trace.touches[index]):
            if place < trace.heads[index]:
                continue
            if not isinstance(thing, int) or thing < 0:
                named.append((thing, key, how))
                continue
            first = trace.first_touch[thing]
            if first < index:
                seen_at = Name(-1, first, place_of(trace.touches[first], thing), trace.kinds[thing])
                named.append((seen_at, key, how))
            else:
                own = Name(trace.pids[index], trace.ordinals[index], place, trace.kinds[thing])
                named.append((own, key, how))
        return tuple(named)

    def _choose(self, node: _Node, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on where nothing is prescribed: the current task, if it may."""
        awake = [task for task in ready if self._pids[task.id] not in node.asleep]
        if not awake:
            return current or ready[0]  # counted when it is performed
        urgent = [task for task in awake if not task.parked and not _ends_body(task)] or awake
        if current in urgent and self._last_turns < FAIR_TURNS:
            return current
        others = [task for task in urgent if task is not self._last]
        return (others or urgent)[0]

    # -- races -------------------------------------------------------------------------------------

    def _reverse(self, race: Race) -> None:
        """Keep a sequence in which the later operation comes first, unless one is known."""
        node = self._nodes[race.event]
        clock = self._races.clock
        wakeup = Wakeup(self._trace, self._races.past, race, clock=clock)
        for pid, would in node.asleep.items():
            if wakeup.may_begin_with(pid, would.exact):
                if not would.vague or wakeup.position(pid) >= 0:
                    return
                if not any(self._may_clash(step.touches, would.vague) for step in wakeup.steps):
                    return
                self.vague += 1
        wakeup.add_to(node.waiting)
        self.vague += wakeup.vague

    # -- when the body does something else ---------------------------------------------------------

    def _lose_way(self, node: _Node, ready: Sequence[Task]) -> None:
        """Note that the tree, or the path, asks for what cannot be done."""
        assert node.current is not None
        index = len(self._trace.pids)
        if index < self._fresh or (index == self._fresh and not node.current.below):
            names = ", ".join(f"{task.id} ({task.name})" for task in ready)
            self._error = self._diverged(
                f"after {index} operations tasks {names} could run, and in an earlier execution "
                "that began with the same ones another one could"
            )
        if not self._blocked:
            self._blocked = True
            self.blocked_runs += 1
        self._doubts.add("an operation did not do what it did in another order of others")
        node.current = None

    def _diverged(self, difference: str) -> DivergedError:
        return DivergedError([], difference)


def _ends_body(task: Task) -> bool:
    return task.id == 0 and task.pending[0] == "end"
