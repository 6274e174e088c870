"""A gate's verdict as JSON, for whoever builds something on it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reports.judging.decision import Decision
    from reports.judging.verdict import Acknowledgement, JudgedSeries, Place, SeriesChange

GATE_SCHEMA: Final = "holdfast.gate/1"


def decision_bytes(decision: Decision) -> bytes:
    """Return the verdict's bytes; what is not known is null, an infinite number too."""
    judgement = decision.judgement
    values = {
        "schema": GATE_SCHEMA,
        "verdict": decision.colour.name.lower(),
        "exit_code": decision.exit_code,
        "code": judgement.label,
        "environment": judgement.environment.to_json(),
        "since": decision.since.commit_id if decision.since else None,
        "false_discovery_rate": judgement.false_discovery_rate,
        "regressions": [change.alert_id for change in decision.regressions],
        "notes": [*judgement.notes, *([judgement.behind] if judgement.behind else [])],
        "series": [_series(one) for one in judgement.series],
    }
    return json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def _series(judged: JudgedSeries) -> dict[str, Any]:
    suspect = judged.suspect
    return {
        "benchmark": judged.key.benchmark,
        "metric": judged.key.metric,
        "environment": judged.key.environment,
        "unit": judged.unit,
        "direction": judged.direction.name.lower(),
        "state": judged.state.name.lower(),
        "points": judged.points,
        "runs": judged.runs,
        "current": _finite(judged.current),
        "level": _finite(judged.level),
        "noise": _finite(judged.noise),
        "smallest_visible": _finite(judged.smallest_visible),
        "is_current": judged.is_current,
        "reason": judged.reason,
        "suspect": None
        if suspect is None
        else {
            "code": suspect.place.label,
            "change": _finite(suspect.change),
            "runs": suspect.runs,
            "wanted": suspect.wanted,
            "decisive": suspect.decisive,
        },
        "spikes": list(judged.spikes),
        "changes": [_change(change) for change in judged.changes],
    }


def _change(change: SeriesChange) -> dict[str, Any]:
    return {
        "alert": change.alert_id,
        "kind": change.kind.value,
        "last_before": _place(change.last_before),
        "first_after": _place(change.first_after),
        "until": _place(change.until),
        "goes_on": change.goes_on,
        "before": _finite(change.before),
        "after": _finite(change.after),
        "change": _finite(change.change),
        "interval": [_finite(end) for end in change.interval],
        "p": change.p,
        "p_adjusted": change.p_adjusted,
        "worse": change.worse,
        "standing": change.standing,
        "fixed_by": _place(change.fixed_by),
        "basis": change.basis.name.lower(),
        "runs": change.runs,
        "accepted": _accepted(change.acknowledged),
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "index": place.index,
        "code": place.label,
        "commit": place.commit_id,
        "position": place.position,
        "at": place.at.isoformat(),
    }


def _accepted(entry: Acknowledgement | None) -> dict[str, str] | None:
    if entry is None:
        return None
    return {"author": entry.who, "reason": entry.why, "date": entry.day.isoformat()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
