"""Needles: every writing of a secret, never in clear outside a search."""

import base64
import os
import sys

import pytest

from harness.probes import Form, Needles, PlainNeedleError

KEY = bytes.fromhex("8f1d3c5a79b0e2144668aaccfe0123579bdf02468ace13579bdf5f3e1d2c4b6a")


def written(form: Form) -> bytes:
    with Needles.of(KEY, forms=(form,)).in_clear() as opened:
        whole = bytearray(opened[0][0].whole)
        for needle, clear in opened:
            whole[needle.offset : needle.offset + len(clear)] = clear
    return bytes(whole)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Form.RAW, KEY),
        (Form.HEX, KEY.hex().encode()),
        (Form.HEX_UPPER, KEY.hex().upper().encode()),
        (Form.BASE64, base64.b64encode(KEY)[:40]),
    ],
    ids=lambda value: value.name if isinstance(value, Form) else "",
)
def test_pieces_together_are_the_whole_writing(form: Form, expected: bytes) -> None:
    assert written(form) == expected


@pytest.mark.parametrize("order", ["big", "little"])
def test_int_digits_are_those_cpython_keeps(order: str) -> None:
    form = Form.INT_BIG if order == "big" else Form.INT_LITTLE
    number = int.from_bytes(KEY, "big" if order == "big" else "little")
    bits, width = sys.int_info.bits_per_digit, sys.int_info.sizeof_digit
    digits = written(form)
    total = sum(
        int.from_bytes(digits[at : at + width], sys.byteorder) << bits * (at // width)
        for at in range(0, len(digits), width)
    )
    assert total == number


@pytest.mark.parametrize("size", [8, 9, 15, 16, 17, 31, 32, 33, 64, 100])
def test_pieces_cover_every_byte_of_any_size(size: int) -> None:
    covered: set[int] = set()
    for needle in Needles.of(os.urandom(size), forms=(Form.RAW,)):
        covered |= set(range(needle.offset, needle.offset + needle.size_bytes))
    assert covered == set(range(size))


def test_masked_bytes_hold_nothing_of_the_secret() -> None:
    for needle in Needles.of(KEY):
        assert needle.masked not in KEY
        assert needle.mask not in KEY
        assert repr(needle).find("mask") == -1


def test_clear_pieces_are_wiped_when_the_search_ends() -> None:
    with Needles.of(KEY).in_clear() as opened:
        pieces = [clear for _, clear in opened]
        assert pieces[0] == KEY[:8]
    assert not any(any(piece) for piece in pieces)


def test_repr_says_how_many_and_nothing_else() -> None:
    assert repr(Needles.of(KEY, forms=(Form.RAW,))) == "<Needles: 4 masked pieces>"


@pytest.mark.parametrize(
    ("secret", "reason"),
    [(b"short", "shorter than 8 bytes"), (bytes(32), "the piece at 0 is one byte repeated")],
)
def test_secret_that_looks_like_ordinary_memory_is_refused(secret: bytes, reason: str) -> None:
    with pytest.raises(PlainNeedleError, match=reason) as caught:
        Needles.of(secret)
    assert caught.value.size == len(secret)
