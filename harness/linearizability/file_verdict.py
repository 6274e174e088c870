"""What came of judging one file: in words, as JSON, and as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.linearizability.checker import check
from harness.linearizability.errors import HistoryFileError, OperationError
from harness.linearizability.history_file import HistoryFile, read_history
from harness.linearizability.reduction import reduce

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.history_lines import FileLimits
    from harness.linearizability.judgement import Criterion, Judgement
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation

    ModelOf = Callable[[str], Model[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of every file.

    Attributes:
        model: Returns the model for a file whose header names this one; it may be empty.
        budget_s: For judging, and as much again for the counterexample.
    """

    model: ModelOf
    criterion: Criterion
    budget_s: float | None
    partition: bool
    limits: FileLimits
    reduction_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """What came of one file.

    Attributes:
        name: Of the file.
        counterexample: Why it is wrong, if it is.
    """

    name: str
    file: HistoryFile
    judgement: Judgement
    counterexample: Counterexample | None

    @property
    def is_as_expected(self) -> bool | None:
        """Whether the verdict is that of the header; None where there is none to compare."""
        holds = self.judgement.holds
        return None if self.file.expected is None or holds is None else holds == self.file.expected

    def words(self) -> str:
        """Return the verdict in one line, and what the header says where it says something else."""
        judgement = self.judgement
        count = judgement.operations
        words = f"{self.name}: {judgement.verdict} ({count} operation{'s' * (count != 1)}"
        if self.file.left_out:
            words += f", {self.file.left_out} that failed left out"
        words += f"; model {judgement.model}; {judgement.elapsed_s:.2g} s)"
        if judgement.why:
            words += f": {judgement.why}"
        if self.is_as_expected is False:
            expected = "ok" if self.file.expected else "illegal"
            words += f"\n{self.name}: NOT AS EXPECTED: its header says {expected}"
        return words

    def lines(self) -> list[int]:
        """Return the lines of the file whose results cannot be explained together."""
        found = self.counterexample
        if found is None:
            return []
        line_of = _lines(self.file)
        core = [found.history.operations[index] for index in found.core]
        return sorted(line_of[id(one)] for one in core if id(one) in line_of)

    def to_json(self) -> dict[str, Any]:
        """Return all of it but the pictures."""
        judgement = self.judgement
        found: dict[str, Any] = {
            "file": self.name,
            "verdict": judgement.verdict.name.lower(),
            "criterion": judgement.criterion.name.lower(),
            "model": judgement.model,
            "operations": judgement.operations,
            "left_out": self.file.left_out,
            "expected": self.file.expected,
            "holds": judgement.holds,
            "why": judgement.why,
            "configurations": judgement.configurations,
            "elapsed_s": judgement.elapsed_s,
        }
        if self.counterexample is not None:
            found["counterexample"] = self._counterexample_to_json(self.counterexample)
        return found

    def _counterexample_to_json(self, found: Counterexample) -> dict[str, Any]:
        operations = found.history.operations
        return {
            "lines": self.lines(),
            "partition": None if found.partition is None else repr(found.partition),
            "core": [found.model.describe(operations[index]) for index in found.core],
            "straw": found.model.describe(operations[found.straw]),
        }


def judge_file(source: str | Path | IO[bytes], name: str, question: Question) -> FileVerdict:
    """Read a file and judge what it holds.

    Raises:
        HistoryFileError: It holds something that is no history, or no operation of the model.
        UnknownModelError: Neither its header nor the question names a model that there is.
        OSError: It cannot be read.
    """
    file = read_history(source, name=name, limits=question.limits)
    model = question.model(file.model)
    try:
        judgement = check(
            file.history,
            model,
            criterion=question.criterion,
            budget_s=question.budget_s,
            partition=question.partition,
        )
    except OperationError as error:
        line = _lines(file).get(id(error.operation), 0) or _line_like(file, error.operation)
        problem = f"the model {error.model} cannot judge {error.operation.name}: {error.why}"
        takes = "operations that the model knows"
        raise HistoryFileError(name, line, None, problem, takes) from error
    found = None
    if judgement.failure is not None:
        found = reduce(file.history, judgement, budget_s=question.reduction_s)
    return FileVerdict(name=name, file=file, judgement=judgement, counterexample=found)


def _lines(file: HistoryFile) -> dict[int, int]:
    """Return the line of each operation, by its identity."""
    return {id(one): line for one, line in zip(file.history, file.lines, strict=True)}


def _line_like(file: HistoryFile, operation: Operation) -> int:
    """Return the line of the operation that this one was made of, with another interval."""
    for one, line in zip(file.history, file.lines, strict=True):
        same_call = one.name == operation.name and one.arguments == operation.arguments
        if same_call and one.client == operation.client:
            return line
    return 0
