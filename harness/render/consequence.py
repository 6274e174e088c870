"""What the steps of a run made wrong, in sentences: the end of an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.render.sentences import both
from harness.render.story import message_lines, own_lines, places_of
from harness.render.wording import task_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.recorder import Event
    from harness.finding import Finding
    from harness.render.scene import Scene


_WAKES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "Condition": (("notify", "notify_all"), "notified"),
    "Event": (("set",), "set"),
    "SimpleQueue": (("put",), "put something into"),
}
_IN_SHORT: Final = {
    "LOST_WAKEUP": "tasks wait, and nobody is left to wake them",
    "LEAKED_TASK": "the body returned, and a task that it started waits for ever",
    "DATA_RACE": "two tasks touch the same thing, one of them writes, and nothing orders the two",
    "LOCK_ORDER": "this run went well; another one of the same code can deadlock",
    "LOCK_HELD": "a task kept a lock while it waited or called out; others wait for it meanwhile",
}


def in_short(finding: Finding, scene: Scene) -> str:
    """Return what happened, in a sentence without a full stop."""
    cycle = finding.analyses.cycle
    match finding.kind.name:
        case "ASSERTION" | "EXCEPTION":
            return " ".join(message_lines(finding, scene.short))
        case "DEADLOCK" if cycle is not None and len(cycle.links) > 1:
            who = both([task_alone(link.task_name) for link in cycle.links])
            return f"{who} wait for each other, for ever"
        case "LIVELOCK":
            names = (name for name in scene.names().values() if f"{name}:" in finding.message)
            return f"{both([task_alone(name) for name in names] or ['tasks'])} go round for ever"
        case other:
            return _IN_SHORT.get(other, str(finding.kind.value))


def consequence(finding: Finding, scene: Scene) -> list[str]:
    """Return paragraphs: what follows from the steps."""
    kind = finding.kind.name
    if kind == "DEADLOCK" and finding.analyses.cycle is None:
        kind = "LOST_WAKEUP"
    return list(_CONSEQUENCES.get(kind, _message)(finding, scene))


def _message(finding: Finding, scene: Scene) -> Iterator[str]:
    text = "; ".join(line.strip() for line in message_lines(finding, scene.short))
    yield text.replace(":; ", ": ")


def _failure(finding: Finding, scene: Scene) -> Iterator[str]:
    lines = own_lines(finding.stack)
    if lines:
        where, _, source = scene.short(lines[-1]).partition(": ")
        yield f"So the line at {where} fails: {source}"
    crossing = scene.crossing
    numbers = scene.numbers()
    if crossing is None or any(step not in numbers for step in crossing.steps):
        return
    first = scene.events[crossing.steps[0]]
    span = f"steps {numbers[crossing.steps[0]]} and {numbers[crossing.steps[-1]]}"
    if len(crossing.steps) > 2:  # noqa: PLR2004  # a pair is of two tasks
        yield (
            f"What {task_alone(first.task_name)} does between {span} has to be one piece for "
            f"everybody who touches {first.target}: one lock around all of it would make it so."
        )
    else:
        yield f"Nothing orders {span}: which of them comes first is left to chance."


def _deadlock(finding: Finding, scene: Scene) -> Iterator[str]:
    cycle = finding.analyses.cycle
    assert cycle is not None
    for link in cycle.links:
        who, holder = task_alone(link.task_name), task_alone(link.holder_name)
        wants = scene.short(link.wants)
        at = scene.short(link.site.text())
        if link.taken is None:
            yield f"{who} waits at {at} for {wants}, and {holder} has not ended."
            continue
        taken = scene.short(link.taken.text())
        if link.ended:
            has = f"{holder} took it at {taken} and has ended without giving it back"
        elif link.holder == link.task:
            has = f"it took it itself at {taken}, and a Lock can be taken only once"
        else:
            has = f"{holder} holds it since {taken}"
        yield f"{who} waits for {wants} at {at}; {has}."
    locks = [scene.short(link.wants) for link in cycle.links if link.taken is not None]
    if len(cycle.links) > 1 and len(locks) == len(cycle.links):
        yield (
            f"Each waits for the next, so none can go on. If all took {both(sorted(locks))} in the "
            "same order, this could not happen."
        )


def _waits(finding: Finding, scene: Scene) -> Iterator[str]:
    """Say of each wait at the end why nobody will end it."""
    last = {event.task: event for event in scene.events}
    told: set[str] = set()
    for event in last.values():
        if event.kind != "blocks on" or event.role in ("Task", "_Ready"):
            continue
        told.add(event.task_name)
        where = scene.short(event.site.text())
        yield f"{task_alone(event.task_name)} waits at {where}. {why_waits(scene, event)}"
    for place in places_of(finding, scene.short):
        if not any(place.startswith(f"{name} ") for name in told):
            yield f"{place}."
    yield "Every other task has ended or waits, too: nobody is left who could wake one."


def why_waits(scene: Scene, wait: Event) -> str:
    """Return why nobody ends a wait that lasts to the end of a run."""
    if wait.role not in _WAKES:
        return f"Nobody gives {wait.target} back."
    verb = _WAKES[wait.role][1]
    at = last_wake(scene, wait)
    if at is None:
        return f"Nobody else has {verb} {wait.target} in this run."
    number = scene.numbers().get(at)
    who = task_alone(scene.events[at].task_name)
    when = f" in step {number}" if number is not None else ""
    if wait.role == "Condition" and scene.events[at].number < wait.number:
        return (
            f"{who} notified {wait.target}{when}, before this wait began. A notification is not "
            "kept for whoever comes later, so it was lost. Looking at the state in a loop, with "
            "the lock held from the look to the wait, would have seen that there is nothing to "
            "wait for."
        )
    return f"{who} {verb} {wait.target}{when}, and that woke or went to another task."


def last_wake(scene: Scene, wait: Event) -> int | None:
    """Return the last event of another task that could have ended a wait, by index."""
    kinds = _WAKES.get(wait.role, ((), ""))[0]
    calls = (
        at
        for at, event in enumerate(scene.events)
        if event.obj == wait.obj and event.kind in kinds and event.task != wait.task
    )
    return max(calls, default=None)


def _race(finding: Finding, scene: Scene) -> Iterator[str]:
    yield scene.short(finding.message) + "."
    yield (
        "No lock, join, event or queue makes one of them wait for the other, so their order is "
        "left to chance. One lock that both hold would order them."
    )


def _inversion(finding: Finding, scene: Scene) -> Iterator[str]:
    for one in finding.analyses.inversions:
        if one.message() == finding.message:
            yield from (f"{scene.short(nesting.text())}." for nesting in one.nestings)
    yield (
        "Were each of them interrupted between its two locks, each would hold what the next one "
        "wants, and none could go on. Taking the locks in one order everywhere rules that out."
    )


_CONSEQUENCES: Final = {
    "ASSERTION": _failure,
    "EXCEPTION": _failure,
    "DEADLOCK": _deadlock,
    "LOST_WAKEUP": _waits,
    "LEAKED_TASK": _waits,
    "DATA_RACE": _race,
    "LOCK_ORDER": _inversion,
}
