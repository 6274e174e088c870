"""Runs a machine as a test: Hypothesis writes programs, the engine explores each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis.control import current_build_context
from hypothesis.internal.reflection import function_digest

from harness.errors import ArgumentError
from harness.exploration import Verdict
from harness.explorer import Explorer
from harness.exploring import explore, shown_seed, visible_body
from harness.stateful.machine_body import MachineBody
from harness.stateful.machine_drawing import Drawn, programs
from harness.stateful.machine_judge import MachineJudge
from harness.stateful.machine_report import MachineFailedError
from harness.stateful.machine_rules import rules_of
from harness.stateful.machine_sequence import SequentialRuns, apply_method
from harness.stateful.program_search import Glance
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.exploration import Exploration
    from harness.stateful.machine_settings import Concurrency
    from harness.stateful.machine_steps import MachineProgram


def run_machine(machine: Any, settings: hypothesis.settings) -> None:  # noqa: ANN401  # a machine class
    """Run a machine as a test.

    Raises:
        MachineFailedError: A program fails.
    """
    __tracebackhide__ = True
    if not isinstance(settings, hypothesis.settings):
        raise ArgumentError("settings", settings, "hypothesis.settings(...)")
    _test_of(machine, settings)()


def _test_of(machine: Any, settings: hypothesis.settings) -> Callable[[], None]:  # noqa: ANN401  # as above
    """Return a machine as a test of Hypothesis'."""
    concurrency: Concurrency = machine.concurrency

    phases = [one for one in settings.phases if one is not hypothesis.Phase.explain]

    # To explain a failure Hypothesis traces lines, of which those of the engine would be most.
    @hypothesis.settings(settings, deadline=None, phases=phases)
    @hypothesis.given(programs(machine, concurrency))
    def run_concurrent_machine(drawn: Drawn) -> None:
        __tracebackhide__ = True
        explore_drawn(machine, drawn, concurrency, final=current_build_context().is_final)

    test: Any = run_concurrent_machine
    # By this a test is known in the example database: each machine has failures of its own.
    test.hypothesis.inner_test._hypothesis_internal_add_digest = function_digest(machine)
    for name in ("_hypothesis_internal_use_seed", "_hypothesis_internal_use_reproduce_failure"):
        setattr(test, name, getattr(machine, name, None))
    test._hypothesis_internal_print_given_args = False
    found: Callable[[], None] = test
    return found


def explore_drawn(machine: Any, drawn: Drawn, concurrency: Concurrency, *, final: bool) -> None:  # noqa: ANN401  # as above
    """Explore one program.

    Args:
        final: This is what a reader will see: make the schedule small.

    Raises:
        MachineFailedError: It fails.
    """
    __tracebackhide__ = True
    if not len(drawn.program):
        return
    body = machine_body(machine, drawn.program, parts=drawn.parts)
    search = _explored if final else _looked_at
    result = search(body, concurrency, drawn.seed)
    if result.verdict is Verdict.FAILED:
        raise MachineFailedError(result, drawn.program, machine) from None


def _explored(body: MachineBody, concurrency: Concurrency, seed: int) -> Exploration:
    return explore(
        body, concurrency.strategy, executions=concurrency.executions, seed=seed,
        max_steps=concurrency.max_steps, model=concurrency.switching,
        fail_on=concurrency.fail_on, early_timeouts=concurrency.early_timeouts,
    )  # fmt: skip


def _looked_at(body: MachineBody, concurrency: Concurrency, seed: int) -> Exploration:
    """Explore a program without making anything of what fails: there are many to come."""
    name, strategy = make_strategy(concurrency.strategy, seed)
    common: dict[str, Any] = {
        "model": concurrency.switching,
        "max_steps": concurrency.max_steps,
        "rules": concurrency.fail_on,
    }
    with visible_body(body) as (runnable, invisible):
        explorer = Explorer(
            runnable,
            strategy,
            name=name,
            seed=shown_seed(strategy, concurrency.strategy, seed),
            invisible=invisible,
            early_timeouts=concurrency.early_timeouts,
            examiner=Glance(runnable, seed=seed, **common),
            **common,
        )
        return explorer.run(concurrency.executions, None, None)


def machine_body(machine: Any, program: MachineProgram, *, parts: tuple[type, ...] = ()) -> MachineBody:  # noqa: ANN401, E501  # as above
    """Return a program of a machine as a body for `harness.explore`, `harness.replay` and others."""
    rules = rules_of(machine)
    model = machine.model
    steps = program.steps()
    if model is None:
        runs = SequentialRuns(machine, rules, steps)
        name = f"{machine.__name__}"
    else:
        runs = SequentialRuns(model, rules, steps, apply=apply_method, guards=False)
        name = f"{model.__name__}"
    return MachineBody(machine, program, MachineJudge(program, runs, name=name), parts=parts)
