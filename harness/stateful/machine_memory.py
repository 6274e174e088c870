"""What came of the programs of one test, so that none is explored twice, and none differs.

While it shrinks, Hypothesis comes back to programs that it had, by other choices. And a program
that failed fails when it is shown: if its schedule then does something else, because of state that
is kept from one execution to the next, what was seen is told all the same.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from harness.exploration import Verdict
from harness.settings import Undecided
from harness.stateful.machine_errors import MachineUndecidedError
from harness.stateful.machine_exploring import explored
from harness.verdict_errors import UndecidedWarning

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.exploration import Exploration
    from harness.stateful.machine_drawing import Drawn
    from harness.stateful.machine_report import MachineFailedError
    from harness.stateful.machine_steps import MachineProgram

NOT_AGAIN = (
    "this program failed a moment ago and passes now: something is kept from one execution to the "
    "next, or follows neither from the schedule nor from the seed"
)


class Memory:
    """What came of programs. Belongs to one run of a test."""

    def __init__(self, machine: Any) -> None:  # noqa: ANN401  # a machine class
        self._machine = machine
        self._passed: set[Hashable] = set()
        self._failed: dict[Hashable, MachineFailedError] = {}
        self._explored = 0
        self._doubts: list[tuple[MachineProgram, str]] = []

    def note(self, program: MachineProgram, result: Exploration) -> None:
        """Keep in mind that a program was explored, and whether that showed anything."""
        self._explored += 1
        if result.verdict is Verdict.UNDECIDED:
            self._doubts.append((program, result.evidence))

    def settle_doubts(self) -> None:
        """Say that some programs are undecided, once no other has failed.

        Raises:
            MachineUndecidedError: Some are, and nobody said that a warning is enough.
        """
        if not self._doubts:
            return
        program, evidence = min(self._doubts, key=lambda one: len(one[0]))
        error = MachineUndecidedError(
            self._machine.__qualname__, len(self._doubts), self._explored,
            "\n".join(f"    {line}" for line in program.lines()), evidence,
        )  # fmt: skip
        if self._machine.concurrency.undecided == Undecided.FAIL:
            raise error
        warnings.warn(str(error), UndecidedWarning, stacklevel=4)

    def glance(self, drawn: Drawn) -> MachineFailedError | None:
        """Return how a program fails, without a token; None if it does not."""
        name = drawn.program.key()
        key = None if name is None else (name, drawn.seed)
        if name in self._passed or key in self._passed:
            return None
        before = self._failed.get(key)
        if before is not None:
            return before.anew()
        result, error = explored(drawn.program, self._machine, drawn=drawn, glance=True)
        self.note(drawn.program, result)
        if error is None:
            # Where every schedule was run, the seed changes nothing.
            self._passed |= {name if result.exhausted else key} - {None}
        elif key is not None:
            self._failed[key] = error.anew()
        return error

    def tell(self, drawn: Drawn) -> MachineFailedError | None:
        """Return how a program fails, under the smallest schedule; None if it does not."""
        _, error = explored(drawn.program, self._machine, drawn=drawn)
        before = self._failed.get((drawn.program.key(), drawn.seed))
        if error is None and before is not None:
            error = before.anew()
            error.add_note(NOT_AGAIN)
        return error
