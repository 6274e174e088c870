from __future__ import annotations

import threading
from typing import Any

import pytest

from secmem.memory import EmptySecret, SecretClosed, SecretFactory, SecretStream, Storage
from secmem.memory.stream import CHUNK_PAGES

CHUNK = CHUNK_PAGES * 4096


def test_bytes_come_out_in_the_order_they_went_in() -> None:
    with SecretStream() as stream:
        first, second = bytearray(b"abc"), bytearray(b"defgh")
        assert stream.write(first) == 3
        assert stream.write(second) == 5
        assert first == bytes(3)
        assert second == bytes(5)
        assert stream.size == len(stream) == 8
        assert stream.read(2) == b"ab"
        assert stream.read(4) == b"cdef"
        assert stream.read() == b"gh"
        assert stream.read() == b""
        assert stream


def test_a_long_write_becomes_chunks_of_four_pages() -> None:
    data = bytes(range(256)) * (CHUNK // 256) * 2 + b"rest"
    with SecretStream() as stream:
        stream.write(bytearray(data))
        assert [len(chunk) for chunk, _ in stream._chunks] == [CHUNK, CHUNK, 4]
        assert stream.read(CHUNK + 1) == data[: CHUNK + 1]
        assert stream.read() == data[CHUNK + 1 :]


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_flush_joins_what_is_left_into_one_secret(storage: Storage) -> None:
    with SecretStream(SecretFactory(storage=storage)) as stream:
        stream.write(bytearray(b"abc"))
        stream.write(bytearray(b"def"))
        stream.read(2)
        with stream.flush() as whole:
            assert whole.with_bytes(bytes) == b"cdef"
        assert stream.size == 0
        with pytest.raises(EmptySecret):
            stream.flush()


def test_a_closed_stream_refuses_and_shows_it() -> None:
    stream = SecretStream()
    stream.write(bytearray(b"abc"))
    assert repr(stream) == "<SecretStream of 3 bytes>"
    stream.close()
    stream.close()
    assert stream.closed
    assert repr(stream) == "<SecretStream of 0 bytes, closed>"
    for refused in (stream.read, stream.flush, lambda: stream.write(bytearray(b"x"))):
        with pytest.raises(SecretClosed):
            refused()


def test_arguments_are_checked() -> None:
    stream: Any = SecretStream()
    with pytest.raises(TypeError, match="not str"):
        stream.read("1")
    with pytest.raises(TypeError, match="read-only"):
        stream.write(b"abc")
    with pytest.raises(TypeError, match="SecretFactory, not int"):
        SecretStream(3)  # type: ignore[arg-type]
    stream.close()


def test_an_empty_write_changes_nothing() -> None:
    with SecretStream() as stream:
        assert stream.write(bytearray()) == 0
        assert stream.size == 0


def test_concurrent_readers_neither_lose_nor_reorder() -> None:
    data = bytes(number % 251 for number in range(3000))
    order = threading.Lock()
    taken = bytearray()
    with SecretStream() as stream:
        for start in range(0, 3000, 100):
            stream.write(bytearray(data[start : start + 100]))

        def drain() -> None:
            while True:
                with order:  # ours, so that the order of the pieces is known
                    piece = stream.read(7)
                    taken.extend(piece)
                if not piece:
                    return

        threads = [threading.Thread(target=drain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert taken == data
