"""Lock orders that can deadlock, found in an execution that got away with it.

Whoever takes a lock while it holds others makes an edge from each of them. A cycle of edges is a
deadlock that another schedule may meet if every edge is another task's, no lock is held at two of
them (a gate lock, which lets only one of them in), and nothing orders two of them: a start, a join,
an event, a queue, a condition. What orders a plain lock does not count here: another schedule may
take it the other way round. A lock that one task takes and another gives back is a signal, no edge.
An acquire that gives up, `blocking=False` or with a timeout, does not wait for ever: no edge.

Source: Havelund, SPIN 2000 (GoodLock); gate locks and start/join order: Bensalem and Havelund,
HVC 2005, sections 3 and 4; Agarwal, Bensalem, Farchi, Havelund, Nir-Buchbinder, Stoller, Ur,
Wang, IBM JRD 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.happens_before import LOCKS, HappensBefore
from harness.analysis.held_locks import Attempts, Held, HeldLocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.happens_before import Clock, Epoch
    from harness.engine.recorder import Event

MAX_CYCLE: Final = 8  # locks in one cycle; longer ones are not looked for
MAX_EDGES: Final = 5_000  # that are remembered of one execution; each keeps a clock
MAX_INVERSIONS: Final = 20  # of one execution that are kept
MAX_PATHS: Final = 20_000  # steps of the search: a graph of many locks has too many paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Nesting:
    """A task took a lock while it held another one.

    Attributes:
        outer: The lock that it held.
        inner: The lock that it took, and where.
        held: All that it held then.
    """

    task: int
    task_name: str
    outer: Held
    inner: Held
    held: frozenset[int]

    def text(self) -> str:
        """Return what the task did, in words."""
        return (
            f"{self.task_name} takes {self.inner.name} at {self.inner.site.text()} while it holds "
            f"{self.outer.text()}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inversion:
    """Tasks that take the same locks in orders that can block each other.

    Attributes:
        nestings: One a task; each takes the lock that the next one holds, the last the first's.
    """

    nestings: tuple[Nesting, ...]

    def signature(self) -> tuple[object, ...]:
        """Return what makes two inversions the same one: the lines, wherever the cycle begins."""
        lines = sorted((n.inner.site.path, n.inner.site.line) for n in self.nestings)
        return ("lock order", *lines)

    def message(self) -> str:
        """Return the inversion in a sentence."""
        return f"{self.text()}: {'; '.join(nesting.text() for nesting in self.nestings)}"

    def text(self) -> str:
        """Return the locks in the order of the cycle."""
        names = [nesting.outer.name for nesting in self.nestings]
        return " → ".join([*names, names[0]])

    def to_json(self) -> dict[str, Any]:
        """Return the inversion as plain values."""
        return {
            "cycle": [nesting.outer.name for nesting in self.nestings],
            "nestings": [
                {
                    "task": nesting.task_name,
                    "holds": nesting.outer.text(),
                    "takes": nesting.inner.text(),
                }
                for nesting in self.nestings
            ],
        }


@dataclass(frozen=True, slots=True)
class _Moment:
    epoch: Epoch
    clock: Clock

    def is_before(self, other: _Moment) -> bool:
        return other.clock.get(self.epoch[0], 0) >= self.epoch[1]


@dataclass(frozen=True, slots=True)
class _Edge:
    """A nesting, and when it was.

    Attributes:
        now: In the order of all that orders.
        strict: In the order without what the locks of conditions order: they may be in the cycle.
    """

    nesting: Nesting
    now: _Moment
    strict: _Moment


class LockOrder:
    """The edges of one execution, and their cycles."""

    __slots__ = ("_by_outer", "_events", "_found", "_left", "_monitors")

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._monitors = {event.part for event in events if event.role == "Condition"}
        self._by_outer: dict[int, list[_Edge]] = {}
        self._found: dict[tuple[object, ...], Inversion] = {}
        self._left = MAX_PATHS

    def run(self) -> list[Inversion]:
        """Return the inversions, each set of lines once."""
        for edge in self._edges():
            self._by_outer.setdefault(edge.nesting.outer.lock, []).append(edge)
        for edges in list(self._by_outer.values()):
            for first in edges:
                self._extend((first,))
        return list(self._found.values())[:MAX_INVERSIONS]

    def _edges(self) -> list[_Edge]:
        """Return the edges; equal ones of a task between which it met nobody are one."""
        edges: dict[tuple[object, ...], _Edge] = {}
        held = HeldLocks()
        attempts = Attempts()
        order = HappensBefore(counts=self._orders)
        strict = HappensBefore(counts=_is_library)
        for event in self._events:
            before = held.of(event.task)
            held.see(event)
            attempt = attempts.succeeds(event)
            if before and not attempt and _waits_for_lock(event):
                now = order.epoch(event.thread)
                for nesting in _nestings(event, before):
                    key = (nesting.outer.lock, nesting.inner.lock, nesting.held, now)
                    if key not in edges and len(edges) < MAX_EDGES:
                        moments = (_moment(order, event), _moment(strict, event))
                        edges[key] = _Edge(nesting, *moments)
            order.see(event)
            strict.see(event)
        return [edge for edge in edges.values() if not _locks(edge) & held.handed_over]

    def _orders(self, event: Event) -> bool:
        """Say whether a lock is there to order: a condition's, or inside a library's primitive."""
        return event.obj in self._monitors or _is_library(event)

    def _extend(self, path: tuple[_Edge, ...]) -> None:
        """Look for cycles that go on from a path; the first edge has the least lock of all."""
        start, last = path[0].nesting.outer.lock, path[-1].nesting.inner.lock
        for edge in self._by_outer.get(last, ()):
            self._left -= 1
            if self._left < 0:
                return
            if edge.nesting.outer.lock < start or not _fits(path, edge):
                continue
            longer = (*path, edge)
            if edge.nesting.inner.lock == start:
                self._keep(longer)
            elif len(longer) < MAX_CYCLE:
                self._extend(longer)

    def _keep(self, cycle: tuple[_Edge, ...]) -> None:
        if all(edge.nesting.inner.site.through for edge in cycle):
            return  # the library's own locks among themselves
        locks = {edge.nesting.outer.lock for edge in cycle}
        ordered = any(one.now.is_before(two.now) for one in cycle for two in cycle if one != two)
        if ordered and not locks & self._monitors:
            return
        inversion = Inversion(nestings=tuple(edge.nesting for edge in cycle))
        self._found.setdefault(inversion.signature(), inversion)


def find_inversions(events: Sequence[Event]) -> list[Inversion]:
    """Return the lock-order inversions of one recorded execution, at most `MAX_INVERSIONS`."""
    return LockOrder(events).run()


def _nestings(event: Event, before: Sequence[Held]) -> Iterator[Nesting]:
    inner = Held(event.obj, event.target, event.site)
    held = frozenset(one.lock for one in before)
    for outer in before:
        yield Nesting(
            task=event.thread, task_name=event.task_name, outer=outer, inner=inner, held=held
        )


def _fits(path: Sequence[_Edge], edge: _Edge) -> bool:
    """Say whether an edge can be at the same time as all those before it in a cycle."""
    return all(
        one.nesting.task != edge.nesting.task
        and not one.nesting.held & edge.nesting.held
        and not one.strict.is_before(edge.strict)
        and not edge.strict.is_before(one.strict)
        for one in path
    )


def _moment(order: HappensBefore, event: Event) -> _Moment:
    return _Moment(order.epoch(event.thread), dict(order.clock(event.thread)))


def _locks(edge: _Edge) -> set[int]:
    return {edge.nesting.outer.lock, edge.nesting.inner.lock}


def _waits_for_lock(event: Event) -> bool:
    waits = event.role in LOCKS and event.kind in ("acquire", "blocks on", "goes on after")
    return waits and not event.timed


def _is_library(event: Event) -> bool:
    return bool(event.site.through)
