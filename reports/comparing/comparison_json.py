"""A comparison as JSON, for scripts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from reports.comparing.wording import word
from reports.quantities import MINUS, THIN

if TYPE_CHECKING:
    from reports.comparing.pairs import Comparison, Pair

COMPARISON_SCHEMA: Final = "holdfast.comparison/1"


def comparison_json(found: Comparison) -> str:
    """Return the whole comparison; numbers that are not known are null."""
    options = found.options
    values = {
        "schema": COMPARISON_SCHEMA,
        "old": {"label": found.old_label, "runs": found.old_runs, "only_here": found.only_old},
        "new": {"label": found.new_label, "runs": found.new_runs, "only_here": found.only_new},
        "session": found.session or None,
        "floor": options.floor,
        "alpha": options.alpha,
        "environment_differences": list(found.differences),
        "pairs": [_pair(pair) for pair in found.pairs],
    }
    return json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False)


def _pair(pair: Pair) -> dict[str, Any]:
    found, judged = pair.found, pair.judged
    return {
        "benchmark": pair.benchmark,
        "metric": pair.metric,
        "unit": pair.unit,
        "direction": pair.direction.name.lower(),
        "environment": pair.environment or None,
        "verdict": judged.verdict.value,
        "word": word(judged.verdict, unit=pair.unit, direction=pair.direction),
        "reason": judged.reason.replace(THIN, " ").replace(MINUS, "-"),
        "statistic": pair.statistic.value,
        "old": {"level": found.old_level, "values": list(pair.old_values)},
        "new": {"level": found.new_level, "values": list(pair.new_values)},
        "relative": found.relative,
        "change": _finite(found.change),
        "interval": [_finite(bound) for bound in found.interval] if found.interval else None,
        "interval_method": found.interval_method.value,
        "method": found.method.value,
        "p": found.p,
        "p_adjusted": judged.p_adjusted,
        "hedges_g": found.hedges_g,
        "cliffs_delta": found.cliffs_delta,
        "noise": found.noise,
        "smallest_visible": _finite(judged.smallest_visible),
        "more_runs": judged.more_runs,
        "typical_change": _finite(pair.typical_change),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
