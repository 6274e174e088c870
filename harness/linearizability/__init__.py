"""Histories of concurrent operations, models of what they should do, and who compares them."""

from __future__ import annotations

from harness.linearizability.history import History
from harness.linearizability.judgement import Criterion, Failure, Judgement, Prefix, Verdict
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.operation import Operation, Raised, Status
from harness.linearizability.raised import raised
from harness.linearizability.recording import Recording

__all__ = [
    "REFUSED",
    "Criterion",
    "Failure",
    "History",
    "Judgement",
    "Model",
    "Operation",
    "Prefix",
    "Raised",
    "Recording",
    "Refused",
    "Status",
    "Verdict",
    "raised",
]
