"""Tells a failure of the engine from one of the code under test.

Hooks and recorders run in the middle of the body. What goes wrong in them would leave a task like
any exception of the user's, and look like a bug of the body, or like nondeterminism where only the
recorded run has it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.engine.place import Site, is_ours
from harness.errors import ToolFaultError

if TYPE_CHECKING:
    from types import TracebackType

# Code here never raises on the user's behalf: twins and instrumentation do, and are left out.
_ENGINE: Final = str(Path(__file__).resolve().parent / "engine") + os.sep
# The user's own recursion or hunger for memory may come to its end anywhere.
_ANYWHERE: Final = (RecursionError, MemoryError, KeyboardInterrupt, GeneratorExit, SystemExit)


def blame_tool(error: BaseException | None) -> None:
    """Raise if an exception that left a task came out of the engine itself.

    Raises:
        ToolFaultError: It did.
    """
    if error is None or isinstance(error, _ANYWHERE):
        return
    own: Site | None = None
    users: Site | None = None
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        site = Site(code.co_filename, traceback.tb_lineno, code.co_qualname)
        if not is_ours(code.co_filename):
            users, own = site, None
        elif users is not None:
            own = site
        traceback = traceback.tb_next
    if own is not None and users is not None and own.path.startswith(_ENGINE):
        told = f"{type(error).__name__}: {error}"
        raise ToolFaultError(told, own.text(), users.text()) from error
