"""A history: the operations that clients made on an object, each with its interval of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.linearizability.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class History:
    """Operations in the order of their calls.

    Attributes:
        operations: Sorted by `call`; those called at the same time stay as they were given.
        name: What a reader calls it.
    """

    operations: tuple[Operation, ...]
    name: str = ""

    @classmethod
    def of(cls, operations: Iterable[Operation], *, name: str = "") -> History:
        """Return the history of these operations, in any order.

        Raises:
            ArgumentError: One is no operation, ends before it was called, or has a result that is
                known though it never came back.
        """
        given = tuple(operations)
        for index, one in enumerate(given):
            _check(index, one)
        return cls(tuple(sorted(given, key=_call)), name)

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)


def _call(operation: Operation) -> float:
    return operation.call


def _check(index: int, one: object) -> None:
    if not isinstance(one, Operation):
        raise ArgumentError("operations", one, f"Operation values; number {index} is none")
    if one.ret is None:
        if one.known:
            wants = "a known result only with a ret: what never came back has status UNKNOWN"
            raise ArgumentError("operations", one, wants)
    elif not one.call <= one.ret:  # a NaN is no time, either
        raise ArgumentError("operations", one, "a ret that is not before its call")
