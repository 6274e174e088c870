"""What is fuzzed: a function of bytes that raises when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from fuzz.errors import BadTargetError

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_BYTES: Final = 65_536  # what the black box has room for
DEFAULT_BYTES: Final = 512


class Run(Protocol):
    """Runs one input. A plain function serves.

    It returns the features it met, small numbers that say how the input was unlike others, or None
    if it tells none: inputs that show a new feature are kept and varied. It raises when something
    is wrong, `fuzz.UndecidedError` when it cannot tell, and leaves nothing behind either way.

    Three attributes are optional: `explain(data) -> str` tells the whole story of a failing input,
    and is asked once per finding; `describe(data) -> str` says in words what the bytes mean;
    `close()` gives back what runs share.
    """

    def __call__(self, data: bytes, /) -> Collection[int] | None:
        """Run one input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fuzz.

    Attributes:
        name: What the command line and the folders call it.
        run: Takes bytes, raises when something is wrong.
        what: One sentence: what the bytes mean, and what must hold.
        instrument: Modules whose code is watched: for coverage, and with `controlled` as
            switching points. They and the target's module are imported under the hooks, in a
            child process.
        controlled: `run` executes under the scheduler, so the modules must show their accesses.
        compares: Atheris also watches comparisons. Finds magic values in parsers; doubles the cost.
        seeds: Inputs to begin with.
        dictionary: Pieces that inputs are likely to hold: keywords, magic numbers.
        max_bytes: Longest input that is made.
        hang_s: Seconds after which one input counts as hanging.

    Raises:
        BadTargetError: A field is not one of those.
    """

    name: str
    run: Run
    what: str
    instrument: tuple[str, ...] = ()
    controlled: bool = False
    compares: bool = True
    seeds: tuple[bytes, ...] = ()
    dictionary: tuple[bytes, ...] = ()
    max_bytes: int = DEFAULT_BYTES
    hang_s: float = 20.0

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name:
            raise BadTargetError("name", name, "a name")
        if not callable(self.run):
            raise BadTargetError("run", self.run, "a function of bytes")
        _check_all("instrument", self.instrument, str, "a tuple of module names")
        _check_all("seeds", self.seeds, bytes, "a tuple of bytes")
        _check_all("dictionary", self.dictionary, bytes, "a tuple of bytes")
        if type(self.max_bytes) is not int or not 1 <= self.max_bytes <= MAX_BYTES:
            raise BadTargetError("max_bytes", self.max_bytes, f"1 to {MAX_BYTES}")
        hang_s: object = self.hang_s
        if not isinstance(hang_s, int | float) or not hang_s > 0:
            raise BadTargetError("hang_s", hang_s, "seconds above 0")

    def __call__(self, data: bytes) -> Collection[int] | None:
        """Run one input, as the campaign does: for a test of the target itself."""
        return self.run(data)


def _check_all(field: str, value: object, kind: type, takes: str) -> None:
    if not isinstance(value, tuple) or not all(isinstance(one, kind) for one in value):
        raise BadTargetError(field, value, takes)
