"""A corpus on its journey: whole, or refused."""

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.cluster.corpus_blob import MAGIC, pack, unpack
from fuzz.cluster.errors import CorpusBlobError
from fuzz.fuzz_target import MAX_BYTES


@given(st.sets(st.binary(max_size=300)))
def test_what_was_packed_comes_out(inputs: set[bytes]) -> None:
    assert set(unpack(pack(inputs))) == inputs


def test_the_same_inputs_make_the_same_blob_in_any_order() -> None:
    assert pack([b"b", b"a", b"a"]) == pack([b"a", b"b"])


def damaged(body: bytes) -> bytes:
    return MAGIC + zlib.compress(body)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"hfc2" + zlib.compress(b""),
        MAGIC,
        MAGIC + b"no zlib",
        pack([b"whole" * 50])[:-3],
        damaged(b"\x01"),
        damaged(struct.pack("<I", 5) + b"four"),
        damaged(struct.pack("<I", MAX_BYTES + 1) + bytes(MAX_BYTES + 1)),
    ],
    ids=["empty", "another", "cut", "not-packed", "short", "length", "input", "too-long"],
)
def test_a_damaged_blob_is_refused(blob: bytes) -> None:
    with pytest.raises(CorpusBlobError):
        unpack(blob)


@given(st.binary(max_size=200))
def test_any_bytes_are_inputs_or_refused(data: bytes) -> None:
    with contextlib.suppress(CorpusBlobError):
        unpack(MAGIC + data)
