"""Tells which executions are one trace, from the table in docs/dependence.md and by brute force.

It shares nothing with `harness.analysis.dependence` on purpose: the two are held to each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Operation
    from tests.harness.dpor.naive_search import Step

    Relation = Callable[[Operation, Operation, bool], bool]

READ = 0
WHOLE = "*"
ON_AN_OBJECT = {
    "changes": [
        "acquire",
        "try",
        "release",
        "notify",
        "notify_all",
        "set",
        "clear",
        "put",
        "get",
        "end",
    ],
    "looks": ["locked", "resume", "wait", "is_set", "qsize", "join", "is_alive", "timeout"],
}
CLEAR_AND_WAITERS = [{"clear", "resume"}, {"clear", "timeout"}]
ON_NOTHING = ["begin", "started", "call", "start", "enumerate", "sleep", "time"]
CLOCK = {"time": "reads", "timeout": "fires", "sleep": "sets", "deadline": "sets"}
THREADS = {"start": "starts", "end": "ends", "enumerate": "lists"}
CLOCK_PAIRS = ["reads reads", "reads fires", "reads sets", "fires sets"]
THREADS_PAIRS = ["starts starts", "starts lists", "ends lists"]


def depends(a: Operation, b: Operation, clock: bool) -> bool:  # noqa: FBT001  # said once
    """Say whether two operations of different tasks are dependent, row by row of the table."""
    plain_a, plain_b = isinstance(a[0], int), isinstance(b[0], int)
    if plain_a != plain_b:
        return False
    if plain_a:
        overlap = a[2] == b[2] or WHOLE in (a[2], b[2])
        return a[1] is b[1] and overlap and (a[0] != READ or b[0] != READ)
    if a[1] is b[1] and a[1] is not None and a[0] not in ON_NOTHING and b[0] not in ON_NOTHING:
        for operation in (a, b):
            assert any(operation[0] in known for known in ON_AN_OBJECT.values()), operation[0]
        changes = a[0] in ON_AN_OBJECT["changes"] or b[0] in ON_AN_OBJECT["changes"]
        if changes and {a[0], b[0]} not in CLEAR_AND_WAITERS:
            return True
    return (clock and _paired(a, b, CLOCK, CLOCK_PAIRS)) or _paired(a, b, THREADS, THREADS_PAIRS)


def _paired(a: Operation, b: Operation, words: dict[str, str], pairs: list[str]) -> bool:
    one, two = words.get(str(a[0])), words.get(str(b[0]))
    return one is not None and (f"{one} {two}" in pairs or f"{two} {one}" in pairs)


def trace_of(steps: list[Step], *, clock: bool, relation: Relation = depends) -> Any:  # a key
    """Return what two executions have in common exactly if they are one trace.

    For each event, under the name (task, number within it): what it was, and the names of all
    earlier events of other tasks that it depends on.
    """
    counts: dict[tuple[int, ...], int] = {}
    # Only operations on one object, or on none, can be dependent: the rest is not asked for.
    done: dict[int, list[tuple[Any, Operation]]] = {}
    found: list[Any] = []
    for step in steps:
        number = counts[step.pid] = counts.get(step.pid, -1) + 1
        placed = [(place, op) for op in _operations(step) for place in _places(op)]
        before = {
            other
            for place, operation in placed
            for other, earlier in done.get(place, ())
            if other[0] != step.pid and relation(earlier, operation, clock)
        }
        name = (step.pid, number)
        for place, operation in placed:
            done.setdefault(place, []).append((name, operation))
        found.append((name, str(step.operations[0][0]), frozenset(before)))
    return frozenset(found)


def _operations(step: Step) -> list[Operation]:
    """Return what an event did, including what is no operation of its own."""
    hidden: list[Operation] = []
    if step.spawned:
        hidden.append(("start", None, None))
    if step.set_deadline:
        hidden.append(("deadline", None, None))
    return [*step.operations, *hidden]


def _places(operation: Operation) -> tuple[int, ...]:
    places = () if operation[1] is None else (id(operation[1]),)
    return (*places, 0) if operation[0] in CLOCK or operation[0] in THREADS else places
