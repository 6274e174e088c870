"""Histories of concurrent operations, models of what they should do, and who compares them."""

from __future__ import annotations

from harness.linearizability.checker import check
from harness.linearizability.counterexample import Counterexample, Reduction
from harness.linearizability.determinized import NondeterministicModel, determinized
from harness.linearizability.errors import (
    HistoryFileError,
    HistoryValueError,
    ObserverError,
    OperationError,
    UnknownModelError,
    UnknownOperationError,
    UnsteadyModelError,
)
from harness.linearizability.history import History
from harness.linearizability.history_file import HistoryFile, read_history, write_history
from harness.linearizability.history_lines import FileLimits
from harness.linearizability.judgement import Criterion, Failure, Judgement, Prefix, Verdict
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.models import (
    MODEL_NAMES,
    BoundedQueue,
    CasRegister,
    Counter,
    Fifo,
    KeyValue,
    KeyValueAppend,
    Lifo,
    Mutex,
    PriorityQueue,
    ReadyModel,
    Register,
    Semaphore,
    SetModel,
    make_model,
)
from harness.linearizability.operation import Operation, Raised, Status
from harness.linearizability.picture import to_html, to_svg, to_text
from harness.linearizability.recording import Recording
from harness.linearizability.reduction import reduce
from harness.linearizability.sequential import SequentialModel
from harness.linearizability.sequential_graph import BLOCKED, Blocked

__all__ = [
    "BLOCKED",
    "MODEL_NAMES",
    "REFUSED",
    "Blocked",
    "BoundedQueue",
    "CasRegister",
    "Counter",
    "Counterexample",
    "Criterion",
    "Failure",
    "Fifo",
    "FileLimits",
    "History",
    "HistoryFile",
    "HistoryFileError",
    "HistoryValueError",
    "Judgement",
    "KeyValue",
    "KeyValueAppend",
    "Lifo",
    "Model",
    "Mutex",
    "NondeterministicModel",
    "ObserverError",
    "Operation",
    "OperationError",
    "Prefix",
    "PriorityQueue",
    "Raised",
    "ReadyModel",
    "Recording",
    "Reduction",
    "Refused",
    "Register",
    "Semaphore",
    "SequentialModel",
    "SetModel",
    "Status",
    "UnknownModelError",
    "UnknownOperationError",
    "UnsteadyModelError",
    "Verdict",
    "check",
    "determinized",
    "make_model",
    "read_history",
    "reduce",
    "to_html",
    "to_svg",
    "to_text",
    "write_history",
]
