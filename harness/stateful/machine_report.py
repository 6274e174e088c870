"""How a machine fails: with the smallest program, the story of its schedule, and a test to keep."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from harness.verdict_errors import InterleavingError

if TYPE_CHECKING:
    from harness.exploration import Exploration
    from harness.stateful.machine_steps import MachineProgram


class MachineFailedError(InterleavingError):
    """A program of a machine failed under some interleaving; the text is its story.

    Attributes:
        program: The smallest one that fails.
    """

    def __init__(self, result: Exploration, program: MachineProgram, machine: type) -> None:
        super().__init__(result)
        self.program = program
        self.machine = machine

    def anew(self) -> MachineFailedError:
        """Return the same failure, not raised yet."""
        return MachineFailedError(self.result, self.program, self.machine)

    def __str__(self) -> str:
        name = self.machine.__name__
        lines = [f"{name} fails in this program:", ""]
        lines += [f"    {line}".rstrip() for line in self.program.lines(name)]
        lines += ["    state.teardown()", "", super().__str__()]
        finding = self.result.finding
        if finding is not None and finding.token:
            lines += ["", "A test that keeps it:", ""]
            lines += regression_source(self.machine, self.program, finding.token).splitlines()
        return "\n".join(lines)


def regression_source(machine: type, program: MachineProgram, token: str) -> str:
    """Return the source of a test that runs one schedule of a program again."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", machine.__name__).lower()
    root = machine.__qualname__.partition(".")[0]
    steps = program.source()
    used = "Result, Step" if "Result(" in steps else "Step"
    return (
        "import harness\n"
        f"from harness.stateful import {used}, run_steps\n"
        f"from {machine.__module__} import {root}\n"
        "\n\n"
        f'@harness.regression(\n    "{token}"\n)\n'
        f"def test_{words}():\n"
        f"    run_steps(\n        {machine.__qualname__},\n"
        f"{textwrap.indent(steps, '    ')}"
        "    )\n"
    )
