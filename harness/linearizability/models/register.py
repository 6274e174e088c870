"""A register: it holds one value, which is read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.linearizability.frozen import frozen
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.vocabulary import (
    ReadyModel,
    gives,
    observed,
    tells_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.linearizability.operation import Operation


class Register(ReadyModel[Any]):
    """One value. `read`, `write(value)`, and `swap(value)`, which returns what was there."""

    name = "register"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "read": ("read", "get", "load", "value"),
        "write": ("write", "set", "put", "store"),
        "swap": ("swap", "exchange", "get_and_set", "getset"),
    }
    observers = frozenset({"read"})
    arity: ClassVar[Mapping[str, int]] = {"write": 1, "swap": 1}

    def __init__(
        self,
        *,
        initial: Any = None,  # noqa: ANN401  # whatever it holds
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model of a register that first holds `initial`."""
        super().__init__(names=names)
        self._initial = frozen(initial)

    def initial(self) -> Any:  # noqa: ANN401
        """Return the value that it first holds."""
        return self._initial

    def in_reach(self, state: Any, operation: Operation) -> bool:  # noqa: ANN401
        """Say whether a read saw the value: nothing grows out of it."""
        return self.step(state, operation) is not REFUSED

    def jumps_to(self, operation: Operation) -> Any | Refused:  # noqa: ANN401
        """Return what it writes."""
        if self.verb(operation) in self.observers:
            return REFUSED
        return self.argument(operation, 0, "value")

    def _read(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        return observed(state, operation, state)

    def _write(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401, ARG002
        return self.argument(operation, 0, "value") if tells_nothing(operation) else REFUSED

    def _swap(self, state: Any, operation: Operation) -> Any | Refused:  # noqa: ANN401
        return self.argument(operation, 0, "value") if gives(operation, state) else REFUSED
