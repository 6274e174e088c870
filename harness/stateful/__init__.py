"""Concurrent programs over one object: written, run under many schedules, and judged."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from harness.stateful.checked import (
    Checked,
    FailingProgram,
    NotLinearizableError,
    ProgramFailedError,
    UndecidedCheckError,
)
from harness.stateful.checking import check_linearizable
from harness.stateful.errors import FactoryError, ModelFaultError
from harness.stateful.machine_errors import (
    HypothesisMissingError,
    MachineError,
    MachineUndecidedError,
    MachineUnsteadyError,
)
from harness.stateful.operations import operation, unique
from harness.stateful.program import Call, Program
from harness.stateful.program_check import check_program
from harness.stateful.program_exploring import explore_program, program_body, replay_program

if TYPE_CHECKING:
    from hypothesis.stateful import Bundle, consumes, invariant, multiple, precondition

    from harness.stateful.machine import (
        ConcurrentStateMachine,
        run_concurrent_state_machine_as_test,
    )
    from harness.stateful.machine_decorators import initialize, rule
    from harness.stateful.machine_report import MachineFailedError
    from harness.stateful.machine_running import example_program, run_steps
    from harness.stateful.machine_settings import Concurrency
    from harness.stateful.machine_steps import MachineProgram, Result, Step

__all__ = [
    "Bundle",
    "Call",
    "Checked",
    "Concurrency",
    "ConcurrentStateMachine",
    "FactoryError",
    "FailingProgram",
    "HypothesisMissingError",
    "MachineError",
    "MachineFailedError",
    "MachineProgram",
    "MachineUndecidedError",
    "MachineUnsteadyError",
    "ModelFaultError",
    "NotLinearizableError",
    "Program",
    "ProgramFailedError",
    "Result",
    "Step",
    "UndecidedCheckError",
    "check_linearizable",
    "check_program",
    "consumes",
    "example_program",
    "explore_program",
    "initialize",
    "invariant",
    "multiple",
    "operation",
    "precondition",
    "program_body",
    "replay_program",
    "rule",
    "run_concurrent_state_machine_as_test",
    "run_steps",
    "unique",
]

# Loaded when it is first asked for: it is Hypothesis, or made with it.
_LATER: Final = {
    "Bundle": "hypothesis.stateful",
    "consumes": "hypothesis.stateful",
    "initialize": "harness.stateful.machine_decorators",
    "invariant": "hypothesis.stateful",
    "multiple": "hypothesis.stateful",
    "precondition": "hypothesis.stateful",
    "rule": "harness.stateful.machine_decorators",
    "ConcurrentStateMachine": "harness.stateful.machine",
    "run_concurrent_state_machine_as_test": "harness.stateful.machine",
    "MachineFailedError": "harness.stateful.machine_report",
    "example_program": "harness.stateful.machine_running",
    "run_steps": "harness.stateful.machine_running",
    "Concurrency": "harness.stateful.machine_settings",
    "MachineProgram": "harness.stateful.machine_steps",
    "Result": "harness.stateful.machine_steps",
    "Step": "harness.stateful.machine_steps",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the face offers
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise HypothesisMissingError(name, str(error)) from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
