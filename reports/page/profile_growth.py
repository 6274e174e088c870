"""Which functions take a larger part than they did: two profiles of one subject, side by side.

A profile is one run, and its shares are samples: a function is named only where its share grew by
more than sampling explains. A share can also grow because all others shrank, so that the amounts
of one call stand beside it where they are known.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import whole_percent
from reports.quantities import quantity

if TYPE_CHECKING:
    from reports.record import Record

_MOST: Final = 3  # functions named; who wants more opens the profiles
_LEAST: Final = 0.01  # of the whole: less is nobody's regression
# Three standard errors, not two: up to fifty functions are compared at once.
_ERRORS: Final = 3.0
# Waits and blocks of memory are no samples: two runs of the same code differ by some percent.
_LEAST_UNSAMPLED: Final = 0.05
_OF: Final = {"cpu": "CPU time", "wait": "the waiting", "memory": "the memory at its peak"}
_LINE: Final = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A function whose share grew, 0 to 1, and the words for it.

    Attributes:
        place: Its file; lines move from one version to the next.
        before: Its share, or the most it can have been where it was not among the hottest.
    """

    name: str
    place: str
    before: float
    after: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one function took."""

    amount: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    """A profile by function: the file without its line, and the name.

    Attributes:
        samples: Of all functions together.
        unseen: The most that a function can have taken which is not in it.
    """

    parts: dict[tuple[str, str], _Part]
    samples: int
    unseen: float


def grown(before: Record, after: Record) -> tuple[Grown, ...]:
    """Return the functions whose share grew most from one profile to another of the same kind."""
    old, new = _shares(before), _shares(after)
    kind = after.params.get("profile", "")
    found = []
    for (place, name), part in new.parts.items():
        past = old.parts.get((place, name))
        share = old.unseen if past is None else past.share
        if part.share - share > _explained(kind, share, part.share, old=old, new=new):
            words = _words(past, part, before=before, after=after, unseen=old.unseen)
            found.append(Grown(name=name, place=place, before=share, after=part.share, words=words))
    found.sort(key=lambda one: (one.before - one.after, one.place, one.name))
    return tuple(found[:_MOST])


def total_of(record: Record) -> float:
    """Return what shares of a profile are parts of: its total, or what is named where that is more.

    Other tools may write no total, or one of something else.
    """
    named = math.fsum(max(measure.value, 0.0) for measure in record.measures)
    return max(_number(record, "total"), named)


def _shares(record: Record) -> _Shares:
    amounts: dict[tuple[str, str], float] = {}
    for measure in record.measures:
        place, _, name = measure.metric.rpartition(" ")
        key = (_LINE.sub("", place), name)
        amounts[key] = amounts.get(key, 0.0) + max(measure.value, 0.0)
    total = total_of(record)
    parts = {
        key: _Part(amount=amount, share=amount / total if total > 0 else 0.0)
        for key, amount in amounts.items()
    }
    some_left_out = _number(record, "places") > len(record.measures)
    return _Shares(
        parts=parts,
        samples=sum(measure.n for measure in record.measures),
        unseen=min((one.share for one in parts.values()), default=0.0) if some_left_out else 0.0,
    )


def _number(record: Record, name: str) -> float:
    try:
        value = float(record.params.get(name, ""))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _explained(kind: str, before: float, after: float, *, old: _Shares, new: _Shares) -> float:
    """Return by how much a share may grow for no reason."""
    if kind != "cpu":
        return _LEAST_UNSAMPLED
    samples = old.samples + new.samples
    if not old.samples or not new.samples:
        return math.inf
    both = (before * old.samples + after * new.samples) / samples
    error = math.sqrt(both * (1 - both) * (1 / old.samples + 1 / new.samples))
    return max(_LEAST, _ERRORS * error)


def _words(past: _Part | None, part: _Part, *, before: Record, after: Record, unseen: float) -> str:
    of = _OF.get(after.params.get("profile", ""), "the whole")
    now = f"{whole_percent(part.share)}\u202f%"
    if past is None and unseen <= 0:
        return f"was not seen before, took {now} of {of} after"
    if past is None:
        most = whole_percent(unseen)
        bound = most if most.startswith("<") else f"at most {most}"
        return f"took {bound}\u202f% of {of} before, {now} after"
    said = f"took {whole_percent(past.share)}\u202f% of {of} before, {now} after"
    a_call = before.params.get("per") == after.params.get("per") == "call"
    if not a_call:
        return said
    unit = after.measures[0].unit
    return f"{said}: {quantity(past.amount, unit)} a call, then {quantity(part.amount, unit)}"
