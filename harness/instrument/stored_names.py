"""The attribute names that instrumented code assigns anywhere.

A method that no code ever replaces is the same for every thread, so looking it up is no access; a
name that some module assigns may be a method in one class and data in the next. The set grows only
while modules are loaded, and by `setattr` with a computed name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

stored: Final[set[str]] = set()
listeners: Final[list[Callable[[], None]]] = []


def add_stored(names: Iterable[str]) -> None:
    """Note names that some code assigns."""
    fresh = set(names) - stored
    if fresh:
        stored.update(fresh)
        for forget in listeners:
            forget()


def on_change(forget: Callable[[], None]) -> None:
    """Call `forget` whenever a name is new, so that plans made without it go."""
    listeners.append(forget)
