"""A queue of secret bytes: written at one end, read in order at the other."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Self

from secmem.memory.aligned import AlignedMemory
from secmem.memory.errors import EmptySecret, ForkedSecret, SecretClosed
from secmem.memory.factory import SecretFactory
from secmem.memory.process_mark import current_mark, mark
from secmem.memory.wiping import writable_bytes

if TYPE_CHECKING:
    from secmem.memory.secret import Secret
    from secmem.memory.wiping import WritableBuffer

__all__ = ["CHUNK_PAGES", "SecretStream"]

CHUNK_PAGES: Final = 4


class SecretStream:
    """Bytes in protected chunks of 4 pages, first in, first out. Safe to share between threads.

    One lock orders readers and writers: a chunk that is partly read goes back to the front
    before the next reader looks, so bytes are neither reordered nor lost.
    """

    def __init__(self, factory: SecretFactory | None = None) -> None:
        if factory is not None and not isinstance(factory, SecretFactory):
            raise TypeError(f"factory is a SecretFactory, not {type(factory).__name__}")
        self._factory = factory or SecretFactory()
        self._chunk_size = CHUNK_PAGES * self._factory.page_size
        self._order_lock = threading.Lock()
        self._chunks: deque[tuple[Secret, int]] = deque()  # a chunk, and how much of it was read
        self._size = 0
        self._closed = False
        self._mark = current_mark()
        self._pid = os.getpid()

    @property
    def size(self) -> int:
        """How many bytes wait to be read."""
        return self._size

    @property
    def closed(self) -> bool:
        """Whether the stream is closed."""
        return self._closed

    def write(self, buffer: WritableBuffer) -> int:
        """Append the bytes of `buffer`, wipe it, and return how many there were.

        Raises:
            TypeError: `buffer` is not writable contiguous memory.
            SecretClosed: The stream is closed.
            SystemCallFailed, LockBudgetExceeded, MappingLimitExceeded: The system refused; the
                stream and `buffer` are as before.
        """
        self._refuse_other_process()
        with writable_bytes(buffer) as source, self._order_lock:
            self._refuse_closed()
            chunks = self._make_chunks(source)
            self._chunks.extend((chunk, 0) for chunk in chunks)
            self._size += source.nbytes
            source[:] = bytes(source.nbytes)
            return source.nbytes

    def read(self, size: int = -1) -> bytearray:
        """Return up to `size` bytes from the front, all if it is negative; empty at the end.

        The bytes leave the stream; wiping them is the caller's part.

        Raises:
            SecretClosed: The stream is closed.
        """
        if type(size) is not int:
            raise TypeError(f"size is a number of bytes, not {type(size).__name__}")
        self._refuse_other_process()
        with self._order_lock:
            self._refuse_closed()
            taken = bytearray(self._size if size < 0 else min(size, self._size))
            with memoryview(taken) as target:
                self._fill(target)
            return taken

    def flush(self) -> Secret:
        """Take everything out as one secret, without a copy outside of protected pages.

        Raises:
            EmptySecret: There is nothing in the stream.
            SecretClosed: The stream is closed.
            SystemCallFailed, LockBudgetExceeded, MappingLimitExceeded: The system refused; the
                stream is as before.
        """
        self._refuse_other_process()
        with self._order_lock:
            self._refuse_closed()
            if not self._size:
                raise EmptySecret(0)
            whole = self._join()
            self._drop_chunks()
            return whole

    def close(self) -> None:
        """Wipe what was not read; the stream takes and gives no more bytes."""
        self._refuse_other_process()
        with self._order_lock:
            self._closed = True
            self._drop_chunks()

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<SecretStream of {self._size} bytes{', closed' if self._closed else ''}>"

    def _refuse_other_process(self) -> None:
        # Before the lock: a thread that is not in this child may have held it at the fork.
        if mark[0] != self._mark:
            raise ForkedSecret(self._pid, os.getpid())

    def _refuse_closed(self) -> None:
        if self._closed:
            raise SecretClosed

    def _make_chunks(self, source: memoryview) -> list[Secret]:
        chunks: list[Secret] = []
        try:
            for start in range(0, source.nbytes, self._chunk_size):
                with source[start : start + self._chunk_size] as piece:
                    chunks.append(self._factory.copy_of(piece))
        except BaseException:
            for chunk in chunks:
                chunk.close()
            raise
        return chunks

    def _fill(self, target: memoryview) -> None:
        # Copy first, take out afterwards: a later chunk whose page cannot be opened must not cost
        # the bytes of the earlier ones.
        done = place = 0
        used_up: list[Secret] = []
        for chunk, start in self._chunks:
            if done == len(target):
                break
            count = _copy(chunk, start, target=target, done=done)
            done += count
            place = start + count
            if place == len(chunk):
                used_up.append(chunk)
                place = 0
        self._take_out(used_up, place, size=done)

    def _take_out(self, used_up: list[Secret], place: int, *, size: int) -> None:
        self._size -= size
        for _ in used_up:
            self._chunks.popleft()
        if place:
            chunk, _ = self._chunks.popleft()
            self._put_back(chunk, place)
        for chunk in used_up:
            chunk.close()

    def _put_back(self, chunk: Secret, start: int) -> None:
        self._chunks.appendleft((chunk, start))

    def _join(self) -> Secret:
        staging = AlignedMemory(
            self._size,
            policy=self._factory.policy,
            backing=self._factory.backing,
            calls=self._factory.calls,
        )
        try:
            with staging.write_view() as target:
                done = 0
                for chunk, start in self._chunks:
                    done += _copy(chunk, start, target=target, done=done)
                return self._factory.copy_of(target)
        finally:
            staging.release()

    def _drop_chunks(self) -> None:
        self._size = 0
        while self._chunks:
            chunk, _ = self._chunks.popleft()
            chunk.close()


def _copy(chunk: Secret, start: int, *, target: memoryview, done: int) -> int:
    """Copy what fits of a chunk to `target` after its first `done` bytes; return how much."""
    with chunk.access() as view:
        count = min(len(view) - start, len(target) - done)
        with view[start : start + count] as piece, target[done : done + count] as place:
            place[:] = piece
        return count
