"""A register with compare-and-set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.linearizability.frozen import same
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.register import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.linearizability.operation import Operation


class CasRegister(Register):
    """A register with `cas(expected, new)`: it writes and is true if the value is the expected."""

    name = "cas-register"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **Register.words,
        "cas": ("cas", "compare_and_set", "compare_and_swap", "compare_exchange", "test_and_set"),
    }
    arity: ClassVar[Mapping[str, int]] = {**Register.arity, "cas": 2}

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is; a cas that failed does."""
        verb = self.verb(operation)
        return verb == "read" or (verb == "cas" and operation.known and operation.output is False)

    def jumps_to(self, operation: Operation) -> Any | Refused:  # noqa: ANN401
        """Return what it writes, if it does."""
        if self.verb(operation) != "cas":
            return super().jumps_to(operation)
        return REFUSED if self.observes(operation) else self.argument(operation, 1, "new")

    def _cas(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401  # any value
        held = same(state, self.argument(operation, 0, "expected"))
        new = self.argument(operation, 1, "new")
        if operation.known and operation.output is not held:
            return REFUSED
        return new if held else state
