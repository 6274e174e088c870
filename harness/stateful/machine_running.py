"""Runs programs of a machine that somebody has written down: regressions and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from harness.engine import board
from harness.errors import ArgumentError
from harness.stateful.machine_exploring import explored, machine_body
from harness.stateful.machine_rules import rules_of
from harness.stateful.machine_steps import MachineProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.stateful.machine_steps import Step

Machine = TypeVar("Machine", bound=type)
EXAMPLES = "__holdfast_examples__"  # the attribute of a machine class


def run_steps(
    machine: type,
    *,
    threads: Iterable[Iterable[Step]],
    prefix: Iterable[Step] = (),
    suffix: Iterable[Step] = (),
) -> None:
    """Run one program of a machine, and judge it.

    In a controlled execution, as under `@harness.regression(TOKEN)`, the program runs once, as part
    of it, and is judged when the execution is over. Elsewhere it is explored as the machine's
    `concurrency` says. Preconditions are not asked: who writes steps knows what they are for.

    Args:
        threads: The steps of each thread.
        prefix: Steps before the threads start.
        suffix: Steps after they have ended.

    Raises:
        MachineFailedError: The exploration found a failure; its text is the story.
        MachineError: A step does not fit the rules of the machine.
        ArgumentError: It is no program.

    Example:
        >>> @harness.regression(TOKEN)
        ... def test_two_threads_never_get_one_connection():
        ...     acquire = [Step("acquire")]
        ...     run_steps(PoolMachine, threads=[acquire, acquire])
    """
    __tracebackhide__ = True
    program = _program(machine, threads, prefix, suffix)
    running = board.current()
    if running is None:
        _, error = explored(program, machine)
        if error is not None:
            raise error
        return
    body = machine_body(machine, program)
    running.judge = body
    with body.visible():
        body()


def example_program(
    *,
    threads: Iterable[Iterable[Step]],
    prefix: Iterable[Step] = (),
    suffix: Iterable[Step] = (),
) -> Callable[[Machine], Machine]:
    """Return a decorator of a machine class: this program is always explored, before all others.

    What `@example` is to a function under `@given`. May stand more than once.

    Raises:
        MachineError: A step does not fit the rules of the machine.
        ArgumentError: It is no program, or what is decorated no machine.
    """
    given = [list(part) for part in threads], list(prefix), list(suffix)

    def decorate(machine: Machine) -> Machine:
        program = _program(machine, *given)
        examples = (program, *vars(machine).get(EXAMPLES, ()))
        setattr(machine, EXAMPLES, examples)
        return machine

    return decorate


def _program(
    machine: Any,  # noqa: ANN401  # whatever was given
    threads: Iterable[Iterable[Step]],
    prefix: Iterable[Step],
    suffix: Iterable[Step],
) -> MachineProgram:
    check_machine(machine)
    program = MachineProgram.of(threads, prefix=prefix, suffix=suffix)
    rules = rules_of(machine)
    for step in program.steps():
        rules.rule_of(step)
    return program


def check_machine(machine: object) -> None:
    """Check that something is a machine class of ours.

    Raises:
        ArgumentError: It is not.
    """
    ours = isinstance(machine, type) and issubclass(machine, RuleBasedStateMachine)
    if not ours or not hasattr(machine, "concurrency"):
        raise ArgumentError("machine", machine, "a subclass of ConcurrentStateMachine")
