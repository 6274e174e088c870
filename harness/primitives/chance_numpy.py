"""Twins of NumPy's global generator, for programs that have imported it; it is never imported here.

Generators made inside an execution need none: NumPy takes their entropy from `secrets`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.primitives.chance import chance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Legacy:
    """NumPy's global generator, apart from the process's own while an execution runs."""

    __slots__ = ("_make", "_stream", "_winding")

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._stream: Any = None
        self._winding = -1  # which winding back of the streams it belongs to

    def stream(self) -> Any:  # noqa: ANN401  # a RandomState
        """Return the generator of this execution."""
        entropy = chance.entropy()
        if self._winding != chance.windings:
            self._winding = chance.windings
            self._stream = self._make(entropy.getrandbits(32))
        return self._stream


def pairs(module: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # numpy.random
    """Yield each function of the global generator with its twin."""
    own = getattr(getattr(module, "mtrand", None), "_rand", None)
    if own is None:
        return
    legacy = _Legacy(type(own))
    for name, value in list(vars(module).items()):
        if getattr(value, "__self__", None) is own:
            yield value, _function(value, name, legacy)


def _function(original: Any, name: str, legacy: _Legacy) -> Callable[..., Any]:  # noqa: ANN401  # a bound method
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        if not board.counting or board.current() is None:
            return original(*args, **kwargs)
        return getattr(legacy.stream(), name)(*args, **kwargs)

    return call
