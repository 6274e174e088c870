"""A failing run in words and lanes."""

from harness.render.story import tell

__all__ = ["tell"]
