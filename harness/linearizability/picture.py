"""Pictures of judged histories: for a terminal, as a page, as SVG. Of those with an order, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.linearizability.history import History
from harness.linearizability.judgement import Judgement
from harness.linearizability.model import Model
from harness.linearizability.reduction import reduce
from harness.linearizability.render.history_page import page
from harness.linearizability.render.history_scene import scene_of_failure, scene_of_order
from harness.linearizability.render.history_svg import svg
from harness.linearizability.render.order_text import order_text

if TYPE_CHECKING:
    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.render.history_scene import Scene


def to_text(
    history: History,
    judgement: Judgement,
    *,
    model: Model[Any],
    counterexample: Counterexample | None = None,
    width: int | None = None,
) -> str:
    """Return a judged history for a terminal: its counterexample, or an order that shows it right.

    Args:
        history: What was judged.
        judgement: What `check` said of it.
        model: What it was judged by.
        counterexample: What `reduce` made of it; without one it is made now.
        width: Columns of a line, 80 at least; None takes the terminal's.

    Raises:
        ArgumentError: An argument is none of these.
    """
    _check(history, judgement, model)
    if judgement.failure is None:
        return order_text(history, judgement, model, width=width)
    return (counterexample or reduce(history, judgement)).text(width=width)


def to_html(
    history: History,
    judgement: Judgement,
    *,
    model: Model[Any],
    counterexample: Counterexample | None = None,
) -> str:
    """Return a page that shows a judged history, all its parts; it loads and sends nothing.

    Args:
        history: What was judged.
        judgement: What `check` said of it.
        model: What it was judged by.
        counterexample: What `reduce` made of it; without one it is made now.

    Raises:
        ArgumentError: An argument is none of these.
    """
    return page(_scene(history, judgement, model, counterexample))


def to_svg(
    history: History,
    judgement: Judgement,
    *,
    model: Model[Any],
    counterexample: Counterexample | None = None,
) -> str:
    """Return a picture of a judged history for a document: its core, or its first part.

    Args:
        history: What was judged.
        judgement: What `check` said of it.
        model: What it was judged by.
        counterexample: What `reduce` made of it; without one it is made now.

    Raises:
        ArgumentError: An argument is none of these.
    """
    return svg(_scene(history, judgement, model, counterexample))


def _scene(
    history: History,
    judgement: Judgement,
    model: Model[Any],
    counterexample: Counterexample | None,
) -> Scene:
    _check(history, judgement, model)
    if judgement.failure is None:
        return scene_of_order(history, judgement, model)
    return scene_of_failure(counterexample or reduce(history, judgement), history, model)


def _check(history: object, judgement: object, model: object) -> None:
    if not isinstance(history, History):
        raise ArgumentError("history", history, "the History that was judged")
    if not isinstance(judgement, Judgement):
        raise ArgumentError("judgement", judgement, "the Judgement of the history")
    if judgement.operations != len(history):
        wants = f"the judgement of this history, of {len(history)} operations"
        raise ArgumentError("judgement", judgement.operations, wants)
    if not isinstance(model, Model):
        raise ArgumentError("model", model, "the Model that the history was judged by")
