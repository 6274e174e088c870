"""A body that brings its own judge: who says, after each execution, whether it went well.

The judge is asked once the execution is over, outside of it: it may take its time, run code of the
user's, and run something alone under the engine. What it calls wrong is then a failure like any
other: run again, shrunk, explained, replayed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.engine.ending import Ending


class Alone(Protocol):
    """Runs a function as an execution of its own, whose schedule nobody chooses."""

    def __call__(self, body: Callable[[], object], /) -> Ending:
        """Return how it ended: a call that would wait for ever is a deadlock or lost wakeup."""


class JudgedBody(ABC):
    """A body, and what its executions are judged by."""

    @abstractmethod
    def __call__(self) -> object:
        """Run one execution."""

    @abstractmethod
    def judge(self, ending: Ending, alone: Alone) -> Ending:
        """Return what the ending of the last execution is worth: itself, a breach, or finished."""

    @abstractmethod
    def doubts(self) -> str:
        """Return why executions that none called wrong may not be right; empty if they are."""

    @abstractmethod
    def visible(self) -> AbstractContextManager[str]:
        """Make visible what it runs; yields why that is not seen, if it is not."""
