"""One operation of a history: who called what, what came back, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable


class Status(StrEnum):
    """Whether the caller learnt the result of an operation."""

    OK = "ok"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Raised:
    """The output of an operation that raised; two are equal when the types' names are.

    Attributes:
        type: Qualified name of the exception's class.
    """

    type: str

    def __str__(self) -> str:
        return f"raised {self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation with its closed interval of time.

    It took effect at one moment from `call` to `ret`, both included: operations that meet in a
    moment overlap. With an unknown result it took effect at any moment from `call` on, or never:
    its `ret`, if there is one, only says when the caller gave up.

    Attributes:
        client: Who called it: a thread, a process. Matters to weaker criteria and pictures only.
        name: What was called.
        arguments: What it was called with, by position.
        keywords: What it was called with by name, as pairs sorted by name.
        output: What it returned, or `Raised`; None where the result is unknown.
        status: Whether the caller learnt the result.
        call: When it was called, in any unit in which `ret` is given, too.
        ret: When it came back; None if it never did.
        key: The object it was called on, if the history is of several. Linearizability is local
            (Herlihy & Wing 1990, theorem 1): each object is judged alone.
    """

    client: int | str
    name: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    output: Any = None
    status: Status = Status.OK
    call: float
    ret: float | None
    key: Hashable = None

    @property
    def known(self) -> bool:
        """Whether the caller learnt the result."""
        return self.status is Status.OK

    @property
    def pending(self) -> bool:
        """Whether it was still running when the history ended."""
        return self.ret is None
