"""Readers and streams that lose their place; the good classes are secmem's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from secmem.memory import SecretReader, SecretStream

if TYPE_CHECKING:
    from secmem.memory import Secret


class SharesPosition(SecretReader):
    """B-20: threads that share a reader share its position, with no lock around read and move."""

    def _take_into(self, target: memoryview) -> int:
        with target:
            count = self._copy_from(self._position, target)
            self._advance(count)
            return count


class PutsBackLater(SecretStream):
    """B-22a: a chunk is out of the queue while it is read; its rest goes back when that is done."""

    def read(self, size: int = -1) -> bytearray:
        taken = bytearray()
        while len(taken) < size:
            with self._order_lock:
                if not self._chunks:
                    break
                chunk, start = self._chunks.popleft()
            piece = _piece(chunk, start, most=size - len(taken))
            taken += piece
            with self._order_lock:
                self._size -= len(piece)
                if start + len(piece) < len(chunk):
                    self._put_back(chunk, start + len(piece))
        return taken


class LosesFailedChunk(SecretStream):
    """B-22b: a chunk whose page cannot be opened is out of the queue, and stays out of it."""

    def read(self, size: int = -1) -> bytearray:
        with self._order_lock:
            if not self._chunks:
                return bytearray()
            chunk, start = self._chunks.popleft()
            piece = _piece(chunk, start, most=size)
            self._size -= len(piece)
            if start + len(piece) < len(chunk):
                self._put_back(chunk, start + len(piece))
        return piece


def _piece(chunk: Secret, start: int, *, most: int) -> bytearray:
    with chunk.access() as view:
        end = min(len(view), start + most)
        return bytearray(view[start:end])
