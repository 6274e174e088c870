"""Runs a function under the scheduler, which takes its choices from a part of the input.

    byte 0           which part of the rest is operations: 0 none of it, 255 all
    bytes 1 and 2    the salt and the order of the schedule
    the operations   what the function is given
    the rest         the rules of the schedule

A part and not a number: most inputs would be shorter than a number says, and have no schedule. A
byte more or less anywhere moves the border by one at most, so a change of one part leaves the other
as it was, but for a byte: the last operation becomes a rule, or a rule an operation. A function
that takes nothing gets a schedule alone.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from typing import TYPE_CHECKING, Any, Final

from fuzz.errors import BadTargetError
from fuzz.schedules.under_engine import Body, UnderEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

_HEAD: Final = 3
_ALL: Final = 255


class _Call(Body):
    """One call of a function, with its argument made anew each time."""

    def __init__(
        self, function: Function, operations: bytes, reader: Callable[[bytes], object] | None
    ) -> None:
        super().__init__()
        self._function = function
        self._reader = reader
        self.meaning: bytes = operations

    def __call__(self) -> None:
        """Run once, a coroutine function in an event loop of its own."""
        given = () if self._reader is None else (self._reader(self.meaning),)
        told = self._function(*given)
        if inspect.iscoroutine(told):
            told = asyncio.run(told)
        if told:
            self.features = set(told)

    def __str__(self) -> str:
        given = "" if self._reader is None else repr(self.meaning)
        return f"{_name_of(self._function)}({given})"


class ControlledRun(UnderEngine):
    """Serves as the `run` of a target.

    Args:
        reader: Makes the function's argument of the operations; None if it takes none.

    Attributes:
        function: What runs. A token is replayed by its name where it takes nothing.
    """

    def __init__(self, function: Function, reader: Callable[[bytes], object] | None) -> None:
        self.function = function
        self._takes_nothing = reader is None

        def program(data: bytes) -> tuple[Body, bytes]:
            if reader is None:
                return _Call(function, b"", None), data
            operations, schedule = parts_of(data)
            return _Call(function, operations, reader), schedule

        super().__init__(program, early_timeouts=True)

    def command(self, token: str) -> str:
        """Return `holdfast replay` with the function, where its name leads to it."""
        place = _place_of(self.function, self)
        if not self._takes_nothing or not place:
            return ""
        return f"holdfast replay {place} {token}"


def parts_of(data: bytes) -> tuple[bytes, bytes]:
    """Return the operations and the schedule of an input."""
    count = max(len(data) - _HEAD, 0) * (data[0] if data else 0) // _ALL
    end = _HEAD + count
    return data[_HEAD:end], data[1:_HEAD] + data[end:]


def input_of(operations: bytes, schedule: bytes) -> bytes:
    """Return the input with these parts: for seeds.

    Raises:
        BadTargetError: It would be longer than 258 bytes, and its border could not be said.
    """
    head, rules = schedule[: _HEAD - 1].ljust(_HEAD - 1, b"\0"), schedule[_HEAD - 1 :]
    count = len(operations) + len(rules)
    if count > _ALL:
        takes = f"at most {_ALL} bytes of operations and rules"
        raise BadTargetError("seeds", f"{count} bytes", takes)
    part = -(-_ALL * len(operations) // count) if count else 0
    return bytes((part,)) + head + operations + rules


def _name_of(function: Function) -> str:
    name = getattr(function, "__name__", "") or getattr(function, "name", "")
    return str(name or type(function).__name__)


def _place_of(function: Function, run: ControlledRun) -> str:
    """Return `module:NAME` of a function; "" if it has none."""
    name = str(getattr(function, "__qualname__", ""))
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    found = getattr(module, name, None)
    if module is None or found is None:
        return ""
    if found is function:
        return f"{module.__name__}:{name}"
    if getattr(found, "run", None) is run:  # the decorator put a target where the function was
        return f"{module.__name__}:{name}.run.function"
    return ""
