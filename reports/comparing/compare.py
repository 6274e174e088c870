"""Two versions of the code side by side: each benchmark's median before and after."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError, TooLittleDataError, UnlikeEnvironmentsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.record import Direction
    from reports.series import RunStamp, Series
    from reports.store import Store

_LEAST_CHARS: Final = 4  # git's own shortest abbreviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One metric of one benchmark in both versions; the counts are runs, not rounds."""

    benchmark: str
    metric: str
    unit: str
    direction: Direction
    old: float
    new: float
    old_runs: int
    new_runs: int

    @property
    def change(self) -> float | None:
        """Return the relative change, or None where the old value is 0."""
        return (self.new - self.old) / abs(self.old) if self.old else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every metric that both versions have, and how many only one of them has."""

    old_label: str
    new_label: str
    pairs: tuple[Pair, ...]
    only_old: int
    only_new: int


def compare(store: Store, old: str, new: str) -> Comparison:
    """Return what changed between two versions, each named by a commit or a run.

    Args:
        old: The first digits of a commit id, or of a run document's name.
        new: The same for the version to compare with it.

    Raises:
        BadValueError: A name fits nothing, or more than one version.
        UnlikeEnvironmentsError: They were never measured in one environment.
        TooLittleDataError: One of them has no benchmarks, or they share none.
    """
    stamps = store.stamps()
    before, after = _find(stamps, old), _find(stamps, new)
    every = store.all_series()
    old_values, new_values = _medians(every, before.code), _medians(every, after.code)
    shared = [one for one in every if one.key in old_values and one.key in new_values]
    if not shared:
        _refuse(store, every, before, after)
    return Comparison(
        old_label=before.label,
        new_label=after.label,
        pairs=tuple(_pair(one, before.code, after.code) for one in shared),
        only_old=len(old_values.keys() - new_values.keys()),
        only_new=len(new_values.keys() - old_values.keys()),
    )


def _find(stamps: Sequence[RunStamp], name: str) -> RunStamp:
    if len(name) < _LEAST_CHARS:
        raise BadValueError("compare", repr(name), f"at least {_LEAST_CHARS} digits of an id")
    fits = {
        stamp.code: stamp
        for stamp in stamps
        if stamp.run_id.startswith(name) or (stamp.commit_id or "").startswith(name)
    }
    # A commit measured both clean and with changes: the bare id means the clean one.
    clean = {code: stamp for code, stamp in fits.items() if not stamp.dirty}
    chosen = clean or fits
    if len(chosen) != 1:
        fitting = f"it fits {len(chosen)} versions" if chosen else "no run or commit begins so"
        raise BadValueError("compare", f"{name!r}: {fitting}", "digits that fit exactly one")
    return next(iter(chosen.values()))


def _medians(every: Sequence[Series], code: str) -> dict[object, float]:
    return {
        one.key: statistics.median(values) for one in every if (values := _values_of(one, code))
    }


def _values_of(series: Series, code: str) -> list[float]:
    return [run.value for run in series.runs if run.stamp.code == code]


def _pair(series: Series, old: str, new: str) -> Pair:
    before, after = _values_of(series, old), _values_of(series, new)
    return Pair(
        benchmark=series.key.benchmark,
        metric=series.key.metric,
        unit=series.unit,
        direction=series.direction,
        old=statistics.median(before),
        new=statistics.median(after),
        old_runs=len(before),
        new_runs=len(after),
    )


def _refuse(store: Store, every: Sequence[Series], old: RunStamp, new: RunStamp) -> None:
    olds = {one.key.environment for one in every if _values_of(one, old.code)}
    news = {one.key.environment for one in every if _values_of(one, new.code)}
    for label, environments in ((old.label, olds), (new.label, news)):
        if not environments:
            needed = "Compare versions whose benchmarks are in the store."
            raise TooLittleDataError(f"{label} has no benchmarks", needed)
    if olds & news:
        needed = "Compare versions that ran the same benchmarks."
        raise TooLittleDataError(f"{old.label} and {new.label} share no benchmark", needed)
    here, there = store.environment(min(olds)), store.environment(min(news))
    raise UnlikeEnvironmentsError(here.differences(there))
