"""Holds the checker to every order there is, one after the other, on small random histories.

`python -m tests.harness.linearizability.brute_force [--histories N] [--seed S]` compares all three
criteria; it prints how many histories held and did not, and the first one that is judged
otherwise; exit code 1 then. What a criterion asks is written here once more from its definition,
pair by pair, and shares nothing with the checker.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.linearizability import Criterion, History, Model, Verdict, check, checker
from harness.linearizability.model import REFUSED
from tests.harness.linearizability.random_histories import SUBJECTS, random_history

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from harness.linearizability import Judgement, Operation

    Judge = Callable[..., Judgement]

FOR_EVER = float("inf")


def end(one: Operation) -> float:
    """Return when an operation was over: never, if nobody learnt its result."""
    return one.ret if one.known and one.ret is not None else FOR_EVER


def precedes(
    first: Operation, second: Operation, criterion: Criterion, operations: Sequence[Operation]
) -> bool:
    """Say whether one operation has to stand before another, by the definition."""
    if end(first) >= second.call:
        return False
    if criterion is Criterion.LINEARIZABLE:
        return True
    if criterion is Criterion.SEQUENTIALLY_CONSISTENT:
        return first.client == second.client
    if first.key != second.key:
        return False
    same = [one for one in operations if one.key == first.key]
    times = sorted({end(first), second.call, *(one.call for one in same), *map(end, same)})
    times = [one for one in times if end(first) <= one <= second.call]
    return any(
        not any(one.call <= (low + high) / 2 <= end(one) for one in same)
        for low, high in pairwise(times)
    )


def has_order(
    history: History,
    model: Model[Any],
    *,
    criterion: Criterion = Criterion.LINEARIZABLE,
    blocked: Collection[int] = (),
) -> bool:
    """Say whether any order at all is right: tries all, remembers nothing."""
    operations = history.operations
    before = [
        {
            first
            for first in range(len(operations))
            if first != second
            and precedes(operations[first], operations[second], criterion, operations)
        }
        for second in range(len(operations))
    ]
    known = {index for index, one in enumerate(operations) if one.known}
    keys = sorted({one.key for one in operations}, key=repr)

    def goes_on(placed: frozenset[int], states: dict[Any, Any]) -> bool:
        if known <= placed and all(
            model.step(states[operations[one].key], operations[one]) is REFUSED for one in blocked
        ):
            return True
        for index, one in enumerate(operations):
            if index in placed or index in blocked or before[index] - placed:
                continue
            state = model.step(states[one.key], one)
            if state is not REFUSED and goes_on(placed | {index}, {**states, one.key: state}):
                return True
        return False

    return goes_on(frozenset(), {key: model.initial() for key in keys})


def faults(
    history: History, model: Model[Any], judgement: Judgement, blocked: Collection[int] = ()
) -> list[str]:
    """Return what is wrong with what a judgement shows."""
    if judgement.order is not None:
        every = {index for index, one in enumerate(history) if one.known}
        if not every <= set(judgement.order):
            return ["an operation with a known result is not in the order"]
        return order_faults(history, model, judgement.order, judgement.criterion, blocked)
    if judgement.failure is None:
        return ["neither an order nor a failure"]
    failure = judgement.failure
    if not failure.prefixes:
        return ["no prefix"]
    found = []
    for prefix in failure.prefixes:
        order, part = prefix.order, failure.history
        model_of_part = failure.model
        found += order_faults(part, model_of_part, order, judgement.criterion, whole=history)
        if set(prefix.stuck) & set(order):
            found.append("a stuck operation is in the order")
    return found


def order_faults(  # noqa: PLR0913
    history: History,
    model: Model[Any],
    order: Sequence[int],
    criterion: Criterion,
    blocked: Collection[int] = (),
    *,
    whole: History | None = None,
) -> list[str]:
    """Return what is wrong with an order: repeated, against the criterion, or refused.

    Args:
        whole: The history that this one is a part of; then the model is that of the part.
    """
    operations = history.operations
    everything = operations if whole is None else whole.operations
    found = []
    if len(set(order)) != len(order) or set(order) & set(blocked):
        found.append("an operation stands twice, or though it waits for ever")
    places = {index: place for place, index in enumerate(order)}
    for second in order:
        for first, one in enumerate(operations):
            before = precedes(one, operations[second], criterion, everything)
            if before and places.get(first, len(order)) >= places[second]:
                found.append(f"{first} has to stand before {second}")
    states: dict[Any, Any] = {}
    for index in [*order, *blocked]:
        key = operations[index].key if whole is None else None
        state = model.step(states.get(key, model.initial()), operations[index])
        if (state is REFUSED) is not (index in blocked):
            found.append(f"{index} is refused in its place, or waits for ever and need not")
            return found
        if index not in blocked:
            states[key] = state
    return found


def difference(
    history: History,
    model: Model[Any],
    blocked: Collection[int],
    judge: Judge = check,
    counts: Counter[str] | None = None,
) -> str:
    """Return how the checker and all orders differ on a history; nothing if they do not.

    Args:
        counts: Gets one more of each criterion that holds.
    """
    for criterion in Criterion:
        expected = has_order(history, model, criterion=criterion, blocked=blocked)
        if counts is not None:
            counts[criterion.value] += expected
        for partition in (True, False):
            judgement = judge(
                history, model, criterion=criterion, blocked=blocked, partition=partition
            )
            where = f"{criterion.value}, partition={partition}"
            if judgement.verdict is not Verdict.that(criterion, holds=expected):
                return f"{where}: {judgement.verdict}, and orders say {expected}"
            wrong = faults(history, model, judgement, blocked)
            if wrong:
                return f"{where}: {wrong}"
    return ""


@contextmanager
def bare_search() -> Iterator[None]:
    """Take away what spares a search, and cut it into slices of one try.

    Small histories end before the look ahead begins, and most right ones are straight: without
    this, the search itself would hardly be seen.
    """
    held = checker.FIRST_SLICE, checker.LONGEST_SLICE, checker.straight_order, checker.allowed
    checker.FIRST_SLICE = checker.LONGEST_SLICE = 1  # type: ignore[misc]
    checker.straight_order, checker.allowed = (lambda part: None), (lambda part, order: False)
    try:
        yield
    finally:
        first, longest, checker.straight_order, checker.allowed = held
        checker.FIRST_SLICE, checker.LONGEST_SLICE = first, longest  # type: ignore[misc]


def compare(histories: int, seed: int, judge: Judge = check) -> tuple[Counter[str], str]:
    """Compare so many histories, half of them bare; return counts, and the first that differs."""
    counts: Counter[str] = Counter()
    names = sorted(SUBJECTS)
    for number in range(histories):
        name = names[number % len(names)]
        rng = random.Random(f"{seed} {number}")
        history, blocked = random_history(SUBJECTS[name], rng)
        model = SUBJECTS[name].model()
        with bare_search() if number // len(names) % 2 else nullcontext():
            different = difference(history, model, blocked, judge, counts)
        counts["histories"] += 1
        counts["operations"] += len(history)
        counts["with unknown results"] += any(not one.known for one in history)
        counts["with some that wait for ever"] += bool(blocked)
        counts["with ties"] += len({one.call for one in history}) < len(history)
        if different:
            lines = [f"{name}, number {number} of seed {seed}: {different}"]
            lines += [f"  {index}: {one}" for index, one in enumerate(history)]
            return counts, "\n".join(lines)
    return counts, ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and return 1 if a history was judged otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    start = time.monotonic()
    counts, different = compare(chosen.histories, chosen.seed)
    for what, count in counts.items():
        sys.stdout.write(f"{count:9} {what}\n")
    sys.stdout.write(f"{time.monotonic() - start:9.1f} s\n{different or 'no difference'}\n")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
