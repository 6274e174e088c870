"""Bytes to a sequence of calls on secrets, judged after every call by a small sequential model.

Each call is a byte that says what, and one to three bytes that say with what. Up to four secrets
live at a time, in pages of their own or in a slab, each with open accesses, escaped slices, readers
and clones; beside them one stream. The model is `ModelSecret`: the bytes, what is open, what is
closed; nothing more is needed to say what every call must do.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from fuzz.byte_reader import ByteReader
from fuzz.target import Target
from fuzz.targets.secret_model import ModelSecret, OpenAccess, SecretMismatchError, expect
from secmem.memory import (
    CloseInsideAccess,
    EmptySecret,
    Policy,
    SecretClosed,
    SecretFactory,
    SecretStream,
    Storage,
    ViewEscaped,
    live_secret_count,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory import Secret

MOST_CALLS: Final = 60
MOST_SECRETS: Final = 4
MOST_ACCESSES: Final = 4  # of one secret at a time
# Around what the page layer and the slab treat differently: one byte, a slot, a page.
SIZES: Final = (1, 2, 16, 31, 32, 33, 64, 255, 4_095, 4_096, 4_097, 9_000)


class SecretProgram:
    """One input on its way: reads calls, does them, judges them. Used once."""

    def __init__(
        self,
        data: bytes,
        make: Callable[..., SecretFactory],
        make_stream: Callable[[SecretFactory], SecretStream],
    ) -> None:
        self._reader = ByteReader(data)
        how = {"policy": Policy.FALLBACK}
        self._factories = (
            make(storage=Storage.PAGE, **how),
            make(storage=Storage.SLAB, **how),
        )
        self._secrets: list[ModelSecret] = []
        self._stream = make_stream(self._factories[0])
        self._queue = bytearray()
        self._live_before = live_secret_count()
        self._filled = 0
        self.features: set[int] = set()

    def run(self) -> None:
        """Do every call of the input, then end everything."""
        last = ""
        try:
            for _ in range(MOST_CALLS):
                if not self._reader.left:
                    break
                call = CALLS[self._reader.below(len(CALLS))]
                told = call(self)
                name = call.__name__
                # What came of a call, after which other: progress, without every size and byte.
                self.features.add(zlib.crc32(f"{last} {name} {told}".encode()))
                last = name
                self._check_all()
        finally:
            self._give_up()
        self._check_nothing_left()

    # making

    def make(self) -> str:
        """Make a secret from bytes; the caller's copy must be wiped."""
        factory, size = self._choose_factory(), self._size()
        if len(self._secrets) >= MOST_SECRETS:
            return "full"
        content = self._content(size)
        buffer = bytearray(content)
        secret = factory.new(buffer)
        if any(buffer):
            raise SecretMismatchError("the caller's buffer was not wiped")
        self._enter_new(secret, content)
        return "made"

    def make_copy(self) -> str:
        """Make a secret that leaves the caller's bytes alone."""
        factory, size = self._choose_factory(), self._size()
        if len(self._secrets) >= MOST_SECRETS:
            return "full"
        content = self._content(size)
        self._enter_new(factory.copy_of(content), content)
        return "made"

    def make_random(self) -> str:
        """Make a random secret; what it holds is whatever the first access shows."""
        factory, size = self._choose_factory(), self._size()
        if len(self._secrets) >= MOST_SECRETS:
            return "full"
        secret = factory.random(size)
        self._enter_new(secret, secret.with_bytes(bytes))
        return "made"

    def make_wrongly(self) -> str:
        """Ask for what cannot be a secret."""
        factory = self._choose_factory()
        way = self._reader.below(4)
        if way == 0:
            expect(EmptySecret, lambda: factory.new(bytearray()))
        elif way == 1:
            expect(TypeError, lambda: factory.new(b"constant"))  # type: ignore[arg-type]  # wrong on purpose
        elif way == 2:  # noqa: PLR2004  # the third way
            expect(EmptySecret, lambda: factory.random(0))
        else:
            expect(TypeError, lambda: factory.new("text"))  # type: ignore[arg-type]  # wrong on purpose
        return str(way)

    # accesses

    def enter(self) -> str:
        """Begin an access, inside whatever other accesses there are."""
        model = self._choose()
        if model is None or len(model.accesses) >= MOST_ACCESSES:
            return "none"
        access = model.handle().access()
        if model.refuses:
            expect(SecretClosed, access.__enter__)
            return "refused"
        view = access.__enter__()
        model.accesses.append(OpenAccess(access, view))
        model.check_view(view)
        return f"nested {len(model.accesses)}"

    def leave(self) -> str:
        """End the innermost access or, by the byte, any other."""
        model = self._choose()
        byte = self._reader.byte()
        if model is None or not model.accesses:
            return "none"
        opened = model.accesses.pop(-1 - byte % len(model.accesses))
        if opened.slices:
            expect(ViewEscaped, lambda: opened.access.__exit__(None, None, None))
            model.escaped.append(opened.slices)
            return "escaped"
        opened.access.__exit__(None, None, None)
        expect(ValueError, lambda: opened.view[0])
        return "left"

    def take_slice(self) -> str:
        """Take a slice of a view and keep it."""
        model = self._choose()
        start, stop = self._reader.byte(), self._reader.byte()
        if model is None or not model.accesses:
            return "none"
        opened = model.accesses[-1]
        piece = opened.view[start:stop]
        if bytes(piece) != model.content[start:stop]:
            raise SecretMismatchError("a slice shows other bytes than its place holds")
        opened.slices.append(piece)
        return "taken"

    def drop_slices(self) -> str:
        """Let the slices of one ended access die; the page must close with the last."""
        model = self._choose()
        if model is None or not model.escaped:
            return "none"
        slices = model.escaped.pop()
        if self._reader.byte() & 1:
            for piece in slices:
                piece.release()
        slices.clear()
        return "dropped"

    def use(self) -> str:
        """Read through `with_bytes`."""
        model = self._choose()
        if model is None:
            return "none"
        secret = model.handle()
        if model.refuses:
            expect(SecretClosed, lambda: secret.with_bytes(bytes))
            return "refused"
        if secret.with_bytes(bytes) != model.content:
            raise SecretMismatchError("with_bytes shows other bytes than the secret was made of")
        return "read"

    def use_and_raise(self) -> str:
        """Raise inside `with_bytes`; the access must end all the same."""
        model = self._choose()
        if model is None or model.refuses:
            return "none"

        def fails(_view: memoryview) -> None:
            raise LookupError("on purpose")

        expect(LookupError, lambda: model.handle().with_bytes(fails))
        return "raised"

    def derive(self) -> str:
        """Make bytes from the secret through `with_bytes_func`; they must be wiped."""
        model = self._choose()
        wrongly = self._reader.byte() & 1
        if model is None or model.refuses:
            return "none"
        secret, made = model.handle(), bytearray()
        if wrongly:
            expect(TypeError, lambda: secret.with_bytes_func(lambda view: (1, bytes(view))))  # type: ignore[arg-type,return-value]  # wrong on purpose
            return "refused"

        def transform(view: memoryview) -> tuple[int, bytearray]:
            made.extend(view)
            return len(view), made

        if secret.with_bytes_func(transform) != len(model.content):
            raise SecretMismatchError("with_bytes_func returned something else")
        if any(made):
            raise SecretMismatchError("bytes made from the secret were not wiped")
        return "wiped"

    # readers, clones

    def open_reader(self) -> str:
        """Begin to read a secret piece by piece."""
        model = self._choose()
        if model is None:
            return "none"
        model.open_reader()
        return "opened"

    def read(self) -> str:
        """Read a piece."""
        model = self._choose()
        byte = self._reader.byte()
        if model is None or not model.readers:
            return "none"
        reader = model.readers[byte % len(model.readers)]
        size = byte - 1
        if model.refuses:
            expect(SecretClosed, lambda: reader.source.read(size))
            return "refused"
        wanted = reader.take(model.content, size)
        if reader.source.read(size) != wanted or reader.source.tell() != reader.position:
            raise SecretMismatchError("a reader gave other bytes, or stands elsewhere")
        return "end" if not wanted else "read"

    def clone(self) -> str:
        """Make another handle."""
        model = self._choose()
        if model is None or len(model.handles) >= MOST_ACCESSES:
            return "none"
        model.handles.append(model.handle().clone())
        return "cloned"

    # the end

    def close(self) -> str:
        """Close through any handle: closes for all, unless somebody is inside."""
        model = self._choose()
        byte = self._reader.byte()
        if model is None:
            return "none"
        secret: Secret = model.handles[byte % len(model.handles)]
        limit = 0.0 if byte & 0x80 else None
        if model.accesses:
            expect(CloseInsideAccess, lambda: secret.close(limit))
            return "inside"
        model.refuses = True
        if model.escaped:
            expect(ViewEscaped, lambda: secret.close(limit))
            return "escaped"
        again = model.closed
        secret.close(limit)
        model.closed = True
        return "again" if again else "closed"

    def forget(self) -> str:
        """Drop every handle of a secret; it must be gone at once."""
        model = self._choose()
        if model is None or model.accesses or model.escaped:
            return "none"
        was_closed = model.closed
        before = live_secret_count()
        self._secrets.remove(model)
        model.forget()
        if live_secret_count() != before - (not was_closed):
            raise SecretMismatchError("a dropped secret still counts as live")
        return "closed" if was_closed else "open"

    # the stream

    def write_stream(self) -> str:
        """Write to the stream."""
        content = self._content(self._size())
        buffer = bytearray(content)
        if len(self._queue) > 4 * max(SIZES):
            return "full"
        if self._stream.write(buffer) != len(content) or any(buffer):
            raise SecretMismatchError("the stream took a part, or left the caller's bytes")
        self._queue += content
        return "written"

    def read_stream(self) -> str:
        """Read from the stream."""
        size = self._size() if self._reader.byte() & 7 else -1
        wanted = bytes(self._queue[: size if size >= 0 else None])
        if self._stream.read(size) != wanted:
            raise SecretMismatchError("the stream gave other bytes than were written")
        del self._queue[: len(wanted)]
        return "end" if not wanted else "read"

    def flush_stream(self) -> str:
        """Take the stream out as one secret."""
        if not self._queue:
            expect(EmptySecret, self._stream.flush)
            return "empty"
        with self._stream.flush() as whole:
            if whole.with_bytes(bytes) != self._queue:
                raise SecretMismatchError("a flushed secret holds other bytes than were written")
        self._queue.clear()
        return "flushed"

    # judging

    def _check_all(self) -> None:
        for model in self._secrets:
            model.check()
        if self._stream.size != len(self._queue):
            raise SecretMismatchError("the stream counts other bytes than were written")

    def _check_nothing_left(self) -> None:
        left = live_secret_count() - self._live_before
        if left:
            raise SecretMismatchError(f"{left} secrets live on after every one was closed")

    def _give_up(self) -> None:
        """Leave and close everything, so that the next input begins with nothing."""
        for model in self._secrets:
            model.end()
        self._secrets.clear()
        self._stream.close()

    # choosing

    def _choose(self) -> ModelSecret | None:
        byte = self._reader.byte()
        return self._secrets[byte % len(self._secrets)] if self._secrets else None

    def _choose_factory(self) -> SecretFactory:
        return self._factories[self._reader.below(2)]

    def _size(self) -> int:
        return SIZES[self._reader.below(len(SIZES))]

    def _content(self, size: int) -> bytes:
        """Return bytes that differ from secret to secret and place to place; none is 0."""
        self._filled += 1
        block = bytes((self._filled * 37 + place) % 255 + 1 for place in range(min(size, 251)))
        return (block * (size // len(block) + 1))[:size]

    def _enter_new(self, secret: Secret, content: bytes) -> None:
        model = ModelSecret(secret, content)
        self._secrets.append(model)


CALLS: Final[tuple[Callable[[SecretProgram], str], ...]] = (
    SecretProgram.make, SecretProgram.enter, SecretProgram.leave, SecretProgram.use,
    SecretProgram.close, SecretProgram.take_slice, SecretProgram.drop_slices,
    SecretProgram.open_reader, SecretProgram.read, SecretProgram.clone, SecretProgram.derive,
    SecretProgram.make_random, SecretProgram.make_copy, SecretProgram.use_and_raise,
    SecretProgram.make_wrongly, SecretProgram.forget, SecretProgram.write_stream,
    SecretProgram.read_stream, SecretProgram.flush_stream,
)  # fmt: skip


def secret_run(
    make: Callable[..., SecretFactory] = SecretFactory,
    make_stream: Callable[[SecretFactory], SecretStream] = SecretStream,
) -> Callable[[bytes], set[int]]:
    """Return the `run` of this target for secrets of another make.

    Args:
        make: Called as `SecretFactory` is, twice an input.
        make_stream: Called as `SecretStream` is, once an input.
    """

    def run(data: bytes) -> set[int]:
        program = SecretProgram(data, make, make_stream)
        program.run()
        return program.features

    return run


def _seed(*calls: tuple[Callable[[SecretProgram], str], tuple[int, ...]]) -> bytes:
    return b"".join(bytes((CALLS.index(call), *arguments)) for call, arguments in calls)


_P = SecretProgram
SEEDS: Final = (
    _seed((_P.make, (0, 4)), (_P.enter, (0,)), (_P.enter, (0,)), (_P.leave, (0, 0)),
          (_P.close, (0, 0)), (_P.leave, (0, 0)), (_P.close, (0, 0)), (_P.use, (0,))),
    _seed((_P.make, (1, 4)), (_P.enter, (0,)), (_P.take_slice, (0, 1, 9)), (_P.leave, (0, 0)),
          (_P.close, (0, 0)), (_P.drop_slices, (0, 1)), (_P.close, (0, 0))),
    _seed((_P.make, (0, 10)), (_P.open_reader, (0,)), (_P.read, (0, 33)), (_P.clone, (0,)),
          (_P.derive, (0, 0)), (_P.close, (0, 1)), (_P.read, (0, 0))),
    _seed((_P.write_stream, (10,)), (_P.read_stream, (3, 1)), (_P.write_stream, (2,)),
          (_P.flush_stream, ())),
)  # fmt: skip

SECRET_OPERATIONS: Final = Target(
    name="secret_operations",
    run=secret_run(),
    what="calls on secrets, readers, clones and a stream; a sequential model judges each",
    instrument=("secmem.memory",),
    compares=False,
    seeds=SEEDS,
    max_bytes=256,
)
