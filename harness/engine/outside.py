"""A step out of the running execution: what happens there is none of its steps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from harness.engine import board

if TYPE_CHECKING:
    from collections.abc import Iterator

_ON_BOARD: Final = (
    "execution", "alone", "gil", "counting", "access", "also", "gil_point", "loop_point",
)  # fmt: skip


@contextmanager
def outside() -> Iterator[None]:
    """Run a block as if no execution ran: locks and threads that it makes are real ones.

    Nobody else runs meanwhile. Nothing of it is recorded, so a later execution that finds it done
    is no other execution.
    """
    before = [(name, getattr(board, name)) for name in _ON_BOARD]
    board.execution = None
    board.alone = board.shared[board.ALONE_NAME] = True
    board.gil = board.counting = False
    board.access = board.also = board.no_access
    board.gil_point = board.loop_point = board.no_point
    try:
        yield
    finally:
        for name, value in before:
            setattr(board, name, value)
        board.shared[board.ALONE_NAME] = board.alone
