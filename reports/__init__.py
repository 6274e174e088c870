"""What every run reports, the store it goes to, and what is made of many runs.

Records and the writer are loaded at once; whatever computes or draws is loaded when it is asked
for, with its libraries.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from reports.document import RunDocument
from reports.environment import Environment
from reports.errors import (
    BadValueError,
    DamagedDocumentError,
    MissingExtraError,
    NoStoreError,
    ReportsError,
    StoreNotOursError,
    TooLittleDataError,
    UnknownDocumentError,
    UnlikeEnvironmentsError,
)
from reports.record import Direction, Measure, Outcome, Record, RecordKind
from reports.store import Store
from reports.write import write_run

if TYPE_CHECKING:
    from reports.change_points.analysis import Analysis, Change, ChangeKind
    from reports.change_points.counts import detect_counts
    from reports.change_points.detection import detect
    from reports.comparing.difference import Difference, difference
    from reports.judging.judged_store import judge_store
    from reports.judging.policy import Policy
    from reports.judging.verdict import JudgedSeries, SeriesChange, SeriesState, StoreJudgement
    from reports.page.page import build_page
    from reports.series import Series, SeriesKey

__all__ = [
    "Analysis",
    "BadValueError",
    "Change",
    "ChangeKind",
    "DamagedDocumentError",
    "Difference",
    "Direction",
    "Environment",
    "JudgedSeries",
    "Measure",
    "MissingExtraError",
    "NoStoreError",
    "Outcome",
    "Policy",
    "Record",
    "RecordKind",
    "ReportsError",
    "RunDocument",
    "Series",
    "SeriesChange",
    "SeriesKey",
    "SeriesState",
    "Store",
    "StoreJudgement",
    "StoreNotOursError",
    "TooLittleDataError",
    "UnknownDocumentError",
    "UnlikeEnvironmentsError",
    "build_page",
    "detect",
    "detect_counts",
    "difference",
    "judge_store",
    "write_run",
]

_LATER: Final = {
    "Analysis": "reports.change_points.analysis",
    "Change": "reports.change_points.analysis",
    "ChangeKind": "reports.change_points.analysis",
    "detect_counts": "reports.change_points.counts",
    "detect": "reports.change_points.detection",
    "Difference": "reports.comparing.difference",
    "difference": "reports.comparing.difference",
    "judge_store": "reports.judging.judged_store",
    "Policy": "reports.judging.policy",
    "JudgedSeries": "reports.judging.verdict",
    "SeriesChange": "reports.judging.verdict",
    "SeriesState": "reports.judging.verdict",
    "StoreJudgement": "reports.judging.verdict",
    "build_page": "reports.page.page",
    "Series": "reports.series",
    "SeriesKey": "reports.series",
}

# The two look-ups stand in the faces of packages above as well, word for word; see there why.


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the face offers
    """Load a name of the face."""
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names of the face, loaded or not."""
    return sorted({*globals(), *__all__})
