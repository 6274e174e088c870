"""`ConcurrentStateMachine`: a Hypothesis machine whose rules run in threads.

The decorators and the base class are Hypothesis' own, so its `@settings`, `@seed` and
`@reproduce_failure` take these machines as they take theirs. Running one is ours: Hypothesis runs
a rule as soon as it is drawn, and nothing can be drawn while threads are controlled.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
from hypothesis.stateful import RuleBasedStateMachine

from harness.stateful.machine_settings import Concurrency
from harness.stateful.machine_testing import run_machine

if TYPE_CHECKING:
    import unittest

DEFAULT = Concurrency()


class ConcurrentStateMachine(RuleBasedStateMachine):
    """The object under test, and the rules by which threads use it.

    Hypothesis draws a program: some steps one after the other, two to four threads of steps at the
    same time, some steps after them. The engine runs it under many schedules. Each is judged: the
    results have to be those of some order of the steps in which the machine, run sequentially,
    returns the same (linearizability); invariants have to hold; no thread may wait for ever where
    the sequential machine would not. Hypothesis makes the program small, the engine the schedule.

    A rule calls the object and returns what came back; an exception is a result, too, but an
    assertion that fails in a rule fails the machine. What the rules do to `self` is part of what is
    tested: a machine that keeps books about the object beside it races with itself.

    Attributes:
        concurrency: How programs are written and explored.
        model: What threads are judged by, if not the machine run sequentially: a class with a
            method for each rule, or a `harness.linearizability.Model`.

    Example:
        >>> class PoolMachine(ConcurrentStateMachine):
        ...     connections = Bundle("connections")
        ...
        ...     def __init__(self):
        ...         self.pool = Pool(2)
        ...
        ...     @rule(target=connections)
        ...     def acquire(self):
        ...         return self.pool.acquire()
        ...
        ...     @rule(connection=consumes(connections))
        ...     def release(self, connection):
        ...         self.pool.release(connection)
        >>> TestPool = PoolMachine.TestCase
    """

    concurrency: ClassVar[Concurrency] = DEFAULT
    model: ClassVar[Any] = None

    def __init__(self) -> None:
        """Do nothing: what Hypothesis keeps in a machine while it draws is kept elsewhere."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def teardown(self) -> None:
        """Clean up after an execution; called once for each machine that was made."""

    @classmethod
    @lru_cache(maxsize=256)
    def _to_test_case(cls) -> type[unittest.TestCase]:  # type: ignore[override]  # theirs, named
        import unittest  # noqa: PLC0415  # only who asks for a test pays for it

        class MachineTestCase(unittest.TestCase):
            settings = hypothesis.settings(
                deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
            )

            def runTest(self) -> None:  # noqa: N802  # unittest's name
                __tracebackhide__ = True
                run_concurrent_state_machine_as_test(cls, settings=self.settings)

            # What Hypothesis' own plugin for pytest looks at.
            for name, value in (
                ("is_hypothesis_test", True),
                ("_hypothesis_state_machine_class", cls),
            ):
                setattr(runTest, name, value)

        MachineTestCase.__name__ = f"{cls.__name__}.TestCase"
        MachineTestCase.__qualname__ = f"{cls.__qualname__}.TestCase"
        MachineTestCase.__module__ = cls.__module__
        return MachineTestCase


def run_concurrent_state_machine_as_test(
    machine: type[ConcurrentStateMachine], *, settings: hypothesis.settings | None = None
) -> None:
    """Let Hypothesis write programs of a machine, explore each, and raise what fails.

    Args:
        settings: Hypothesis' own; None takes those of `machine.TestCase`. The deadline is left out:
            what takes time is exploring, whose length is `machine.concurrency`'s.

    Raises:
        MachineFailedError: A program fails; its text is the story.
        MachineError: The machine is not written so that it can run.
    """
    __tracebackhide__ = True
    run_machine(machine, settings or machine.TestCase.settings)
