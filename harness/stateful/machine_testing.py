"""Runs a machine as a test: Hypothesis writes programs, the engine explores each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import hypothesis
import hypothesis.errors
from hypothesis.control import current_build_context
from hypothesis.internal.reflection import function_digest

from harness.errors import ArgumentError
from harness.stateful.machine_drawing import Drawn, programs
from harness.stateful.machine_errors import MachineUnsteadyError
from harness.stateful.machine_exploring import explored
from harness.stateful.machine_memory import Memory
from harness.stateful.machine_running import EXAMPLES, check_machine

if TYPE_CHECKING:
    from collections.abc import Callable

# What Hypothesis' own machines set on their tests, under these names since 6.0.
DIGEST: Final = "_hypothesis_internal_add_digest"
GIVEN: Final = ("_hypothesis_internal_use_seed", "_hypothesis_internal_use_reproduce_failure")
PRINTS_ARGUMENTS: Final = "_hypothesis_internal_print_given_args"


def run_machine(machine: Any, settings: hypothesis.settings) -> None:  # noqa: ANN401  # a machine class
    """Run a machine as a test.

    Raises:
        MachineFailedError: A program fails.
        MachineUnsteadyError: The machine does not do the same twice.
        MachineUndecidedError: None failed, and some could not be judged.
    """
    __tracebackhide__ = True
    check_machine(machine)
    if not isinstance(settings, hypothesis.settings):
        raise ArgumentError("settings", settings, "hypothesis.settings(...)")
    memory = Memory(machine)
    if hypothesis.Phase.explicit in settings.phases:
        for program in getattr(machine, EXAMPLES, ()):
            result, error = explored(program, machine)
            memory.note(program, result)
            if error is not None:
                raise error
    try:
        _test_of(machine, settings, memory)()
    except hypothesis.errors.Flaky as error:
        raise MachineUnsteadyError(machine.__qualname__, str(error)) from error
    memory.settle_doubts()


def _test_of(
    machine: Any,  # noqa: ANN401  # as above
    settings: hypothesis.settings,
    memory: Memory,
) -> Callable[[], None]:
    """Return a machine as a test of Hypothesis'."""
    phases = [one for one in settings.phases if one is not hypothesis.Phase.explain]

    # Steps are run while they are drawn, which takes longer than to draw them.
    checks = [*settings.suppress_health_check, hypothesis.HealthCheck.too_slow]

    # To explain a failure Hypothesis traces lines, of which those of the engine would be most.
    @hypothesis.settings(settings, deadline=None, phases=phases, suppress_health_check=checks)
    @hypothesis.given(programs(machine, machine.concurrency))
    def run_concurrent_machine(drawn: Drawn) -> None:
        __tracebackhide__ = True
        if not len(drawn.program):
            return
        look = memory.tell if current_build_context().is_final else memory.glance
        error = look(drawn)
        # The one line from which all failures come: by it Hypothesis tells them apart.
        if error is not None:
            raise error

    test: Any = run_concurrent_machine
    # By this a test is known in the example database: each machine has failures of its own.
    setattr(test.hypothesis.inner_test, DIGEST, function_digest(machine))
    for name in GIVEN:
        setattr(test, name, getattr(machine, name, None))
    setattr(test, PRINTS_ARGUMENTS, False)  # the failure itself shows the program
    found: Callable[[], None] = test
    return found
