"""Which operations depend on each other: the order of two that do not is no difference.

This one relation serves partial order reduction, the sampling strategies and the analyses of a
trace; `docs/dependence.md` shows it as a table. It is exact where that is cheap and errs on the
side of dependence elsewhere: a pair that is called dependent and is not costs a redundant
execution, a pair that is called independent and is not would hide an outcome.

An operation *touches* things, each of them in one of two ways: it changes the thing or looks at it.
Two operations of different tasks are dependent if they touch one thing and at least one of them
changes it. Two things are no objects of the program: the *clock* and the *list of threads*. For
these there are pairs instead, because two that change them may commute: two timeouts that fire
move the clock to the later deadline in either order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.engine.board import CONTENT, READ

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.engine.task import Operation

# Operations of primitives: True for one that changes what it is done to, False for one that looks.
CHANGES: Final[dict[str, bool]] = {
    "acquire": True,
    "try": True,
    "release": True,
    "locked": False,
    "notify": True,
    "notify_all": True,
    "resume": False,  # who was notified, or waited for an event, goes on
    "wait": False,  # on an event: finds out whether there is anything to wait for
    "is_set": False,
    "set": True,
    "clear": True,
    "put": True,
    "get": True,
    "qsize": False,
    "end": True,  # of a task: what those who join it or ask for it look at
    "join": False,
    "is_alive": False,
    "timeout": False,  # of a wait on that object
}
# Which part of a primitive an operation is about, where that is not all of it: clearing an event
# does not concern those who wait for it already.
PARTS: Final[dict[str, str]] = {
    "is_set": "flag",
    "wait": "flag",
    "clear": "flag",
    "resume": "waiting",
    "timeout": "waiting",
}
NOWHERE: Final = frozenset(("begin", "started", "call", "enumerate", "start", "sleep", "time", ""))

CLOCK: Final = "clock"
THREADS: Final = "threads"
# What an operation does to the clock and to the list of threads.
ASIDE: Final[dict[str, tuple[str, str]]] = {
    "time": (CLOCK, "reads"),  # and moves it on a little
    "timeout": (CLOCK, "fires"),
    "sleep": (CLOCK, "starts"),  # computes a deadline, as does whatever comes before a timed wait
    "start": (THREADS, "starts one"),
    "end": (THREADS, "ends one"),
    "enumerate": (THREADS, "lists"),
}
_PAIRS: Final = (
    (CLOCK, "reads", "reads"),
    (CLOCK, "reads", "fires"),
    (CLOCK, "reads", "starts"),
    (CLOCK, "fires", "starts"),
    (THREADS, "starts one", "starts one"),  # identities are given in this order
    (THREADS, "starts one", "lists"),
    (THREADS, "ends one", "lists"),
)
ASIDE_DEPENDENT: Final = frozenset(
    (thing, *pair) for thing, one, two in _PAIRS for pair in ((one, two), (two, one))
)

# (thing, key, how): how is True or False, or for CLOCK and THREADS a word of ASIDE. A thing is one
# of these two, or a number that stands for an object: no object is ever asked whether it equals
# another one.
Touch = tuple[int | str, Any, bool | str]


def dependent(
    a: Operation, task_a: object, b: Operation, task_b: object, *, clock: bool = True
) -> bool:
    """Say whether the order of two operations matters; it does within one task.

    Args:
        clock: Somebody reads the clock: timeouts matter for deadlines that are still to be set.
    """
    if task_a is task_b:
        return True
    return collide(touches_of(a, id(a[1])), touches_of(b, id(b[1])), clock=clock)


def touches_of(operation: Operation, thing: int) -> tuple[Touch, ...]:
    """Return what an operation touches.

    Args:
        thing: The number that stands for the operation's object.
    """
    kind, obj, key = operation
    if type(kind) is int:
        return ((thing, key, kind != READ),)
    assert isinstance(kind, str)
    aside = ASIDE.get(kind)
    apart: tuple[Touch, ...] = () if aside is None else ((aside[0], None, aside[1]),)
    if obj is None or kind in NOWHERE:
        return apart
    return ((thing, PARTS.get(kind, CONTENT), CHANGES.get(kind, True)), *apart)


def collide(one: Iterable[Touch], other: Iterable[Touch], *, clock: bool) -> bool:
    """Say whether two sets of touches, of different tasks, do not commute.

    Args:
        clock: Somebody reads the clock, so that its state is part of the outcome.
    """
    for thing, key, how in one:
        for thing_2, key_2, how_2 in other:
            if thing != thing_2:
                continue
            if isinstance(thing, str):
                if (clock or thing != CLOCK) and (thing, how, how_2) in ASIDE_DEPENDENT:
                    return True
            elif (how or how_2) and overlap(key, key_2):
                return True
    return False


def overlap(key: Any, key_2: Any) -> bool:  # noqa: ANN401  # keys of any type
    """Say whether two parts of one object have something in common: the whole has it with each."""
    return key in (key_2, CONTENT) or key_2 == CONTENT
