"""What a picture of a judged history shows: its parts, their operations, their orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.counterexample_orders import Order, walk
from harness.linearizability.counterexample_words import Words
from harness.linearizability.history import History
from harness.linearizability.parts import split
from harness.linearizability.render.verdict_sentence import (
    before,
    effort,
    headline,
    others,
    over,
    times,
    where,
)
from harness.linearizability.shown_values import Values, one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.judgement import Criterion, Judgement
    from harness.linearizability.model import Model
    from harness.linearizability.parts import Part

MAX_DRAWN: Final = 3_000  # operations of all parts together: a browser opens them within a second
MAX_CLOSE: Final = 400  # of those that matter; more only where a reduction did not come to its end
MAX_PARTS: Final = 200
MAX_LABEL: Final = 28  # characters in a bar


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order, and what the picture calls it.

    Attributes:
        first: What is said of its first state.
        of_core: Whether it is of the core alone.
    """

    name: str
    order: Order
    first: str
    of_core: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartScene:
    """One part of a history.

    Attributes:
        label: Which part; empty where the history is whole.
        history: All of its operations.
        drawn: Indices of those that are drawn.
        close: Indices of those that are drawn when only the core is.
        core: Indices of those whose result matters; empty where there is an order.
        earlier: Indices of those that led to where the core begins, if it is not the beginning.
        later: Indices of those called after all was decided.
        straw: What cannot be placed; None where there is an order.
        orders: What the picture can show.
        remark: What is to be said of this part besides; may be empty.
    """

    label: str
    history: History
    words: Words
    drawn: tuple[int, ...]
    close: tuple[int, ...]
    core: frozenset[int]
    earlier: frozenset[int]
    later: frozenset[int]
    straw: int | None
    orders: tuple[NamedOrder, ...]
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A judged history.

    Attributes:
        mark: ✓, ✗ or ?.
        verdict: In a few words, without its reasons.
        title: In a sentence.
        leads: What a reader should know first.
        times: Which operation of the first part was called after which others.
        over: What is to be said of these others.
        facts: Names and values.
    """

    name: str
    mark: str
    verdict: str
    title: str
    leads: tuple[str, ...]
    times: tuple[tuple[int, tuple[int, ...]], ...]
    over: str
    facts: tuple[tuple[str, str], ...]
    criterion: Criterion
    parts: tuple[PartScene, ...]


def scene_of_counterexample(found: Counterexample) -> Scene:
    """Return what to show of a counterexample: the part that has no order."""
    words = Words(found.model, found.history)
    return _failing(found, words, (failing_part(found, words, budget=MAX_DRAWN),))


def scene_of_failure(found: Counterexample, history: History, model: Model[Any]) -> Scene:
    """Return what to show of a history that has no order: that part first, then the others."""
    words = Words(found.model, found.history)
    first = failing_part(found, words, budget=MAX_DRAWN)
    mine = {id(one) for one in found.history}
    rest = [
        part
        for part in split(history, model, criterion=found.criterion, partition=True, blocked=())
        if not any(id(one) in mine for one in part.operations)
    ]
    left = MAX_DRAWN - len(first.drawn)
    remark = "Another part has no order, and that decides it: this one need not be judged."
    return _failing(found, words, (first, *_others(rest, left, remark)))


def scene_of_order(history: History, judgement: Judgement, model: Model[Any]) -> Scene:
    """Return what to show of a history that has an order, or of which it is not known."""
    parts = split(history, model, criterion=judgement.criterion, partition=True, blocked=())
    places = {index: at for at, index in enumerate(judgement.order or ())}
    decided = judgement.holds is not None
    shown = _others(parts, MAX_DRAWN, "", places if decided else None)
    count = f"{len(history):,} operation{'' if len(history) == 1 else 's'}"
    title = f"An order explains {'the one operation' if len(history) == 1 else f'all {count}'}"
    if not decided:
        title = f"Not decided whether an order explains the {count}: {one_line(judgement.why)}"
    return Scene(
        name=one_line(history.name),
        mark="✓" if decided else "?",
        verdict=judgement.verdict.value,
        title=f"{title}.",
        leads=(_left_out(history, judgement),) if decided else (),
        times=(),
        over="",
        facts=(
            ("Operations", f"{len(history):,}"),
            ("Parts", f"{len(parts):,}" if len(parts) > 1 else ""),
            ("Model", one_line(model.name)),
            ("Looked at", f"{judgement.configurations:,} configurations"),
        ),
        criterion=judgement.criterion,
        parts=shown,
    )


def _left_out(history: History, judgement: Judgement) -> str:
    """Say which operations of unknown result are not in the order."""
    missing = len(history) - len(judgement.order or ())
    if not missing:
        return "A line goes through them in an order that the model allows."
    never = "1 of unknown result never" if missing == 1 else f"{missing} of unknown result never"
    return f"A line goes through them in an order that the model allows; {never} took effect."


def _failing(found: Counterexample, words: Words, parts: tuple[PartScene, ...]) -> Scene:
    reduction = found.reduction
    return Scene(
        name=one_line(found.history.name),
        mark="✗",
        verdict=f"not {found.criterion}",
        title=headline(found, words),
        leads=tuple(one for one in (before(found, words), others(found), where(found)) if one),
        times=tuple((other, tuple(firsts)) for other, firsts in times(found)),
        over=over(found),
        facts=(
            ("Part", parts[0].label),
            ("Operations", f"{reduction.operations:,}"),
            ("Beginning that is wrong", f"{len(found.prefix):,}"),
            ("Results that matter", f"{len(found.core):,}"),
            ("Model", one_line(found.model.name)),
            ("Reduction", effort(found)),
        ),
        criterion=found.criterion,
        parts=parts,
    )


def failing_part(found: Counterexample, words: Words, *, budget: int) -> PartScene:
    """Return the part that has no order, with at most so many operations."""
    prefix = set(found.prefix)
    speaks = {step.index for order in found.orders for step in order.steps}
    speaks |= {one.index for order in found.orders for one in order.stuck}
    close = tuple(sorted({*found.core, *(speaks & prefix)}))[-MAX_CLOSE:]
    total = len(found.history)
    drawn = _window(range(total), close, found.prefix, budget)
    earlier = () if found.situations is None else found.situations.earlier
    first = f"{len(earlier):,} before" if earlier else "at first"
    name = f"of these {len(found.core)}" if len(found.core) > 1 else "to it"
    orders = _named(found.orders, name, first=first)
    if found.whole_orders != found.orders:
        orders += _named(found.whole_orders, f"of all {total}")
    remark = ""
    if len(drawn) < total:
        count = f"{len(drawn):,} of {total:,} operations are drawn"
        remark = f"{count}: these, and those next before the last of them."
    return PartScene(
        label=_label(found.partition),
        history=found.history,
        words=words,
        drawn=drawn,
        close=close,
        core=frozenset(found.core),
        earlier=frozenset(earlier),
        later=frozenset(range(total)) - prefix,
        straw=found.straw,
        orders=orders,
        remark=remark,
    )


def _named(orders: Sequence[Order], name: str, *, first: str = "") -> tuple[NamedOrder, ...]:
    """Return orders with names; those of the core say what comes first."""
    names = [f"{name}, {number} of {len(orders)}" for number in range(1, len(orders) + 1)]
    return tuple(
        NamedOrder(one if len(names) > 1 else name, order, first or "at first", bool(first))
        for one, order in zip(names, orders, strict=True)
    )


def _window(
    all_of_them: range, close: Sequence[int], prefix: Sequence[int], budget: int
) -> tuple[int, ...]:
    """Return what is drawn: the core, then what is nearest to the end of the wrong beginning."""
    if len(all_of_them) <= budget:
        return tuple(all_of_them)
    room = max(budget - len(close), 0)
    nearest = [one for one in prefix if one not in set(close)][-room:] if room else []
    return tuple(sorted({*close, *nearest}))


def _others(
    parts: Sequence[Part],
    budget: int,
    remark: str,
    places: dict[int, int] | None = None,
) -> tuple[PartScene, ...]:
    """Return the parts that have an order or were not judged, as far as there is room."""
    shown = []
    for part in parts[:MAX_PARTS]:
        if budget <= 0:
            break
        one = _other(part, budget, remark, places)
        budget -= len(one.drawn)
        shown.append(one)
    return tuple(shown)


def _other(part: Part, budget: int, remark: str, places: dict[int, int] | None) -> PartScene:
    history = History(tuple(part.operations))
    total = len(history)
    orders: tuple[NamedOrder, ...] = ()
    if places is not None:
        inside = [at for at, index in enumerate(part.indices) if index in places]
        inside.sort(key=lambda at: places[part.indices[at]])
        steps = walk(part.model, history.operations, inside)
        if steps is not None:
            order = Order(part.model.initial(), steps, ())
            orders = (NamedOrder("Order", order, "at first", of_core=False),)
    drawn = tuple(range(min(total, budget)))
    if len(drawn) < total:
        remark = f"{remark} The first {len(drawn):,} of {total:,} operations are drawn.".strip()
    return PartScene(
        label=_label(part.label),
        history=history,
        words=Words(part.model, history),
        drawn=drawn,
        close=(),
        core=frozenset(),
        earlier=frozenset(),
        later=frozenset(),
        straw=None,
        orders=orders,
        remark=remark,
    )


def _label(label: Collection[object] | object) -> str:
    return "" if label is None else shortened(Values().show(label), 60)
