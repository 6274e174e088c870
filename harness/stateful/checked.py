"""What came of searching the programs of an object: evidence, or a failing program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.exploration import Verdict
from harness.finding import FindingKind
from harness.headway import grouped
from harness.linearizability.judgement import Criterion

if TYPE_CHECKING:
    from harness.finding import Finding
    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.history import History
    from harness.stateful.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was run, and that nothing of it was wrong.

    Attributes:
        name: Of what makes the objects.
        verdict: PASSED, or UNDECIDED where a budget ended first.
        programs: How many were run.
        largest: The greatest size among them: "2 threads x 3 calls".
        exhausted: Of how many programs every schedule was run.
        executions: In all.
        histories: How many different ones were judged; equal ones are judged once.
        judged_by: The model, and the criterion where it is not linearizability.
        searched_by: The strategy and its seed.
        doubts: Why less was shown than it seems; empty where nothing is in the way.
        elapsed_s: Wall time in seconds.
    """

    name: str
    verdict: Verdict
    programs: int
    largest: str
    exhausted: int
    executions: int
    histories: int
    judged_by: str
    searched_by: str
    doubts: tuple[str, ...] = ()
    elapsed_s: float = 0.0

    @property
    def evidence(self) -> str:
        """What was covered, in words that claim no more."""
        s = "" if self.programs == 1 else "s"
        size = f" of up to {self.largest}" if self.largest else ""
        words = (
            f"{grouped(self.programs)} program{s}{size}, {grouped(self.executions)} executions, "
            f"{grouped(self.histories)} different histories, none failed "
            f"(against {self.judged_by}; {self.searched_by})"
        )
        if self.exhausted:
            words += f"; of {grouped(self.exhausted)} of the programs every schedule was run"
        if self.verdict is Verdict.UNDECIDED:
            words = f"undecided: {words}"
        return "; ".join((words, *self.doubts))

    def __str__(self) -> str:
        words = self.evidence.removeprefix("undecided: ")
        return f"{self.name}: {self.verdict.name}: {words}"

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "name": self.name,
            "verdict": self.verdict.name,
            "programs": self.programs,
            "largest": self.largest,
            "exhausted": self.exhausted,
            "executions": self.executions,
            "histories": self.histories,
            "judged_by": self.judged_by,
            "searched_by": self.searched_by,
            "doubts": list(self.doubts),
            "evidence": self.evidence,
            "elapsed_s": self.elapsed_s,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingProgram:
    """The smallest failing program that was found, and one schedule under which it fails.

    Attributes:
        name: Of what makes the objects.
        finding: The schedule, its token and its story.
        history: What the calls returned, and when; empty where it cannot be had again.
        criterion: What an order of them has to respect.
        counterexample: Why no order of them is right, where that is what is wrong.
        test: A test that runs it again, as Python.
        found: What was run until it was found, in words.
        minimised: How far the program was made smaller, in words.
    """

    name: str
    program: Program
    finding: Finding
    history: History
    criterion: Criterion = Criterion.LINEARIZABLE
    counterexample: Counterexample | None = field(default=None, repr=False)
    test: str = field(default="", repr=False)
    found: str = ""
    minimised: str = ""

    @property
    def headline(self) -> str:
        """What is wrong, in a few words."""
        if self.finding.kind is FindingKind.NOT_LINEARIZABLE:
            return f"not {self.criterion}"
        return self.finding.kind.value

    def __str__(self) -> str:
        parts = [
            f"{self.name}: {self.headline}",
            f"The program:\n\n{_indented(str(self.program))}",
        ]
        if self.counterexample is not None:
            parts.append(self.counterexample.text())
        parts.append(str(self.finding))
        if self.test:
            parts.append(f"A test that runs it again:\n\n{_indented(self.test.strip())}")
        found = "; ".join(words for words in (self.found, self.minimised) if words)
        if found:
            parts.append(f"Found:   {found}")
        return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


class ProgramFailedError(AssertionError):
    """A program of calls went wrong under some schedule; the text is its story.

    Attributes:
        failing: All that is known of it.
    """

    def __init__(self, failing: FailingProgram) -> None:
        super().__init__(failing)
        self.failing = failing

    @property
    def program(self) -> Program:
        """The smallest failing program that was found."""
        return self.failing.program

    @property
    def finding(self) -> Finding:
        """One failing schedule of it."""
        return self.failing.finding

    @property
    def counterexample(self) -> Counterexample | None:
        """Why no order of its calls is right."""
        return self.failing.counterexample

    def __str__(self) -> str:
        return str(self.failing)


class NotLinearizableError(ProgramFailedError):
    """What the calls returned fits no order of them. Other failures are `ProgramFailedError`."""


class UndecidedCheckError(AssertionError):
    """A budget ended before it was shown; nothing that was run was wrong.

    Attributes:
        checked: What was run.
    """

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked)
        self.checked = checked

    def __str__(self) -> str:
        return f"{self.checked.name}: {self.checked.evidence}"
