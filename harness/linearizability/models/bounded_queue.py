"""A queue with room for so many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.linearizability.models.fifo import Fifo

if TYPE_CHECKING:
    from collections.abc import Mapping


class BoundedQueue(Fifo):
    """A queue of a capacity: on a full one `put` waits, and `put_nowait` fails."""

    name = "bounded-queue"

    def __init__(
        self,
        capacity: int,
        *,
        weak_timeouts: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model of a queue with room for `capacity` things."""
        if type(capacity) is not int or capacity < 1:
            raise ArgumentError("capacity", capacity, "a whole number from 1 on")
        super().__init__(capacity=capacity, weak_timeouts=weak_timeouts, names=names)
