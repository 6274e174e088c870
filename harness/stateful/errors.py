"""What can go wrong with a concurrent program, its object or its model."""

from __future__ import annotations

from harness.errors import HarnessError


class FactoryError(HarnessError):
    """What makes the object under test does not do so."""

    def __init__(self, factory: str, what: str, remedy: str) -> None:
        super().__init__(factory, what, remedy)
        self.factory = factory
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.factory}() {self.what}. {self.remedy}"


class ModelFaultError(HarnessError):
    """A model raised where it should have said what an operation does."""

    def __init__(self, model: str, operation: str, error: str) -> None:
        super().__init__(model, operation, error)
        self.model = model
        self.operation = operation
        self.error = error

    def __str__(self) -> str:
        return (
            f"the model {self.model} could not judge the history {self.operation}: {self.error}. "
            "A model has to know every operation of the program, with its arguments and any result "
            "that it can have."
        )
