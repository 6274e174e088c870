"""What every run reports: records, the store they go to, the page and the gate read from it.

Import records and the writer from here; figures and pages load their libraries when they draw.
"""

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

__all__ = [
    "BadValueError",
    "DamagedDocumentError",
    "Direction",
    "Environment",
    "Measure",
    "MissingExtraError",
    "NoStoreError",
    "Outcome",
    "Record",
    "RecordKind",
    "ReportsError",
    "RunDocument",
    "Store",
    "StoreNotOursError",
    "TooLittleDataError",
    "UnknownDocumentError",
    "UnlikeEnvironmentsError",
    "write_run",
]
