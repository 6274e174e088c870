"""The subjects that hold key bytes, each from its opening to its end, under the eyes of a scan."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from secmem.memory import (
    AlignedMemory,
    Backing,
    MemoryProtection,
    ProtectedMemorySecret,
    ProtectedMemorySecretFactory,
    ProtectedMemorySecretSimple,
    SecretFactory,
    SecretStream,
    Storage,
    convert_secret,
)
from secmem.memory.exporter import lend, lend_writable

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """How a subject is opened with a key, looked into, and closed.

    Attributes:
        opened: Takes the buffer that holds the key, and owns the key from then on.
        looked_into: Calls back while the key can be read.
        closed: Ends it.
    """

    opened: Callable[[bytearray], Any]
    looked_into: Callable[[Any, Callable[[], object]], object]
    closed: Callable[[Any], object] = lambda holder: holder.close()


def _with_access(holder: Any, look: Callable[[], object]) -> None:
    with holder.access() as view:
        assert len(view) == KEY_BYTES
        look()


def _wiped(buffer: bytearray) -> None:
    buffer[:] = bytes(len(buffer))


def _reading(secret: Any, look: Callable[[], object]) -> None:
    source = secret.reader()
    taken = bytearray(KEY_BYTES)
    assert source.readinto(taken) == KEY_BYTES
    look()
    _wiped(taken)
    _wiped(secret.reader().read())


def _old(kind: type) -> Callable[[bytearray], Any]:
    def opened(buffer: bytearray) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if kind is ProtectedMemorySecretFactory:
                return kind().new(buffer)
            return kind(buffer)

    return opened


def _converted(buffer: bytearray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return convert_secret(ProtectedMemorySecret(buffer))


def _stream(buffer: bytearray) -> SecretStream:
    pipe = SecretStream(SecretFactory())
    pipe.write(buffer)
    return pipe


def _reading_a_stream(pipe: Any, look: Callable[[], object]) -> None:
    taken = pipe.read(KEY_BYTES // 2)  # the rest goes back into its chunk
    look()
    _wiped(taken)
    _wiped(pipe.read())


def _flushing_a_stream(pipe: Any, look: Callable[[], object]) -> None:
    with pipe.flush() as joined:
        _with_access(joined, look)


def _memory(buffer: bytearray) -> AlignedMemory:
    memory = AlignedMemory.with_data(buffer)
    _wiped(buffer)  # it copies, and the caller wipes
    memory.set_protection(MemoryProtection.NO_ACCESS)
    return memory


def _reading_memory(memory: Any, look: Callable[[], object]) -> None:
    memory.set_protection(MemoryProtection.READ_ONLY)
    with memory.read_view() as view:
        assert len(view) == KEY_BYTES
        look()
    memory.set_protection(MemoryProtection.NO_ACCESS)


def _lent(holder: Any, look: Callable[[], object]) -> None:
    """A view by the exporters themselves, over the pages of a secret that is being read."""
    with holder.access():
        address = holder._state.cell.address
        for lender in (lend, lend_writable):
            with lender(address, KEY_BYTES) as view:
                assert len(view) == KEY_BYTES
                look()


SUBJECTS: Final[dict[str, Subject]] = {
    "secret": Subject(opened=SecretFactory().new, looked_into=_with_access),
    "secret in a slab": Subject(
        opened=SecretFactory(storage=Storage.SLAB).new, looked_into=_with_access
    ),
    "secret in a secret file": Subject(
        opened=SecretFactory(backing=Backing.MEMFD_SECRET).new, looked_into=_with_access
    ),
    "clone": Subject(
        opened=SecretFactory().new,
        looked_into=lambda secret, look: _with_access(secret.clone(), look),
    ),
    "reader": Subject(opened=SecretFactory().new, looked_into=_reading),
    "transform": Subject(
        opened=SecretFactory().new,
        looked_into=lambda secret, look: secret.with_bytes_func(
            lambda view: (look(), bytearray(view))
        ),
    ),
    "stream": Subject(opened=_stream, looked_into=_reading_a_stream),
    "flushed stream": Subject(opened=_stream, looked_into=_flushing_a_stream),
    "aligned memory": Subject(
        opened=_memory, looked_into=_reading_memory, closed=lambda memory: memory.release()
    ),
    "exporter": Subject(opened=SecretFactory().new, looked_into=_lent),
    "old secret": Subject(opened=_old(ProtectedMemorySecret), looked_into=_with_access),
    "old simple secret": Subject(
        opened=_old(ProtectedMemorySecretSimple), looked_into=_with_access
    ),
    "old factory": Subject(opened=_old(ProtectedMemorySecretFactory), looked_into=_with_access),
    "converted secret": Subject(opened=_converted, looked_into=_with_access),
}


class KeepsACopy:
    """A planted twin: the secret remembers what it was made of."""

    def __init__(self, buffer: bytearray) -> None:
        self._copy = bytes(buffer)
        self._secret = SecretFactory().new(buffer)

    def access(self) -> Any:
        return self._secret.access()

    def close(self) -> None:
        self._secret.close()
        KEPT.append(self)


KEPT: Final[list[object]] = []
TWINS: Final = {"keeps a copy": Subject(opened=KeepsACopy, looked_into=_with_access)}


def lives(probe: Any, name: str) -> None:
    """Let a subject live twice: with an ordinary key, which fills the caches, and with the key."""
    subject = {**SUBJECTS, **TWINS}[name]
    probe.in_worker(lambda: _live(subject, bytearray(b"an ordinary key of 32 bytes ...."), None))
    key = bytearray(KEY_BYTES)

    def live() -> None:
        probe.key_into(key)
        _live(subject, key, probe)

    probe.in_worker(live)
    probe.checkpoint("closed")


def _live(subject: Subject, key: bytearray, probe: Any) -> None:
    def tell(name: str) -> None:
        if probe is not None:
            probe.checkpoint(name)

    holder = subject.opened(key)
    tell("opened")
    subject.looked_into(holder, lambda: tell("inside"))
    tell("left")
    subject.closed(holder)
