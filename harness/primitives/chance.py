"""Twins of the sources of chance: inside an execution they draw from streams of a fixed seed.

A run is to be a function of its schedule, so every execution of a campaign begins with the same two
streams: one for `random`'s functions, one for entropy (`os.urandom`, `secrets`, `uuid`, generators
made without a seed). They are apart because a body may seed `random` in the middle, and its UUIDs
must not repeat then. An execution that draws nothing pays nothing: a stream is wound back when it
is first asked. The process's own generator is never touched, so it goes on after a campaign as if
there had been none.

What stays outside: generators that were made before the execution (their state outlives it, which
the check for determinism tells), and those of C libraries.
"""

from __future__ import annotations

import functools
import operator
import os
import random
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.primitives import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_SEED: Final = 1 << 32  # what a token can hold
_MULTICAST: Final = 1 << 40  # the bit that says: this node is no hardware address (RFC 4122, 4.5)
_EPOCH_100NS: Final = 0x01B21DD213814000  # from 1582-10-15 to 1970-01-01, in units of 100 ns


class Chance:
    """The streams of the execution that runs now. Touched only by the engine's OS thread."""

    __slots__ = (
        "_entropy",
        "_entropy_fresh",
        "_names",
        "_node",
        "_plain",
        "_plain_fresh",
        "seed",
        "windings",
    )

    def __init__(self) -> None:
        self.seed = 0
        self.windings = 0  # how often the stream of entropy was wound back
        self._plain = random.Random(0)  # noqa: S311  # reproducible, not secret
        self._entropy = random.Random(0)  # noqa: S311  # likewise
        self._plain_fresh = self._entropy_fresh = False
        self._names: Any = None
        self._node = 0

    @contextmanager
    def seeded(self, seed: int) -> Iterator[None]:
        """Let the executions inside draw from streams of another seed."""
        before = self.seed
        self.seed = seed % MAX_SEED
        try:
            yield
        finally:
            self.seed = before

    def begin_execution(self) -> None:
        """Wind the streams back, as soon as somebody draws from them."""
        self._plain_fresh = self._entropy_fresh = False

    @property
    def touched(self) -> bool:
        """Say whether this execution has drawn anything."""
        return self._plain_fresh or self._entropy_fresh

    def plain(self) -> random.Random:
        """Return the stream behind the functions of `random`."""
        if not self._plain_fresh:
            self._plain_fresh = True
            self._plain.seed(2 * self.seed)
        return self._plain

    def entropy(self) -> random.Random:
        """Return the stream that stands for the operating system's entropy."""
        if not self._entropy_fresh:
            self._entropy_fresh = True
            self.windings += 1
            self._entropy.seed(2 * self.seed + 1)
            self._names = None
            self._node = 0
        return self._entropy

    def state(self) -> object:
        """Return what tells whether two moments of an execution would draw the same."""
        plain = self._plain.getstate() if self._plain_fresh else None
        return plain, self._entropy.getstate() if self._entropy_fresh else None

    def names(self, make: Callable[[], Any]) -> Any:  # noqa: ANN401  # tempfile's own class
        """Return the sequence of names for temporary files: one an execution."""
        self.entropy()
        if self._names is None:
            self._names = make()
        return self._names

    def node(self) -> int:
        """Return the node of this execution's time-based UUIDs."""
        stream = self.entropy()
        if not self._node:
            self._node = stream.getrandbits(48) | _MULTICAST
        return self._node


chance: Final = Chance()


def _controlled() -> bool:
    """Say whether the caller is a task; a strategy of the user's that draws is none."""
    return board.counting and board.current() is not None


# -- twins ----------------------------------------------------------------------------------------


def _module_function(original: Any, name: str) -> Callable[..., Any]:  # noqa: ANN401  # a bound method
    """Return the twin of a function of `random`: the same method of our stream."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        if not _controlled():
            return original(*args, **kwargs)
        return getattr(chance.plain(), name)(*args, **kwargs)

    return call


def _bytes_from(original: Callable[..., bytes]) -> Callable[..., bytes]:
    """Return the twin of `os.urandom` or `os.getrandom`."""

    @functools.wraps(original)
    def call(size: int, *flags: Any) -> bytes:  # noqa: ANN401  # the original's own
        if not _controlled():
            return original(size, *flags)
        wanted = operator.index(size)
        if wanted < 0:
            return original(size, *flags)  # raises in the words of this Python
        return chance.entropy().randbytes(wanted)

    return call


def seeding(original: Callable[..., None]) -> Callable[..., None]:
    """Return `random.Random.seed` that takes a missing seed from the entropy of the execution."""

    @functools.wraps(original)
    def seed(self: Any, a: Any = None, version: int = 2) -> None:  # noqa: ANN401  # the original's own
        if a is None and _controlled():
            a = chance.entropy().getrandbits(64)
        original(self, a, version)

    return seed


def pairs() -> Iterator[tuple[Any, Any]]:
    """Yield each original with its twin: what exists in every process."""
    own = random._inst  # noqa: SLF001  # whose methods they are
    for name, value in list(vars(random).items()):
        if getattr(value, "__self__", None) is own:
            yield value, _module_function(value, name)
    yield os.urandom, _bytes_from(os.urandom)
    if hasattr(os, "getrandom"):
        yield os.getrandom, _bytes_from(os.getrandom)


def tempfile_pairs(module: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # tempfile
    """Yield the twin of what names temporary files, if this Python has it under that name."""
    original = getattr(module, "_get_candidate_names", None)
    sequence = getattr(module, "_RandomNameSequence", None)
    if original is None or sequence is None:
        return
    # The first look for the folder draws names, too: inside, it would move the first execution's
    # stream on, and no other's.
    with suppress(FileNotFoundError):
        module.gettempdir()

    @functools.wraps(original)
    def names() -> Any:  # noqa: ANN401  # an iterator of names
        return chance.names(sequence) if _controlled() else original()

    yield original, names


def uuid_pairs(module: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # uuid
    """Yield the twin of `uuid1`; `uuid4` draws from `os.urandom` and needs none."""
    original = module.uuid1

    @functools.wraps(original)
    def uuid1(node: int | None = None, clock_seq: int | None = None) -> Any:  # noqa: ANN401  # a UUID
        if not _controlled():
            return original(node, clock_seq)
        # Source: RFC 4122, section 4.1; the clock is virtual and never stands still.
        stamp = clock.wall_time_ns() // 100 + _EPOCH_100NS
        sequence = chance.entropy().getrandbits(14) if clock_seq is None else clock_seq
        fields = (
            stamp & 0xFFFFFFFF,
            stamp >> 32 & 0xFFFF,
            stamp >> 48 & 0x0FFF,
            sequence >> 8 & 0x3F,
            sequence & 0xFF,
            chance.node() if node is None else node,
        )
        return module.UUID(fields=fields, version=1)

    yield original, uuid1
