"""One input of `secret_operations` on its way: the secrets it made, and how they are judged."""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING, Final

from fuzz.byte_reader import ByteReader
from fuzz.targets.secret_model import ModelSecret, SecretMismatchError
from secmem.memory import Policy, SecretFactory, SecretStream, Storage, live_secret_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secmem.memory import Secret

    Call = Callable[["SecretProgram"], str]

MOST_CALLS: Final = 60
MOST_SECRETS: Final = 4
MOST_ACCESSES: Final = 4  # of one secret at a time
# Around what the page layer and the slab treat differently: one byte, a slot, a page.
SIZES: Final = (1, 2, 16, 31, 32, 33, 64, 255, 4_095, 4_096, 4_097, 9_000)
MOST_STREAMED: Final = 36_000  # bytes in the stream: two chunks and a half


class SecretProgram:
    """One input on its way: reads calls, does them, judges them. Used once."""

    def __init__(
        self,
        data: bytes,
        make: Callable[..., SecretFactory],
        make_stream: Callable[[SecretFactory], SecretStream],
    ) -> None:
        self.reader = ByteReader(data)
        how = {"policy": Policy.FALLBACK}
        self._factories = (
            make(storage=Storage.PAGE, **how),
            make(storage=Storage.SLAB, **how),
        )
        self.secrets: list[ModelSecret] = []
        self.stream = make_stream(self._factories[0])
        self.queue = bytearray()
        self._live_before = live_secret_count()
        self._filled = 0
        self.features: set[int] = set()

    def run(self, calls: Sequence[Call]) -> None:
        """Do every call of the input, then end everything; a byte chooses from `calls`."""
        try:
            self._do(calls)
        except BaseException:
            # What failed first is the finding, not what cannot be cleaned up after it.
            with contextlib.suppress(Exception):
                self._give_up()
            raise
        self._give_up()
        self._check_nothing_left()

    def _do(self, calls: Sequence[Call]) -> None:
        last = ""
        for _ in range(MOST_CALLS):
            if not self.reader.left:
                return
            call = calls[self.reader.below(len(calls))]
            told = call(self)
            name = call.__name__
            # What came of a call, after which other: progress, without every size and byte.
            self.features.add(zlib.crc32(f"{last} {name} {told}".encode()))
            last = name
            self._check_all()

    # judging

    def _check_all(self) -> None:
        for model in self.secrets:
            model.check()
        if self.stream.size != len(self.queue):
            raise SecretMismatchError("the stream counts other bytes than were written")

    def _check_nothing_left(self) -> None:
        left = live_secret_count() - self._live_before
        if left > 0:  # fewer are left when what an earlier failure kept has died meanwhile
            raise SecretMismatchError(f"{left} secrets live on after every one was closed")

    def _give_up(self) -> None:
        """Leave and close everything, so that the next input begins with nothing."""
        with contextlib.ExitStack() as stack:  # each is tried, whatever another does
            stack.callback(self.stream.close)
            stack.callback(self.secrets.clear)
            for model in self.secrets:
                stack.callback(model.end)

    # choosing

    def choose(self) -> ModelSecret | None:
        """Return one of the secrets; None if there is none."""
        byte = self.reader.byte()
        return self.secrets[byte % len(self.secrets)] if self.secrets else None

    def choose_factory(self) -> SecretFactory:
        """Return the one for pages or the one for slabs."""
        return self._factories[self.reader.below(2)]

    def size(self) -> int:
        """Return how many bytes to make."""
        return SIZES[self.reader.below(len(SIZES))]

    def content(self, size: int) -> bytes:
        """Return bytes that differ from secret to secret and place to place; none is 0."""
        self._filled += 1
        block = bytes((self._filled * 37 + place) % 255 + 1 for place in range(min(size, 251)))
        return (block * (size // len(block) + 1))[:size]

    def enter_new(self, secret: Secret, content: bytes) -> None:
        """Judge a secret from now on."""
        self.secrets.append(ModelSecret(secret, content))
