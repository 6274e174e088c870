"""Which series and runs somebody wants out of a store."""

from __future__ import annotations

import dataclasses
import fnmatch
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.series import RunStamp, Series
    from reports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is exported; a filter that is empty keeps everything.

    Attributes:
        benchmarks: Patterns with `*` and `?`; one of them fits the benchmark's name.
        metrics: The same for the metric's name.
        environments: One of them begins the fingerprint or stands in the environment's words.
        since: Runs that were written then or later.
    """

    benchmarks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    since: datetime | None = None

    @property
    def splits_runs(self) -> bool:
        """Return whether only parts of a run may be kept."""
        return bool(self.benchmarks or self.metrics)

    def to_json(self) -> dict[str, Any]:
        """Return what was asked for, as JSON values."""
        return {
            "benchmarks": list(self.benchmarks),
            "metrics": list(self.metrics),
            "environments": list(self.environments),
            "since": self.since.isoformat() if self.since else None,
        }


def chosen_series(store: Store, wanted: Filter) -> Iterator[Series]:
    """Yield the series that fit, each with the runs that fit, in the store's order."""
    fingerprints = _fingerprints(store, wanted)
    for series in store.all_series():
        key = series.key
        if key.environment not in fingerprints:
            continue
        if not (_fits(key.benchmark, wanted.benchmarks) and _fits(key.metric, wanted.metrics)):
            continue
        runs = tuple(run for run in series.runs if _is_recent(run.stamp, wanted))
        if runs:
            yield (
                series if len(runs) == len(series.runs) else dataclasses.replace(series, runs=runs)
            )


def chosen_runs(store: Store, wanted: Filter) -> Iterator[RunStamp]:
    """Yield the runs that fit, the oldest first; of whatever kind their records are.

    Raises:
        BadValueError: The filter would split runs, which are whole documents.
    """
    if wanted.splits_runs:
        takes = "--environment and --since: a run is one document, whole"
        raise BadValueError("--runs", "a benchmark or a metric to choose by", takes)
    fingerprints = _fingerprints(store, wanted)
    for stamp in reversed(store.stamps()):
        if stamp.environment in fingerprints and _is_recent(stamp, wanted):
            yield stamp


def since_from(text: str) -> datetime | None:
    """Return the time that an ISO 8601 date or time means, in UTC where it has no zone.

    Raises:
        BadValueError: It is none.
    """
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        takes = "a date such as 2026-05-01, or with a time 2026-05-01T12:00"
        raise BadValueError("--since", repr(text)[:80], takes) from error


def _fingerprints(store: Store, wanted: Filter) -> frozenset[str]:
    return frozenset(
        one.fingerprint
        for one in store.environments()
        if not wanted.environments
        or any(one.fingerprint.startswith(text) or text in str(one) for text in wanted.environments)
    )


def _fits(name: str, patterns: Iterable[str]) -> bool:
    every = tuple(patterns)
    return not every or any(fnmatch.fnmatchcase(name, pattern) for pattern in every)


def _is_recent(stamp: RunStamp, wanted: Filter) -> bool:
    return wanted.since is None or stamp.written_at >= wanted.since
