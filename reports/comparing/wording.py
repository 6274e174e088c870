"""A comparison as a person reads it: the summary first, then what changed, with its evidence."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from reports.comparing.difference import Method
from reports.comparing.sides import Statistic
from reports.comparing.verdict import CHANGES, Verdict
from reports.quantities import count, percent, quantity, stated
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.comparing.pairs import Comparison, Pair

MOST_UNCLEAR: Final = 5  # of a long list of these nobody reads the sixth; --all shows it
_TINY_P: Final = 1e-4
_BYTES: Final = ("B", "bytes")


def word(verdict: Verdict, *, unit: str, direction: Direction) -> str:
    """Return the verdict in the words of the metric: a time is slower, a size is larger."""
    lower = direction is Direction.LOWER
    match verdict:
        case Verdict.WORSE:
            return "slower" if unit == "s" and lower else _size(unit, up=lower, other="worse")
        case Verdict.BETTER:
            return "faster" if unit == "s" and lower else _size(unit, up=not lower, other="better")
        case Verdict.CHANGED | Verdict.CANNOT_TELL | Verdict.SAME:
            return verdict.value


def _size(unit: str, *, up: bool, other: str) -> str:
    if unit not in _BYTES:
        return other
    return "larger" if up else "smaller"


def heading(found: Comparison) -> str:
    """Return what was held against what."""
    runs = f"{found.old_runs} and {count(found.new_runs, 'run')}"
    turns = ", measured in turn" if found.session else ""
    by_round = any(pair.found.method is Method.PAIRED for pair in found.pairs)
    return (
        f"{found.old_label} -> {found.new_label}: {runs}{turns}"
        f"{', compared round by round' if by_round else ''}"
    )


def summary(found: Comparison) -> Iterator[str]:
    """Return a line a metric: how many slower, faster, the same, and open."""
    metrics = sorted({pair.metric for pair in found.pairs}, key=lambda one: (one != "time", one))
    for metric in metrics:
        pairs = [pair for pair in found.pairs if pair.metric == metric]
        unit, direction = pairs[0].unit, pairs[0].direction
        told = [Verdict.WORSE, Verdict.BETTER, Verdict.SAME, Verdict.CANNOT_TELL]
        if direction is Direction.NEITHER:
            told = [Verdict.CHANGED, Verdict.SAME, Verdict.CANNOT_TELL]
        counted = ", ".join(
            f"{sum(pair.verdict is one for pair in pairs)} "
            f"{word(one, unit=unit, direction=direction)}"
            for one in told
        )
        yield f"{metric}: {counted}{blindness(pairs, floor=found.options.floor)}"


def blindness(pairs: Sequence[Pair], *, floor: float) -> str:
    """Return that a change of the floor would mostly go unseen here, or an empty text.

    A pair may still be the same: its interval is what was seen. But of a report that would miss
    most changes nobody should conclude that there are none.
    """
    known = [
        (pair.judged.smallest_visible, pair.judged.runs_to_see)
        for pair in pairs
        if pair.found.relative and pair.judged.smallest_visible is not None
    ]
    if not known or statistics.median(visible for visible, _ in known) <= floor:
        return ""
    needed = [runs for _, runs in known if runs is not None]
    usual = statistics.median_high(needed) if needed else None
    help_is = f", about {count(usual, 'run')} a side would" if usual else ""
    shown = percent(statistics.median(visible for visible, _ in known))
    return (
        f"; cannot see {stated(floor * 100, '%')} here: of {count(len(pairs), 'pair')} judged "
        f"together most would show {shown}{help_is}"
    )


def rows(pairs: tuple[Pair, ...], found: Comparison) -> list[tuple[str, ...]]:
    """Return the table of pairs, its head first; empty without pairs."""
    if not pairs:
        return []
    labels = found.old_label, found.new_label
    head = ("", *labels, "change", "95 % interval", "p", "effect", "runs", "benchmark")
    return [head, *(_row(pair) for pair in pairs)]


def _row(pair: Pair) -> tuple[str, ...]:
    found = pair.found
    return (
        word(pair.verdict, unit=pair.unit, direction=pair.direction),
        quantity(found.old_level, pair.unit),
        quantity(found.new_level, pair.unit),
        amount(pair, found.change),
        interval(pair),
        chance(pair.judged.p_adjusted),
        effect(pair),
        f"{found.old_runs} / {found.new_runs}",
        name(pair),
    )


def name(pair: Pair) -> str:
    """Return the benchmark, with its metric where that is not the time."""
    return pair.benchmark if pair.metric == "time" else f"{pair.benchmark} ({pair.metric})"


def amount(pair: Pair, change: float) -> str:
    """Return a change as a share, or in the metric's unit where a share means nothing."""
    if pair.found.relative:
        return percent(change)
    return f"{'+' if change > 0 else ''}{quantity(change, pair.unit)}"


def interval(pair: Pair) -> str:
    """Return the interval, or an empty text where there is none."""
    if pair.found.interval is None:
        return ""
    low, high = (amount(pair, bound) for bound in pair.found.interval)
    return f"{low} to {high}"


def chance(p: float | None) -> str:
    """Return a p-value, or an empty text where there is none."""
    if p is None:
        return ""
    return f"<{_TINY_P:g}" if p < _TINY_P else f"{p:.2g}"


def effect(pair: Pair) -> str:
    """Return Hedges' g, or Cliff's delta where nothing varies inside the sides."""
    if pair.found.hedges_g is None:
        return f"d {pair.found.cliffs_delta:+.1f}" if pair.found.p is not None else ""
    return f"{pair.found.hedges_g:+.1f}"


def unclear(found: Comparison, *, every: bool) -> Iterator[str]:
    """Return the pairs of which nothing can be told, each with why and what would help."""
    pairs = found.having(Verdict.CANNOT_TELL)
    ordered = sorted(pairs, key=lambda pair: (pair.metric != "time", -abs(pair.found.change)))
    shown = ordered if every else ordered[:MOST_UNCLEAR]
    for pair in shown:
        yield f"cannot tell  {name(pair)} ({amount(pair, pair.found.change)}): {pair.judged.reason}"
    if len(shown) < len(ordered):
        yield f"cannot tell of {len(ordered) - len(shown)} more (--all shows them)"


def remarks(found: Comparison) -> Iterator[str]:
    """Return what a reader should know beside the verdicts."""
    for pair in found.pairs:
        if pair.typical_change is not None:
            yield (
                f"look again  {name(pair)}: its typical round changed by "
                f"{amount(pair, pair.typical_change)}, its fastest did not "
                "(--statistic typical judges by that)"
            )
    for label, alone in ((found.old_label, found.only_old), (found.new_label, found.only_new)):
        if alone:
            yield f"only in {label}: {count(alone, 'metric')}"
    environments = len({pair.environment for pair in found.pairs})
    if environments > 1:
        yield f"runs of {environments} environments, each compared within itself (see --json)"
    if found.differences:
        yield f"across environments: {'; '.join(found.differences)}"


def footnote(found: Comparison) -> str:
    """Return what the table's figures are, and when a change is told."""
    options = found.options
    some = any(pair.statistic is Statistic.FASTEST for pair in found.pairs)
    each = "each run's fastest round" if some else "one value a run"
    return (
        f"Geometric means of {each}; p after Benjamini-Hochberg over "
        f'{count(len(found.pairs), "pair")}; effect is Hedges\' g. "same": surely less than '
        f"{stated(options.floor * 100, '%')}."
    )


def changed(found: Comparison) -> tuple[Pair, ...]:
    """Return the pairs that changed, worse ones first."""
    return found.having(*CHANGES)
