"""The cycle of a deadlock, read off the record: who holds what, who waits for what, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.analysis.happens_before import LOCKS
from harness.analysis.held_locks import Held, HeldLocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.engine.place import Site
    from harness.engine.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One task of the cycle.

    Attributes:
        wants: What it waits for, in words: "Lock#2", "the end of Thread-1".
        site: The line at which it waits.
        holder: The next task in the cycle, which has what this one wants.
        taken: Where the holder took it; None where it is the holder's end that is waited for.
        ended: The holder has ended without giving it back.
    """

    task: int
    task_name: str
    wants: str
    site: Site
    holder: int
    holder_name: str
    taken: Site | None
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the link as plain values."""
        return {
            "task": self.task_name,
            "waits_for": self.wants,
            "at": self.site.text(),
            "held_by": self.holder_name,
            "taken_at": "" if self.taken is None else self.taken.text(),
            "ended": self.ended,
        }


@dataclass(frozen=True, slots=True)
class Cycle:
    """Tasks that wait for each other; or one task for itself, or for a lock of one that ended."""

    links: tuple[Link, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the links as plain values."""
        return [link.to_json() for link in self.links]

    def draw(self) -> tuple[str, ...]:
        """Return the cycle as lines of text.

        Example:
            ┌─▶ Thread-1 holds Lock#1, taken at bank.py:4 in move
            │   and waits for Lock#2 at bank.py:5 in move
            │     │ which is held by
            │     ▼
            │   Thread-2 holds Lock#2, taken at bank.py:4 in move
            └── and waits for Lock#1 at bank.py:5 in move
        """
        if self.links[-1].ended:
            return tuple(_draw_orphan(self.links))
        if len(self.links) == 1:
            return _draw_self(self.links[0])
        return tuple(_draw_cycle(self.links))


def find_cycle(events: Sequence[Event]) -> Cycle | None:
    """Return the cycle at the end of a recorded execution; None if tasks wait in no cycle."""
    held, ended = HeldLocks(), set[int]()
    waits: dict[int, Event] = {}
    names: dict[int, str] = {}
    numbers: dict[int, int] = {}  # which task an object of role Task is
    for event in events:
        held.see(event)
        names[event.task] = event.task_name
        waits.pop(event.task, None)
        if event.kind == "blocks on" and not event.timed:
            waits[event.task] = event
        elif event.kind == "begin":
            numbers[event.obj] = event.task
        elif event.kind == "end":
            ended.add(event.task)
    links: dict[int, Link] = {}
    for task, event in waits.items():
        link = _link(event, held, names, numbers, ended)
        if link is not None:
            links[task] = link
    return _follow(links)


def _link(
    event: Event,
    held: HeldLocks,
    names: dict[int, str],
    numbers: dict[int, int],
    ended: set[int],
) -> Link | None:
    taken: Site | None = None
    if event.role in LOCKS:
        holder = held.holder(event.obj)
        wants = event.target
        if holder is not None:
            taken = _taken(held.of(holder), event.obj)
    elif event.role == "Task":
        holder = numbers.get(event.obj)
        wants = f"the end of {event.target}"
    else:
        return None
    if holder is None:
        return None
    return Link(
        task=event.task,
        task_name=event.task_name,
        wants=wants,
        site=event.site,
        holder=holder,
        holder_name=names[holder],
        taken=taken,
        ended=holder in ended,
    )


def _taken(held: Sequence[Held], lock: int) -> Site | None:
    return next((one.site for one in held if one.lock == lock), None)


def _follow(links: dict[int, Link]) -> Cycle | None:
    """Return the first cycle, else the first wait for one that has ended."""
    for start in sorted(links):
        path: list[Link] = []
        task = start
        while task in links and links[task] not in path:
            path.append(links[task])
            task = links[task].holder
        if task in links:
            return Cycle(tuple(path[path.index(links[task]) :]))
    orphan = next((link for link in links.values() if link.ended), None)
    return None if orphan is None else Cycle((orphan,))


def _draw_cycle(links: Sequence[Link]) -> Iterator[str]:
    for number, link in enumerate(links):
        holds = links[number - 1]  # the task before this one wants what this one holds
        first, last = not number, number == len(links) - 1
        yield f"{'┌─▶' if first else '│  '} {_has(holds)}"
        yield f"{'└──' if last else '│  '} and waits for {link.wants} at {link.site.text()}"
        if not last:
            yield "│     │ which is held by" if link.taken else "│     │"
            yield "│     ▼"


def _has(link: Link) -> str:
    """Say what the holder in a link has."""
    if link.taken is None:
        return f"{link.holder_name} has not ended"
    return f"{link.holder_name} holds {link.wants}, taken at {link.taken.text()}"


def _draw_self(link: Link) -> tuple[str, ...]:
    return (
        f"┌─▶ {_has(link)}",
        f"└── and waits for {link.wants} again at {link.site.text()}",
        "    A Lock can be taken once; an RLock can be taken again by its own task.",
    )


def _draw_orphan(links: Sequence[Link]) -> Iterator[str]:
    link = links[-1]
    yield f"{link.task_name} waits for {link.wants} at {link.site.text()}"
    yield "  │ which is held by"
    yield "  ▼"
    taken = "" if link.taken is None else f", taken at {link.taken.text()}"
    yield f"{link.holder_name}, which has ended without giving it back{taken}"
