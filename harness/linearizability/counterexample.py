"""A counterexample: the small part of a history that shows that it has no order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.linearizability.counterexample_orders import Order
    from harness.linearizability.history import History
    from harness.linearizability.judgement import Criterion
    from harness.linearizability.model import Model
    from harness.linearizability.reduction_steps import Weakened


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """How a counterexample was found.

    Attributes:
        operations: How many the whole history has.
        tried: How many weaker histories were judged.
        undecided: How many of these were too hard for the share of the budget that one has.
        stopped: Whether the budget ended before everything had been tried.
        elapsed_s: Wall time in seconds.
    """

    operations: int
    tried: int
    undecided: int
    stopped: bool
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Situations:
    """Where a long beginning can have led.

    Attributes:
        earlier: The operations that were over before, by index. They led to the situations.
        states: Each state that the object can have been in then.
        model: That of what was proven: it begins in any of the situations.
    """

    earlier: tuple[int, ...] = field(repr=False)
    states: tuple[Any, ...]
    model: Model[Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """Why a history fits no order of the model, in as few operations as were found.

    The results of the operations in `core`, and only these, cannot be explained: even if each
    other operation of `prefix` had returned anything, or had never taken effect. Of a long history
    the beginning is replaced by where it can have led (`situations`).

    `str()` and `text()` are for a terminal, `html()` is a page to explore, `svg()` a picture.

    Attributes:
        history: The part of the history that has no order: one partition of one object. All
            indices below are into its operations.
        model: That of the part.
        criterion: What an order has to respect.
        partition: Which part it is; None where the history is whole.
        prefix: The operations of the shortest bad beginning.
        core: Those whose results matter.
        straw: The operation that cannot be placed: the last of the core to come back. Until then
            all could be explained.
        weakest: What was proven to have no order: the core with all that matters of its time.
        situations: What came before the core, where that is long: it can have led to one of these
            states, and the core has no order from any. None: the core has no order from the start.
        orders: The longest orders of the core that the model allows, the longest first.
        whole_orders: Those of the whole failing history.
        reduction: How it was found.
    """

    history: History
    model: Model[Any] = field(repr=False)
    criterion: Criterion
    partition: Hashable
    prefix: tuple[int, ...] = field(repr=False)
    core: tuple[int, ...]
    straw: int
    weakest: Weakened = field(repr=False)
    situations: Situations | None = None
    orders: tuple[Order, ...] = field(repr=False)
    whole_orders: tuple[Order, ...] = field(repr=False)
    reduction: Reduction

    def __str__(self) -> str:
        return self.text()

    def text(self, *, width: int | None = None, ascii_only: bool = False) -> str:
        """Return the counterexample for a terminal: a sentence, the lanes, the longest orders.

        Args:
            width: Columns of a line, 80 at least; None takes the terminal's.
            ascii_only: Draw with ASCII alone, for a terminal that shows nothing else.
        """
        from harness.linearizability.render.counterexample_text import text_of  # noqa: PLC0415

        return text_of(self, width=width, ascii_only=ascii_only)

    def html(self) -> str:
        """Return a page to explore it: one file that loads nothing and sends nothing."""
        from harness.linearizability.render.counterexample_page import page_of  # noqa: PLC0415

        return page_of(self)

    def svg(self) -> str:
        """Return a picture of the core as SVG, for a document."""
        from harness.linearizability.render.counterexample_page import svg_of  # noqa: PLC0415

        return svg_of(self)
