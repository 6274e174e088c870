"""Twins of the buffered streams: a call is one step inside an execution.

The C classes guard themselves by OS thread, and raise "reentrant call" when a second task enters
while the first one waits in the raw stream below. A real thread would wait there; here nobody else
runs until the call is over, and a raw stream that waits is an error that names the stream.
"""

from __future__ import annotations

import functools
import io
from typing import Any, Final

from harness.engine import board

_METHODS: Final = (
    "write",
    "flush",
    "close",
    "read",
    "read1",
    "readinto",
    "readinto1",
    "readline",
    "peek",
    "seek",
    "truncate",
)


class _AsReal(type(io.BufferedIOBase)):  # type: ignore[misc]  # the metaclass of all streams
    """Says that a real stream is one of the twin's, for whoever asks."""

    real: type

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.real)


def _one_step(name: str, original: Any) -> Any:  # noqa: ANN401  # a method made in C
    @functools.wraps(original)
    def call(self: Any, *args: Any) -> Any:  # noqa: ANN401  # the original's own
        execution = board.current()
        if execution is None:
            return original(self, *args)
        with execution.region(f"{name} of a buffered stream"):
            return original(self, *args)

    return call


def _twin_of(real: Any) -> Any:  # noqa: ANN401  # a class made in C
    methods = {
        name: _one_step(name, getattr(real, name)) for name in _METHODS if hasattr(real, name)
    }
    return _AsReal(real.__name__, (real,), {**methods, "real": real, "__module__": "io"})


STREAMS: Final = tuple(
    (real, _twin_of(real)) for real in (io.BufferedWriter, io.BufferedReader, io.BufferedRandom)
)
