"""A counterexample as a page to explore, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.linearizability.render.history_page import page
from harness.linearizability.render.history_scene import scene_of_counterexample
from harness.linearizability.render.history_svg import svg

if TYPE_CHECKING:
    from harness.linearizability.counterexample import Counterexample


def page_of(found: Counterexample) -> str:
    """Return a page that shows a counterexample."""
    return page(scene_of_counterexample(found))


def svg_of(found: Counterexample) -> str:
    """Return a picture of the core."""
    return svg(scene_of_counterexample(found))
