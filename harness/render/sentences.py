"""One step of a run as a sentence: who did what to which object, with which value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from harness.render.wording import SLEEP, task_alone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.recorder import Event

_SIZED: Final = re.compile(r"<([\w.]+) of (\d+)>", re.ASCII)
_NAMED: Final = re.compile(r"<([\w.]+)>", re.ASCII)
_FUNCTION: Final = re.compile(r" \((.+)\)$")
_ACTS: Final = {
    "opaque": "passes {target} to code that is not instrumented, which may change it",
    "begin": "begins",
    "started": "has started {target}",
    "end": "ends",
    "time": "looks at the clock",
    "acquire": "takes {target}",
    "goes on after": "gets {target}, which it waited for",
    "release": "gives back {target}",
    "locked": "asks if {target} is taken",
    "try": "tries to take {target} without waiting, in vain",
    "timed out on": "gives up waiting for {target}: its timeout is over",
    "notify": "notifies one waiter of {target}",
    "notify_all": "notifies every waiter of {target}",
    "resume": "was notified on {target} and goes on",
    "wait": "finds {target} set and goes on without waiting",
    "is_set": "asks if {target} is set",
    "set": "sets {target}",
    "clear": "clears {target}",
    "put": "puts something into {target}",
    "get": "gets something from {target}",
    "qsize": "asks how long {target} is",
    "join": "joins {target}, which has ended",
    "is_alive": "asks if {target} is alive",
    "enumerate": "asks which threads are alive",
    "sleep": "sleeps",
    "call": "calls a function",
    "calls": "calls {target}",
    "returns": "returns {target}",
    "raises": "raises {target}",
}
_CLOCK: Final = {"timed out on": "wakes up", "sleep": "sleeps"}
_GOES_ON: Final = {
    "Task": "goes on: {target} has ended",
    "Condition": "goes on: it was notified on {target}",
    "Event": "goes on: {target} is set",
    "SimpleQueue": "goes on: something was put into {target}",
}
_WAITS: Final = {
    "Task": "waits for {target} to end",
    "Condition": "waits to be notified on {target}",
    "Event": "waits until {target} is set",
    "SimpleQueue": "waits for something to be put into {target}",
}


def sentence(event: Event, locks: Sequence[str] = ()) -> str:
    """Return what a task did, without a full stop.

    Args:
        locks: Those that it holds; they are told of accesses only.
    """
    who, target = task_alone(event.task_name), task_alone(event.target)
    if locks:
        who = f"{who}, holding {both(locks)},"
    match event.kind:
        case "read":
            sees = f" and sees {value(event)}" if event.value else ""
            return f"{who} reads {target}{sees}"
        case "write":
            what = f"writes {value(event)} to" if event.value else "writes"
            return f"{who} {what} {target}"
        case "start":
            runs = _FUNCTION.search(event.target)
            return f"{who} starts {target}{f', which runs {runs[1]}' if runs else ''}"
        case "blocks on":
            return f"{who} {_wait(event, target)}{through(event)}"
        case _:
            pass
    if event.target == SLEEP:
        return f"{who} {_CLOCK.get(event.kind, 'looks at the clock')}"
    act = _ACTS.get(event.kind, f"does {event.kind} on {{target}}")
    if event.kind == "begin" and event.carrier is not None:
        act = "has the turn"
    elif event.kind == "goes on after":
        act = _GOES_ON.get(event.role, act)
    return f"{who} {act.format(target=target)}{through(event)}"


def _wait(event: Event, target: str) -> str:
    if event.target == SLEEP:
        return "goes to sleep"
    is_join = event.site.source().endswith("join()")
    pattern = _WAITS.get("Task" if is_join else event.role, "has to wait for {target}")
    limited = ", until its timeout" if event.timed else ""
    return pattern.format(target=target) + limited


def through(event: Event) -> str:
    """Return which library call it happened in."""
    call = event.site.through
    plain = not call or call.startswith(("Thread.", "Condition.", "TaskGroup.", "gather"))
    return "" if plain else f" (inside {call})"


def value(event: Event) -> str:
    """Return a value as a part of a sentence: "a list of 2" for "<list of 2>"."""
    return in_words(event.value)


def in_words(text: str) -> str:
    """Return a value as a recorder describes it, as a part of a sentence."""
    sized, named = _SIZED.fullmatch(text), _NAMED.fullmatch(text)
    if sized:
        return f"a {sized[1]} of {sized[2]}"
    if named:
        return f"a {named[1]}"
    return text


def both(words: Sequence[str]) -> str:
    """Return words with commas and an "and"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
