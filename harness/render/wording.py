"""What one event is called in a lane, and which events a reader need not see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.engine.place import is_through
from harness.render.crossing import ACCESSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.recorder import Event

SLEEP: Final = "the time"  # what a task waits for that sleeps
_LOCKS: Final = ("Lock", "RLock")
_ORDER: Final = "Returns"  # what stands for the order of calls and returns is no access of theirs
_QUIET: Final = ("begin", "started", "end", "locked", "time")
_THROUGH_NOTHING: Final = ("Thread.", "Condition.")  # what these do is told by the event itself
_WORDS: Final = {
    "read": "read {target}{arrow}",
    "write": "write {target}{arrow}",
    "opaque": "pass {target} to foreign code",
    "start": "start {target}",
    "join": "join {target}",
    "blocks on": "wait for {target}",
    "goes on after": "acquire {target}",  # shown for locks only
    "timed out on": "give up on {target} (timeout)",
    "try": "try {target}, in vain",  # shown where it does not succeed
    "resume": "wake up on {target}",
    "wait": "wait for {target}: it is set",  # an event: a wait that has to wait is told as such
    "begin": "begin",
    "started": "{target} is started",
    "end": "end",
    "time": "look at the clock",
    "is_set": "ask if {target} is set",
    "is_alive": "ask if {target} is alive",
    "qsize": "ask how long {target} is",
    "calls": "call {target}",  # of a program of calls: what it did is judged
    "returns": "return {target}",
    "raises": "raise {target}",
}
_ASLEEP: Final = {"sleep": "sleep", "blocks on": "sleep", "timed out on": "wake up"}


def words(event: Event, locks: Sequence[str] | None = None) -> str:
    """Return what an event is, in a few words.

    Args:
        locks: Those that the task holds; they are told of accesses only.
    """
    text = _own_words(event)
    through = event.site.through
    told = ("begin", "started", "end", "start", "join", "is_alive", "timed out on", "try")
    if through and event.kind not in told and not through.startswith(_THROUGH_NOTHING):
        text = f"{through}: {text}"
    if locks and event.kind in ACCESSES:
        text += f" {{{', '.join(locks)}}}"
    return text


def _own_words(event: Event) -> str:
    if event.target == SLEEP and event.kind in _ASLEEP:
        return _ASLEEP[event.kind]
    if event.kind == "begin" and event.carrier is not None:
        return "have the turn"  # a coroutine's, at its beginning and after each await
    if event.kind == "goes on after" and event.role and event.role not in _LOCKS:
        return f"go on after {task_alone(event.target)}"
    pattern = _WORDS.get(event.kind)
    if pattern is None:
        return f"{event.kind} {event.target}".strip()
    if event.kind == "blocks on" and event.site.source().endswith("join()"):
        pattern = _WORDS["join"]
    sign = "→" if event.kind == "read" else "←"
    arrow = f" {sign} {event.value}" if event.value else ""
    return pattern.format(target=task_alone(event.target), arrow=arrow)


def task_alone(name: str) -> str:
    """Return a task's name without its function: "Thread-1" of "Thread-1 (add)"."""
    return name.partition(" (")[0]


def quiet(events: Sequence[Event], index: int) -> bool:
    """Say whether an event is of no interest to a reader, whatever went wrong."""
    event = events[index]
    if event.kind in _QUIET or event.role == _ORDER or not event.site.path:
        return True
    if only_tries(events, index):
        return True
    if event.site.through and event.carrier is not None and event.role in _LOCKS:
        return event.kind in ("acquire", "release")  # a lock inside asyncio, which nobody waits for
    return _is_asyncio(event.site.path)


def constants(events: Sequence[Event]) -> set[str]:
    """Return what is set up before a second task touches it, and is an object: `self.lock`.

    A plain value is told even so: that nobody changes it may be what is wrong.
    """
    who: dict[str, set[int]] = {}
    varying: set[str] = set()
    for event in events:
        if event.kind not in ACCESSES:
            continue
        tasks = who.setdefault(event.target, set())
        tasks.add(event.task)
        is_change = event.kind != "read" and len(tasks) > 1
        if is_change or event.kind == "opaque" or not _is_object(event.value):
            varying.add(event.target)
    return set(who) - varying


def _is_object(value: str) -> bool:
    """Say whether a value in words has no content that is shown: "<Lock>", not "<list of 2>"."""
    return value.startswith("<") and " of " not in value


def _is_asyncio(path: str) -> bool:
    return is_through(path) and "asyncio" in Path(path).parts


def only_tries(events: Sequence[Event], index: int) -> bool:
    """Say whether an operation of a primitive is told by the one that follows."""
    event = events[index]
    if event.kind in ACCESSES:
        return False
    following = next((later for later in events[index + 1 :] if later.task == event.task), None)
    if following is None or following.target != event.target:
        return False
    return following.kind == "blocks on" or (event.kind == "try" and following.kind != "try")


def blocks_next(events: Sequence[Event], index: int) -> bool:
    """Say whether the task waits for the same object next."""
    event = events[index]
    following = next((later for later in events[index + 1 :] if later.task == event.task), None)
    return (
        following is not None and following.kind == "blocks on" and following.target == event.target
    )
