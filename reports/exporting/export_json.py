"""A store as JSON: its series with their runs in order, or its documents as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from reports.exporting.filters import chosen_runs, chosen_series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.exporting.filters import Filter
    from reports.series import RunValue, Series
    from reports.store import Store

EXPORT_SCHEMA: Final = "holdfast.export/1"
RUNS_SCHEMA: Final = "holdfast.runs/1"


def series_json(store: Store, wanted: Filter) -> tuple[str, int]:
    """Return one JSON document of all series that fit, and how many they are."""
    every = list(chosen_series(store, wanted))
    used = {series.key.environment for series in every}
    values = {
        "schema": EXPORT_SCHEMA,
        "filter": wanted.to_json(),
        "environments": {
            one.fingerprint: one.to_json()
            for one in store.environments()
            if one.fingerprint in used
        },
        "series": [_series(one) for one in every],
    }
    text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text + "\n", len(every)


def runs_json(store: Store, wanted: Filter) -> Iterator[str]:
    """Yield the parts of one JSON document that holds all documents that fit, each on its lines."""
    yield f'{{"schema": "{RUNS_SCHEMA}", "documents": ['
    comma = ""
    for stamp in chosen_runs(store, wanted):
        yield comma + "\n" + store.document(stamp.run_id).to_bytes().decode("ascii").rstrip()
        comma = ","
    yield "\n]}\n"


def _series(series: Series) -> dict[str, Any]:
    return {
        "benchmark": series.key.benchmark,
        "metric": series.key.metric,
        "environment": series.key.environment,
        "unit": series.unit,
        "direction": series.direction.name.lower(),
        "params": dict(series.params),
        "runs": [_run(one) for one in series.runs],
    }


def _run(run: RunValue) -> dict[str, Any]:
    stamp = run.stamp
    values: dict[str, Any] = {
        "run": stamp.run_id,
        "commit": stamp.commit_id,
        "position": stamp.position,
        "dirty": stamp.dirty,
        "changes": stamp.changes,
        "committed_at": stamp.committed_at.isoformat() if stamp.committed_at else None,
        "written_at": stamp.written_at.isoformat(),
        "source": stamp.source,
        "session": stamp.session,
        "value": run.value,
        "n": run.n,
        "minimum": run.minimum,
        "q1": run.q1,
        "median": run.median,
        "q3": run.q3,
        "maximum": run.maximum,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}
