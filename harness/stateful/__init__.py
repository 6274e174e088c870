"""Concurrent programs over one object: written, run under many schedules, and judged."""

from __future__ import annotations

from harness.stateful.errors import FactoryError, ModelFaultError
from harness.stateful.operations import operation, unique
from harness.stateful.program import Call, Program
from harness.stateful.program_exploring import explore_program, replay_program

__all__ = [
    "Call",
    "FactoryError",
    "ModelFaultError",
    "Program",
    "explore_program",
    "operation",
    "replay_program",
    "unique",
]
