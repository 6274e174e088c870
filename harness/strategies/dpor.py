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

from typing import TYPE_CHECKING, Final

from harness.engine import board
from harness.engine.ending import EndingKind
from harness.errors import ArgumentError
from harness.strategies.divergence import DivergedError
from harness.strategies.dpor_races import Races
from harness.strategies.dpor_sleep import (
    Node,
    hand_on_sleep,
    look_at_sleepers,
    may_clash,
    put_to_sleep,
)
from harness.strategies.dpor_trace import Trace
from harness.strategies.path_shares import PathShares
from harness.strategies.wakeup_tree import Branch, Wakeup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Task
    from harness.estimate import Estimate
    from harness.strategies.dpor_races import Race

FAIR_TURNS: Final = 500  # 10x the longest run of one task in our scenarios
# Why a search proves less than it seems to.
LOST_WAY: Final = "an operation did not do what it did after the same ones in another order"
LEFT_RUNNING: Final = "a daemon thread still ran when the body ended"
PATIENT: Final = "a wait of minutes times out only when nobody else can run"
TOO_LONG: Final = "an execution was so long that its clock moved by itself"
EVENT_LOOP: Final = "an event loop waited for more than its own tasks"


class Dpor:
    """Optimal DPOR; deterministic, there is no seed.

    Args:
        preemptions: The most switches away from a task that could go on; None for no bound.

    Attributes:
        blocked_runs: Executions in which everybody who could go on was asleep: 0 unless a bound
            cuts sequences, or the body does not keep to its operations.
        vague: How often two objects were taken for the same because nobody could tell.
        incomplete: Why the search proves less than it seems to; empty if nothing stands against it.

    Raises:
        ArgumentError: `preemptions` is neither None nor a whole number from 0, or the model is that
            of the GIL: it has switching points that are no operations.
    """

    def __init__(self, preemptions: int | None = None) -> None:
        if preemptions is not None and (type(preemptions) is not int or preemptions < 0):
            raise ArgumentError(
                "preemptions", preemptions, "a whole number, or None for no bound; they start at 0"
            )
        self.bound = preemptions
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
        self.cut = False
        self._doubts: set[str] = set()
        self._races = Races(self._trace)
        self._nodes: list[Node] = []
        self._shares = PathShares()
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
        self._arrived = -1

    # -- the strategy ------------------------------------------------------------------------------

    def begin(self, execution: int) -> bool:
        """Move to the next trace; False when all have been run. Execution 0 begins anew."""
        if not execution:
            self._reset()
            return True
        nodes = self._nodes
        self._shares.ran(execution, len(nodes))
        while nodes:
            node = nodes[-1]
            if self._has_next(node):
                put_to_sleep(node, self._trace, len(nodes) - 1)
                node.current = node.waiting.pop(0)
                self._shares.turned(execution, len(nodes))
                self._fresh = len(nodes) - 1
                self._begin_execution()
                return True
            nodes.pop()
        return False

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on: as the tree says, or whoever is not asleep."""
        self._meet(ready)
        node = self._arrive()
        if len(self._trace.pids) >= self._fresh:
            self._price(node, ready, current)
        if node.current is not None:
            wanted = self._tasks.get(node.current.pid)
            if wanted is not None and wanted in ready:
                return wanted
            self._lose_way(node, ready)
        return self._choose(node, ready, current)

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # as the engine calls it
        """Note what a task is about to do."""
        trace = self._trace
        self._check_kind(task)  # an event loop starts its first coroutine inside a region
        if atomic and trace.pids:
            trace.note_more(task.pending)
            return
        if len(self._pids) <= task.id:
            self._meet((task,))
        node = self._arrive()
        pid = self._pids[task.id]
        if node.current is not None and node.current.pid != pid:
            self._lose_way(node, (task,))
        if node.current is None:
            node.current = Branch(pid)
        if pid in node.asleep and not self._blocked:
            self._blocked = True
            self.blocked_runs += 1
        self._last_turns = self._last_turns + 1 if task is self._last else 0
        self._last = task
        trace.note_event(task, pid)
        self._check_repetition(node, task)

    def _check_kind(self, task: Task) -> None:
        """Refuse what has switching points that are no operations."""
        kind, target, _ = task.pending
        if task.carrier is not task or (kind == "started" and target.carrier is not target):
            raise ArgumentError(
                "strategy", "dpor", "a body without coroutines; dfs tries all of their orders"
            )
        if kind == "select":
            self._doubts.add(EVENT_LOOP)
        elif kind == "call":
            raise ArgumentError("model", "gil", "free-threaded for dpor")

    def _check_repetition(self, node: Node, task: Task) -> None:
        """Refuse a body that does something else where it repeats an earlier execution."""
        done = self._trace.signature()
        index = len(self._trace.pids) - 1
        if index >= self._fresh:
            node.done = done
        elif node.done != done:
            raise self._diverged(f"after {index} operations {task.name} did not do the same as")

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:
        """Look for races in the execution that has ended, and keep what is to be run for them."""
        trace, races = self._trace, self._races
        done = len(trace.pids)
        if done <= self._fresh and self._nodes and self._fresh:
            raise self._diverged(f"an execution ended after {done} operations, and not")
        del self._nodes[done:]
        if trace.clock_read and not races.clock:
            races.clock = True
        if self._blocked:
            return
        left = [(task, self._pids[task.id]) for task in tasks if not task.finished]
        self._doubt(left, ending)
        for race in [*races.find(self._fresh), *races.find_left(left)]:
            self._reverse(race)

    def estimate(self) -> Estimate | None:
        """Return which part of the tree was run, by the branches that are known so far."""
        return self._shares.estimate([len(node.waiting) for node in self._nodes])

    def scope(self) -> str:
        """Say what was covered once nothing is left; empty if that is no proof."""
        return "" if self.incomplete else "no bound"

    @property
    def incomplete(self) -> str:
        """Say why the search proves less than it seems to."""
        doubts = set(self._doubts)
        if self.cut:
            number = f"{self.bound} preemption{'' if self.bound == 1 else 's'}"
            doubts.add(
                f"sequences of more than {number} were left out, and with them traces that may "
                "need fewer in another order"
            )
        return "; ".join(sorted(doubts))

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

    def _arrive(self) -> Node:
        """Return the node of the next event, with what is asleep there."""
        trace, nodes = self._trace, self._nodes
        index = len(trace.pids)
        if self._arrived == index:
            return nodes[index]
        self._arrived = index
        last = self._last
        if last is not None and last.deadline_ns is not None:
            trace.note_deadline()
            if board.execution is not None and board.execution.patient:
                self._doubts.add(PATIENT)
        if index < len(nodes):
            node = nodes[index]
            if node.asleep:
                look_at_sleepers(node, trace, self._tasks)
            return node
        node = Node()
        nodes.append(node)
        if index:
            before = nodes[index - 1]
            assert before.current is not None
            node.spent = before.spent + before.cost(before.current.pid)
            if before.asleep:
                hand_on_sleep(before, node, trace, clock=self._races.clock)
            if before.current.below:
                node.current, *node.waiting = before.current.below
                before.current.below = []
        return node

    def _choose(self, node: Node, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on where nothing is prescribed: the current task, if it may."""
        awake = [task for task in ready if self._pids[task.id] not in node.asleep]
        if not awake:
            return current or ready[0]  # counted when it is performed
        urgent = [task for task in awake if not task.parked and not _ends_body(task)] or awake
        if self._last_turns >= FAIR_TURNS:
            others = [task for task in awake if task is not self._last]
            return (others or awake)[0]
        return current if current in urgent else urgent[0]

    # -- bounds ------------------------------------------------------------------------------------

    def _price(self, node: Node, ready: Sequence[Task], current: Task | None) -> None:
        """Note what each choice at a node costs."""
        if self.bound is None:
            return
        if current is not None:
            node.asking = self._pids[current.id]
        if any(not task.parked for task in ready):
            node.hurried = tuple(self._pids[task.id] for task in ready if task.parked)

    def _has_next(self, node: Node) -> bool:
        """Say whether a branch is waiting, after leaving out those beyond the bound."""
        if self.bound is not None:
            left = self.bound - node.spent
            within = [branch for branch in node.waiting if node.cost(branch.pid) <= left]
            self.cut = self.cut or len(within) < len(node.waiting)
            node.waiting = within
        return bool(node.waiting)

    def _doubt(self, left: Sequence[tuple[Task, int]], ending: Ending) -> None:
        """Note what in the last execution the search cannot answer for."""
        execution = board.execution
        if execution is not None and len(execution.schedule) >= execution.fair_steps:
            self._doubts.add(TOO_LONG)
        running = any(task.waiting_on is None or task.parked for task, _ in left)
        if running and ending.kind is EndingKind.FINISHED:
            self._doubts.add(LEFT_RUNNING)

    # -- races -------------------------------------------------------------------------------------

    def _reverse(self, race: Race) -> None:
        """Keep a sequence in which the later operation comes first, unless one is known."""
        node = self._nodes[race.event]
        trace, races = self._trace, self._races
        wakeup = Wakeup(trace, races.past, race, clock=races.clock)
        for pid, would in node.asleep.items():
            if wakeup.may_begin_with(pid, would.exact):
                if not would.vague or wakeup.position(pid) >= 0:
                    return
                if not any(may_clash(trace, step.touches, would.vague) for step in wakeup.steps):
                    return
                self.vague += 1
        wakeup.add_to(node.waiting)
        self.vague += wakeup.vague

    # -- when the body does something else ---------------------------------------------------------

    def _lose_way(self, node: Node, ready: Sequence[Task]) -> None:
        """Note that the tree, or the path, asks for what cannot be done."""
        assert node.current is not None
        index = len(self._trace.pids)
        if index < self._fresh:
            names = ", ".join(f"{task.id} ({task.name})" for task in ready)
            raise self._diverged(f"after {index} operations tasks {names} could run, and another")
        if not self._blocked:
            self._blocked = True
            self.blocked_runs += 1
        self._doubts.add(LOST_WAY)
        node.current = None

    def _diverged(self, difference: str) -> DivergedError:
        execution = board.execution
        choices = [] if execution is None else list(execution.schedule)
        return DivergedError(
            choices, f"{difference} in an earlier execution that began with the same operations"
        )


def _ends_body(task: Task) -> bool:
    return task.id == 0 and task.pending[0] == "end"
