"""The name under which a history keeps an exception."""

from __future__ import annotations

from typing import Final

from harness.linearizability.operation import Raised

# Where people import it from, for classes that are defined in a private module.
_PUBLIC: Final = {"builtins": "", "_queue": "queue", "_asyncio": "asyncio"}


def raised(error: BaseException | type[BaseException]) -> Raised:
    """Return the output of an operation that raised this: `Raised("queue.Empty")`.

    Exceptions that are built in go without their module: `Raised("KeyError")`.
    """
    kind = error if isinstance(error, type) else type(error)
    module = _PUBLIC.get(kind.__module__, kind.__module__)
    return Raised(f"{module}.{kind.__qualname__}" if module else kind.__qualname__)
