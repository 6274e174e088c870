from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest

from secmem.memory import SecretClosed, SecretFactory


def test_a_reader_goes_through_the_bytes_and_ends_with_nothing() -> None:
    with SecretFactory().new(bytearray(b"abcdefg")) as secret:
        reader = secret.reader()
        assert reader.read(3) == b"abc"
        assert reader.tell() == 3
        assert reader.read(0) == b""
        assert reader.read() == b"defg"
        assert reader.read() == b""
        assert reader.read(9) == b""
        assert repr(reader) == "<SecretReader at 7 of 7 bytes>"
        assert secret.reader().read(1) == b"a"


def test_readinto_fills_the_callers_buffer() -> None:
    with SecretFactory().new(bytearray(b"abcdefg")) as secret:
        reader, buffer = secret.reader(), bytearray(4)
        assert reader.readinto(buffer) == 4
        assert buffer == b"abcd"
        assert reader.readinto(buffer) == 3
        assert buffer == b"efgd"
        assert reader.readinto(buffer) == 0
        with pytest.raises(TypeError, match="read-only"):
            reader.readinto(b"xx")  # type: ignore[arg-type]


def test_the_standard_library_takes_it_for_a_file() -> None:
    with SecretFactory().new(bytearray(b"abcdefg")) as secret:
        digest = hashlib.file_digest(secret.reader(), "sha256")
        assert digest.digest() == hashlib.sha256(b"abcdefg").digest()
        assert secret.reader().readable()


def test_a_reader_of_a_closed_secret_is_closed() -> None:
    secret = SecretFactory().random(4)
    reader = secret.reader()
    secret.close()
    assert reader.closed
    with pytest.raises(SecretClosed):
        reader.read(1)


def test_a_reader_keeps_its_secret() -> None:
    reader = SecretFactory().new(bytearray(b"ab")).reader()
    assert reader.read() == b"ab"


def test_a_size_is_a_number_of_bytes() -> None:
    reader: Any = SecretFactory().random(1).reader()
    with pytest.raises(TypeError, match="not float"):
        reader.read(1.0)


def test_threads_share_a_reader_and_every_byte_comes_once() -> None:
    data = bytes(range(240))
    taken: list[bytes] = []
    with SecretFactory().new(bytearray(data)) as secret:
        reader = secret.reader()

        def drain() -> None:
            while piece := reader.read(3):
                taken.append(bytes(piece))

        threads = [threading.Thread(target=drain) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(taken) == [data[start : start + 3] for start in range(0, 240, 3)]
