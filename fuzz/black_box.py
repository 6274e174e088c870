"""The black box: what a child does right now, readable from outside and after its death.

A file mapped by both processes. The child writes a few numbers and the input before every
execution, which costs about a microsecond; when a signal ends it, the last input is still there.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

# Executions, failures, undecided, features, kept, counters, when the input began (0: none runs),
# length of the input. The input follows.
_LAYOUT: Final = struct.Struct("=QQQQQQdI")
_BEGAN: Final = struct.Struct("=d")
_BEGAN_AT: Final = 6 * 8
_SIZE: Final = _LAYOUT.size + MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """What the box says.

    Attributes:
        executions: Inputs that were run to their end, or are being run.
        failures: How many of them failed.
        undecided: How many could not be judged.
        features: Different features that the target has told.
        kept: Inputs that the generator keeps; 0 where the engine counts them itself.
        counters: How many of Atheris's counters stand for features and not for code.
        busy_s: How long the present input runs; 0 if none does.
        data: The present input, or the last.
    """

    executions: int = 0
    failures: int = 0
    undecided: int = 0
    features: int = 0
    kept: int = 0
    counters: int = 0
    busy_s: float = 0.0
    data: bytes = b""


class BlackBox:
    """One child's box; the child writes, the parent reads."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if create:
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self.executions = 0
        self.failures = 0
        self.undecided = 0
        self.features = 0
        self.kept = 0
        self.counters = 0

    def begin(self, data: bytes) -> None:
        """Note that `data` begins to run."""
        self.executions += 1
        end = _LAYOUT.size + len(data)
        self._map[_LAYOUT.size : end] = data
        self._write(time.monotonic(), len(data))

    def end(self) -> None:
        """Note that nothing runs."""
        _BEGAN.pack_into(self._map, _BEGAN_AT, 0.0)

    def _write(self, began_s: float, length: int) -> None:
        # Not pack_into: it fills the place with zeros first, and the parent would read those.
        self._map[: _LAYOUT.size] = _LAYOUT.pack(
            self.executions, self.failures, self.undecided, self.features, self.kept,
            self.counters, began_s, length,
        )  # fmt: skip

    def settle(self) -> None:
        """Write the counts as they are now, with nothing running."""
        self._write(0.0, 0)

    def read(self) -> Flight:
        """Return what it says now. Torn while the child writes; whole once it hangs or is dead."""
        *counts, began_s, length = _LAYOUT.unpack_from(self._map, 0)
        executions, failures, undecided, features, kept, counters = counts
        return Flight(
            executions=executions,
            failures=failures,
            undecided=undecided,
            features=features,
            kept=kept,
            counters=counters,
            busy_s=max(time.monotonic() - began_s, 0.0) if began_s else 0.0,
            data=self._map[_LAYOUT.size : _LAYOUT.size + min(length, MAX_BYTES)],
        )

    def close(self) -> None:
        """Let the file go."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
