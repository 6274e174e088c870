"""A real thread that uses what belongs to a running execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engine import board
from harness.engine.place import caller_site
from harness.errors import UncontrolledError

if TYPE_CHECKING:
    from harness.engine.execution import Execution


def refuse_foreign(owner: Execution | None) -> None:
    """Refuse a primitive that the running execution made to a thread that is none of its tasks.

    Raises:
        UncontrolledError: The execution still runs; explore raises it, too.
    """
    execution = board.execution
    if execution is None or owner is not execution or board.current() is not None:
        return
    error = UncontrolledError(
        "a real thread uses a primitive that was made inside the execution",
        caller_site(None).text(),
        "Start the thread with threading.Thread inside the body, so that the engine runs it.",
    )
    execution.tool_error = execution.tool_error or error
    raise error
