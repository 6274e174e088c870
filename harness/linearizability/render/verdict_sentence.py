"""The sentences of a counterexample: what cannot be, what of time it needs, how it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from harness.linearizability.counterexample_time import needed_pairs
from harness.linearizability.judgement import Criterion
from harness.linearizability.shown_values import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.counterexample_words import Words
    from harness.linearizability.operation import Operation

MAX_CALL: Final = 60  # characters of an operation in a sentence
MAX_STATES: Final = 6  # that a long beginning can have led to
MAX_CLAIMS: Final = 3  # operations that are all told, if no time matters
MAX_BEFORE: Final = 2  # operations that a sentence names


def headline(found: Counterexample, words: Words) -> str:
    """Return in one sentence what cannot be."""
    count = len(found.core)
    claim = _claim(found, words)
    if count == 1:
        return f"Nothing explains this operation: {claim}."
    return f"No order explains these {count} operations: {claim}."


def _claim(found: Counterexample, words: Words) -> str:
    straw = found.history.operations[found.straw]
    said = f"{shortened(words.call(straw), MAX_CALL)} {shortened(words.outcome(straw), MAX_CALL)}"
    earlier = [one for one, other in needed_pairs(found) if other == found.straw]
    operations = found.history.operations
    if not earlier and len(found.core) <= MAX_CLAIMS:
        return " and ".join(_claimed(operations[index], words) for index in found.core)
    if not earlier:
        return said
    named = " and ".join(_had(operations[one], words) for one in earlier[-MAX_BEFORE:])
    more = len(earlier) - MAX_BEFORE
    others = f" and {more} more" if more > 0 else ""
    match found.criterion:
        case Criterion.SEQUENTIALLY_CONSISTENT:
            return f"{said} after the same client's {named}{others}"
        case Criterion.LINEARIZABLE | Criterion.QUIESCENTLY_CONSISTENT:
            return f"{said} after {named}{others}"
        case _:
            assert_never(found.criterion)


def _claimed(operation: Operation, words: Words) -> str:
    """Return what an operation did, with its client: others may have done the same."""
    outcome = shortened(words.outcome(operation), MAX_CALL)
    return f"{shortened(words.call(operation), MAX_CALL)} of {words.client(operation)} {outcome}"


def _had(operation: Operation, words: Words) -> str:
    """Return that an operation was over: `put('k', 1) had come back`, `get('k') had returned 1`."""
    call, outcome = words.call(operation), words.outcome(operation)
    outcome = "come back" if outcome == "came back" else outcome
    return f"{shortened(call, MAX_CALL)} had {shortened(outcome, MAX_CALL)}"


def where(found: Counterexample) -> str:
    """Say what an order has to respect, in a sentence."""
    match found.criterion:
        case Criterion.LINEARIZABLE:
            return (
                "Bars that overlap may take effect in either order; what came back before another "
                "was called stands before it."
            )
        case Criterion.SEQUENTIALLY_CONSISTENT:
            return "Each client's operations keep their order; time between clients does not count."
        case Criterion.QUIESCENTLY_CONSISTENT:
            return "Operations keep their order where nothing ran between them, and only there."
        case _:
            assert_never(found.criterion)


def pair_sentences(found: Counterexample, name: Callable[[int], str]) -> list[str]:
    """Return what of time the proof needs: which operation was called after which had come back."""
    return [
        f"{name(other)} was called after {listed([name(one) for one in firsts])} {over(found)}"
        for other, firsts in times(found)
    ]


def times(found: Counterexample) -> list[tuple[int, list[int]]]:
    """Return each operation whose call matters, and after which it came."""
    firsts: dict[int, list[int]] = {}
    for one, other in needed_pairs(found):
        firsts.setdefault(other, []).append(one)
    return sorted(firsts.items())


def over(found: Counterexample) -> str:
    """Return what has to be said of an operation that stands before another."""
    if found.criterion is Criterion.SEQUENTIALLY_CONSISTENT:
        return "by the same client"
    return "had come back"


def listed(names: list[str], last: str = "and") -> str:
    """Return names as a sentence lists them."""
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def before(found: Counterexample, words: Words) -> str:
    """Say where a long beginning can have led; empty where the core stands for itself."""
    if found.situations is None:
        return ""
    states = [shortened(words.state(one), MAX_CALL) for one in found.situations.states[:MAX_STATES]]
    more = len(found.situations.states) - len(states)
    states += [f"{more} more"] if more else []
    only = "can only have led to" if len(states) == 1 else "can have led to"
    count = _counted(len(found.situations.earlier), "operation")
    return f"The {count} before {only} {listed(states, 'or')}."


def others(found: Counterexample) -> str:
    """Say of the operations besides the core that they do not matter; empty if there are none."""
    earlier = 0 if found.situations is None else len(found.situations.earlier)
    count = len(found.prefix) - len(found.core) - earlier
    if count <= 0:
        return ""
    until = "until then" if found.situations is None else "in between"
    if count == 1:
        return f"The result of the one other operation {until} does not matter."
    core = set(found.core)
    free = all(other in core for _, other in needed_pairs(found))
    when = "whenever or if ever they took effect" if free else "if ever they took effect"
    return (
        f"The results of the {count} other operations {until} do not matter: whatever they "
        f"returned, and {when}, nothing explains these."
    )


def how_found(found: Counterexample) -> str:
    """Say from what it was reduced, and whether that came to its end."""
    reduction = found.reduction
    sizes = f"Reduced from {_counted(reduction.operations, 'operation')}"
    if len(found.history) != reduction.operations:
        sizes += f", {len(found.history)} of them of this part,"
    return (
        f"{sizes} to a prefix of {len(found.prefix)}, core of {len(found.core)}; {effort(found)}."
    )


def effort(found: Counterexample) -> str:
    """Say what the reduction took, and whether it came to its end."""
    reduction = found.reduction
    taken = f"{_counted(reduction.tried, 'check')}, {_duration(reduction.elapsed_s)}"
    if reduction.stopped:
        return f"stopped by its budget after {taken}: a smaller one may exist"
    if reduction.undecided:
        return f"{taken}, {reduction.undecided} of them undecided: a smaller one may exist"
    return f"{taken}: no smaller part of it is one"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
