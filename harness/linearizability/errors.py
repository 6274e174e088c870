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
