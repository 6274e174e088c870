"""What came of judging a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.linearizability.history import History
    from harness.linearizability.model import Model


class Criterion(StrEnum):
    """What one order of the operations has to respect, besides the model.

    Attributes:
        LINEARIZABLE: Real time: what came back before another was called stands before it
            (Herlihy & Wing 1990).
        SEQUENTIALLY_CONSISTENT: The order of each client alone (Lamport 1979).
        QUIESCENTLY_CONSISTENT: Real time across moments at which nothing was running (Aspnes,
            Herlihy & Shavit 1994).
    """

    LINEARIZABLE = "linearizable"
    SEQUENTIALLY_CONSISTENT = "sequentially consistent"
    QUIESCENTLY_CONSISTENT = "quiescently consistent"


class Verdict(StrEnum):
    """What a judgement says; each names its criterion, and never says more than was shown."""

    LINEARIZABLE = "linearizable"
    NOT_LINEARIZABLE = "not linearizable"
    SEQUENTIALLY_CONSISTENT = "sequentially consistent"
    NOT_SEQUENTIALLY_CONSISTENT = "not sequentially consistent"
    QUIESCENTLY_CONSISTENT = "quiescently consistent"
    NOT_QUIESCENTLY_CONSISTENT = "not quiescently consistent"
    UNDECIDED = "undecided: a budget ended first"

    @classmethod
    def that(cls, criterion: Criterion, *, holds: bool) -> Verdict:
        """Return the verdict that a criterion holds, or that it does not."""
        return cls[criterion.name if holds else f"NOT_{criterion.name}"]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A longest order that the model allows.

    Attributes:
        order: Indices into the operations of the failing history, in this order.
        state: Where it leads, in the model's words.
        stuck: Indices of those that could come next in time and that the model refuses there.
    """

    order: tuple[int, ...]
    state: str
    stuck: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no order.

    Attributes:
        history: The part of the history that has none: one partition of one object.
        partition: Which one; None where the history is whole.
        prefixes: The longest orders that the model allows, the longest first; never empty.
        model: That of the part.
    """

    history: History
    partition: Hashable
    prefixes: tuple[Prefix, ...]
    model: Model[object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a history fits a model.

    Attributes:
        verdict: Names the criterion.
        operations: How many the history has.
        order: Where there is one: indices into the history's operations, in an order that shows it;
            those left out never took effect.
        failure: Where there is none.
        why: What ended first, for UNDECIDED: time, states or memory, with the bound.
        configurations: How many pairs of what has happened and a state were looked at.
        elapsed_s: Wall time in seconds.
    """

    verdict: Verdict
    criterion: Criterion
    model: str
    operations: int
    order: tuple[int, ...] | None = None
    failure: Failure | None = None
    why: str = ""
    configurations: int = 0
    elapsed_s: float = 0.0

    @property
    def holds(self) -> bool | None:
        """True or False as the criterion holds; None where it is not decided."""
        return None if self.verdict is Verdict.UNDECIDED else self.failure is None
