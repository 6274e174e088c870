"""What an input of `secret_operations` can do: a function for each call, with what it must bring.

Each reads with what it is called, does it, compares, and returns in a word what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz.targets.secret_model import OpenAccess, SecretMismatchError, expect
from fuzz.targets.secret_program import MOST_ACCESSES, MOST_SECRETS, MOST_STREAMED, SecretProgram
from secmem.memory import (
    CloseInsideAccess,
    EmptySecret,
    SecretClosed,
    ViewEscaped,
    live_secret_count,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory import Secret


def make(program: SecretProgram) -> str:
    """Make a secret from bytes; the caller's copy must be wiped."""
    factory, size = program.choose_factory(), program.size()
    if len(program.secrets) >= MOST_SECRETS:
        return "full"
    content = program.content(size)
    buffer = bytearray(content)
    secret = factory.new(buffer)
    program.enter_new(secret, content)  # first: whatever is wrong with it, it gets closed
    if any(buffer):
        raise SecretMismatchError("the caller's buffer was not wiped")
    return "made"


def make_copy(program: SecretProgram) -> str:
    """Make a secret that leaves the caller's bytes alone."""
    factory, size = program.choose_factory(), program.size()
    if len(program.secrets) >= MOST_SECRETS:
        return "full"
    content = program.content(size)
    program.enter_new(factory.copy_of(content), content)
    return "made"


def make_random(program: SecretProgram) -> str:
    """Make a random secret; what it holds is whatever the first access shows."""
    factory, size = program.choose_factory(), program.size()
    if len(program.secrets) >= MOST_SECRETS:
        return "full"
    secret = factory.random(size)
    program.enter_new(secret, secret.with_bytes(bytes))
    return "made"


def make_wrongly(program: SecretProgram) -> str:
    """Ask for what cannot be a secret."""
    factory = program.choose_factory()
    way = program.reader.below(4)
    if way == 0:
        expect(EmptySecret, lambda: factory.new(bytearray()))
    elif way == 1:
        expect(TypeError, lambda: factory.new(b"constant"))  # type: ignore[arg-type]  # wrong on purpose
    elif way == 2:  # noqa: PLR2004  # the third way
        expect(EmptySecret, lambda: factory.random(0))
    else:
        expect(TypeError, lambda: factory.new("text"))  # type: ignore[arg-type]  # wrong on purpose
    return str(way)


def enter(program: SecretProgram) -> str:
    """Begin an access, inside whatever other accesses there are."""
    model = program.choose()
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


def leave(program: SecretProgram) -> str:
    """End the innermost access or, by the byte, any other."""
    model = program.choose()
    byte = program.reader.byte()
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


def take_slice(program: SecretProgram) -> str:
    """Take a slice of a view and keep it."""
    model = program.choose()
    start, stop = program.reader.byte(), program.reader.byte()
    if model is None or not model.accesses:
        return "none"
    opened = model.accesses[-1]
    piece = opened.view[start:stop]
    if bytes(piece) != model.content[start:stop]:
        raise SecretMismatchError("a slice shows other bytes than its place holds")
    opened.slices.append(piece)
    return "taken"


def drop_slices(program: SecretProgram) -> str:
    """Let the slices of one ended access die; the page must close with the last."""
    model = program.choose()
    if model is None or not model.escaped:
        return "none"
    slices = model.escaped.pop()
    if program.reader.byte() & 1:
        for piece in slices:
            piece.release()
    slices.clear()
    return "dropped"


def use(program: SecretProgram) -> str:
    """Read through `with_bytes`."""
    model = program.choose()
    if model is None:
        return "none"
    secret = model.handle()
    if model.refuses:
        expect(SecretClosed, lambda: secret.with_bytes(bytes))
        return "refused"
    if secret.with_bytes(bytes) != model.content:
        raise SecretMismatchError("with_bytes shows other bytes than the secret was made of")
    return "read"


def use_and_raise(program: SecretProgram) -> str:
    """Raise inside `with_bytes`; the access must end all the same."""
    model = program.choose()
    if model is None or model.refuses:
        return "none"

    def fails(_view: memoryview) -> None:
        raise LookupError("on purpose")

    expect(LookupError, lambda: model.handle().with_bytes(fails))
    return "raised"


def derive(program: SecretProgram) -> str:
    """Make bytes from the secret through `with_bytes_func`; they must be wiped."""
    model = program.choose()
    wrongly = program.reader.byte() & 1
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


def open_reader(program: SecretProgram) -> str:
    """Begin to read a secret piece by piece."""
    model = program.choose()
    if model is None:
        return "none"
    model.open_reader()
    return "opened"


def read(program: SecretProgram) -> str:
    """Read a piece."""
    model = program.choose()
    byte = program.reader.byte()
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


def clone(program: SecretProgram) -> str:
    """Make another handle."""
    model = program.choose()
    if model is None or len(model.handles) >= MOST_ACCESSES:
        return "none"
    model.handles.append(model.handle().clone())
    return "cloned"


def close(program: SecretProgram) -> str:
    """Close through any handle: closes for all, unless somebody is inside."""
    model = program.choose()
    byte = program.reader.byte()
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


def forget(program: SecretProgram) -> str:
    """Drop every handle of a secret; it must be gone at once."""
    model = program.choose()
    if model is None or model.accesses or model.escaped:
        return "none"
    was_closed = model.closed
    before = live_secret_count()
    program.secrets.remove(model)
    model.forget()
    if live_secret_count() != before - (not was_closed):
        raise SecretMismatchError("a dropped secret still counts as live")
    return "closed" if was_closed else "open"


def write_stream(program: SecretProgram) -> str:
    """Write to the stream."""
    content = program.content(program.size())
    buffer = bytearray(content)
    if len(program.queue) > MOST_STREAMED:
        return "full"
    if program.stream.write(buffer) != len(content) or any(buffer):
        raise SecretMismatchError("the stream took a part, or left the caller's bytes")
    program.queue += content
    return "written"


def read_stream(program: SecretProgram) -> str:
    """Read from the stream."""
    size = program.size() if program.reader.byte() & 7 else -1
    wanted = bytes(program.queue[: size if size >= 0 else None])
    if program.stream.read(size) != wanted:
        raise SecretMismatchError("the stream gave other bytes than were written")
    del program.queue[: len(wanted)]
    return "end" if not wanted else "read"


def flush_stream(program: SecretProgram) -> str:
    """Take the stream out as one secret."""
    if not program.queue:
        expect(EmptySecret, program.stream.flush)
        return "empty"
    with program.stream.flush() as whole:
        if whole.with_bytes(bytes) != program.queue:
            raise SecretMismatchError("a flushed secret holds other bytes than were written")
    program.queue.clear()
    return "flushed"


CALLS: Final[tuple[Callable[[SecretProgram], str], ...]] = (
    make, enter, leave, use, close, take_slice, drop_slices, open_reader, read, clone, derive,
    make_random, make_copy, use_and_raise, make_wrongly, forget, write_stream, read_stream,
    flush_stream,
)  # fmt: skip
