"""Runs a machine as a test: Hypothesis writes programs, the engine explores each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis.control import current_build_context
from hypothesis.internal.reflection import function_digest

from harness.errors import ArgumentError
from harness.stateful.machine_drawing import Drawn, programs
from harness.stateful.machine_exploring import explore_program_of
from harness.stateful.machine_running import EXAMPLES, check_machine

if TYPE_CHECKING:
    from collections.abc import Callable


def run_machine(machine: Any, settings: hypothesis.settings) -> None:  # noqa: ANN401  # a machine class
    """Run a machine as a test.

    Raises:
        MachineFailedError: A program fails.
    """
    __tracebackhide__ = True
    check_machine(machine)
    if not isinstance(settings, hypothesis.settings):
        raise ArgumentError("settings", settings, "hypothesis.settings(...)")
    if hypothesis.Phase.explicit in settings.phases:
        for program in getattr(machine, EXAMPLES, ()):
            explore_program_of(machine, program)
    _test_of(machine, settings)()


def _test_of(machine: Any, settings: hypothesis.settings) -> Callable[[], None]:  # noqa: ANN401  # as above
    """Return a machine as a test of Hypothesis'."""
    phases = [one for one in settings.phases if one is not hypothesis.Phase.explain]

    # To explain a failure Hypothesis traces lines, of which those of the engine would be most.
    @hypothesis.settings(settings, deadline=None, phases=phases)
    @hypothesis.given(programs(machine, machine.concurrency))
    def run_concurrent_machine(drawn: Drawn) -> None:
        __tracebackhide__ = True
        if len(drawn.program):
            final = current_build_context().is_final
            explore_program_of(
                machine, drawn.program, seed=drawn.seed, parts=drawn.parts, glance=not final
            )

    test: Any = run_concurrent_machine
    # By this a test is known in the example database: each machine has failures of its own.
    test.hypothesis.inner_test._hypothesis_internal_add_digest = function_digest(machine)
    for name in ("_hypothesis_internal_use_seed", "_hypothesis_internal_use_reproduce_failure"):
        setattr(test, name, getattr(machine, name, None))
    test._hypothesis_internal_print_given_args = False
    found: Callable[[], None] = test
    return found
