"""What a whole run of tests wants of every search in it, whatever each search states.

A decorated test is told by its runner. A test that calls a search itself is an ordinary function
to the runner, so what the command line says of seeds and executions waits here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.settings import settle

if TYPE_CHECKING:
    from harness.settings import Layer, Settings

_above: tuple[Layer, ...] = ()


def wish(above: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Let these settings hold from now on, the later the stronger; return what held before."""
    global _above  # one run at a time in a process
    before, _above = _above, above
    return before


def wished(stated: Layer) -> Settings:
    """Return how to search where so much is stated."""
    return settle(stated, *_above)
