"""What can be wrong with a history or a model, as opposed to the object it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.linearizability.operation import Operation


class OperationError(HarnessError, ValueError):
    """A model does not know an operation, or not with these arguments."""

    def __init__(self, model: str, operation: Operation, why: str) -> None:
        super().__init__(model, operation, why)
        self.model = model
        self.operation = operation
        self.why = why

    def __str__(self) -> str:
        given = [repr(one) for one in self.operation.arguments]
        given += [f"{name}={value!r}" for name, value in self.operation.keywords]
        call = f"{self.operation.name}({', '.join(given)})"
        if len(call) > 80:  # noqa: PLR2004  # one terminal line
            call = call[:77] + "..."
        return f"the model {self.model} cannot judge {call}: {self.why}"


class UnknownOperationError(OperationError):
    """The name of an operation is none that the model knows."""

    def __init__(self, model: str, operation: Operation, known: tuple[str, ...]) -> None:
        HarnessError.__init__(self, model, operation, known)
        self.model = model
        self.operation = operation
        self.known = known
        self.why = (
            f"it knows {', '.join(known)}. If {operation.name!r} is one of these by another name, "
            f"say names={{{operation.name!r}: ...}}; else record only what the model knows, or let "
            "the class itself be the model: SequentialModel(Class)"
        )


class UnknownModelError(HarnessError, ValueError):
    """There is no model of this name."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return f"there is no model {self.name!r}: {self.why}"


class UnsteadyModelError(HarnessError):
    """The same calls on a new object of a sequential model returned something else."""

    def __init__(self, name: str, first: object, then: object) -> None:
        super().__init__(name, first, then)
        self.name = name
        self.first = first
        self.then = then

    def __str__(self) -> str:
        return (
            f"{self.name} returned {self.first!r} in one sequential run and {self.then!r} in the "
            "next, after the same calls: the model uses time, chance, threads or something outside "
            "of the object. Let it be a function of its calls alone, or write a Model."
        )


class ObserverError(HarnessError):
    """An operation that was said to look only has changed the object."""

    def __init__(self, model: str, name: str) -> None:
        super().__init__(model, name)
        self.model = model
        self.name = name

    def __str__(self) -> str:
        return (
            f"{self.name} is one of the observers of the model {self.model}, but it changed the "
            "object: what was judged so far may be wrong. Take it out of observers=."
        )


class EndlessModelError(HarnessError):
    """A sequential run of a model did not come to an end."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps

    def __str__(self) -> str:
        return (
            f"a sequential run of the model took {self.steps} steps and went on: a call polls for "
            "what no other call will bring. Let it wait on a Condition or fail, or write a Model."
        )


class HistoryFileError(HarnessError, ValueError):
    """A file holds something that is no history."""

    def __init__(
        self, source: str, line: int, column: int | None, problem: str, takes: str
    ) -> None:
        super().__init__(source, line, column, problem, takes)
        self.source = source
        self.line = line
        self.column = column
        self.problem = problem
        self.takes = takes

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" + (f":{self.column}" if self.column else "")
        return f"{place}: {self.problem}; it takes {self.takes}"


class HistoryValueError(HarnessError, TypeError):
    """A value of a history cannot be written to a file."""

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return (
            f"a {type(self.value).__name__} cannot be written to a history file; it takes None, "
            "numbers, text, bytes, Raised, and lists, tuples, sets and dicts of these. Record "
            "something that stands for it: its name, its number."
        )
