"""A token is read back whole or refused with a reason, whatever was done to it."""

from __future__ import annotations

import base64
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.replay_token import EXPLORE_AGAIN, MAX_CHOICES, Token, decode_token

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FIELDS = {"c": [0, 2], "d": 0, "e": 0, "k": "", "l": 0, "m": "gil", "n": 0, "p": "3.11", "s": 5}

tokens = st.builds(
    Token,
    choices=st.lists(st.integers(0, 40), max_size=300).map(tuple),
    marks=st.binary(max_size=128),
    early=st.booleans(),
    model=st.sampled_from(["free-threaded", "gil"]),
    max_steps=st.integers(1, MAX_CHOICES),
    open_end=st.booleans(),
    events=st.integers(0, 10**9),
    digest=st.integers(0, 2**32 - 1),
    last=st.integers(0, 2**32 - 1),
    python=st.sampled_from(["3.11", "3.12", "3.14"]),
)


def packed(fields: Any, *, raw: bytes | None = None) -> str:
    """Make a token of whatever; its checksum is right."""
    inner = zlib.compress(json.dumps(fields).encode(), 9) if raw is None else raw
    body = zlib.crc32(inner).to_bytes(4, "big") + inner
    return "hf1." + base64.urlsafe_b64encode(body).decode().rstrip("=")


def example() -> Token:
    return Token(
        choices=(0, 0, 1, 2, 1, 1), marks=b"abcdef", early=True, model="gil", max_steps=300,
        events=9, digest=77, last=78,
    )  # fmt: skip


@pytest.mark.property
@given(tokens)
def test_a_token_is_read_back_as_it_was_made(token: Token) -> None:
    text = token.encode()
    assert decode_token(text) == token
    assert decode_token(f"\n {text}  ") == token
    assert decode_token(text).encode() == text


@pytest.mark.property
@given(tokens, st.data())
def test_any_one_character_changed_is_refused(token: Token, data: Any) -> None:
    text = token.encode()
    index = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(sorted(set(ALPHABET + ".=+/é\x00") - {text[index]})))
    with pytest.raises(harness.TokenError):
        decode_token(text[:index] + other + text[index + 1 :])


def test_every_character_changed_to_every_other_is_refused() -> None:
    text = example().encode()
    for index, character in enumerate(text):
        for other in ALPHABET:
            if other != character:
                with pytest.raises(harness.TokenError):
                    decode_token(text[:index] + other + text[index + 1 :])


def test_every_bit_of_what_is_inside_is_guarded() -> None:
    text = example().encode()
    raw = base64.urlsafe_b64decode(text[4:] + "==")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(harness.TokenError, match="damaged or cut off"):
            decode_token("hf1." + base64.urlsafe_b64encode(changed).decode().rstrip("="))


def test_a_token_cut_off_or_doubled_anywhere_is_refused() -> None:
    text = example().encode()
    for length in range(len(text)):
        for damaged in (
            text[:length],
            text[length + 1 :],
            text + text[length:],
            text[length:] + "A",
        ):
            if damaged != text:
                with pytest.raises(harness.TokenError):
                    decode_token(damaged)


@pytest.mark.property
@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    for wrong in (text, f"hf1.{text}"):
        with pytest.raises(harness.TokenError, match=r"^this token cannot be replayed: "):
            decode_token(wrong)


@pytest.mark.property
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from([*"cdeklmnps", "x"]), inner, max_size=9)
        ),
        max_leaves=12,
    )
)
def test_fields_of_any_other_shape_are_refused(fields: Any) -> None:
    with pytest.raises(harness.TokenError):
        decode_token(packed(fields))


@pytest.mark.property
@given(
    st.sampled_from(sorted(FIELDS)),
    st.none() | st.booleans() | st.floats() | st.integers(max_value=-1) | st.just("x")
    | st.just({}) | st.lists(st.none() | st.booleans() | st.just("1"), min_size=1, max_size=4),
)  # fmt: skip
def test_a_field_of_another_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(harness.TokenError):
        decode_token(packed({**FIELDS, name: value}))


def test_the_fields_of_these_tests_are_those_of_a_token() -> None:
    assert decode_token(packed(FIELDS)).choices == (0, 0)


HOSTILE = {
    "expands to billions": packed({**FIELDS, "c": [0, 10**10]}),
    "expands in many runs": packed({**FIELDS, "c": [0, 10**6] * 2_000}),
    "no times": packed({**FIELDS, "c": [0, 0] * 100}),
    "odd runs": packed({**FIELDS, "c": [0]}),
    "negative run": packed({**FIELDS, "c": [0, -1, 0, 2]}),
    "negative task": packed({**FIELDS, "c": [-1, 1]}),
    "huge integer": packed({**FIELDS, "c": [0, int("9" * 4_000)]}),
    "integer above the limit of int()": packed(
        None, raw=zlib.compress(b'{"c":[0,' + b"9" * 100_000 + b"]}")
    ),
    "huge bound": packed({**FIELDS, "s": MAX_CHOICES + 1}),
    "no bound": packed({**FIELDS, "s": 0}),
    "flags": packed({**FIELDS, "e": 4}),
    "digest": packed({**FIELDS, "d": 1 << 32}),
    "marks": packed({**FIELDS, "k": "abc"}),
    "model": packed({**FIELDS, "m": "other"}),
    "python": packed({**FIELDS, "p": "3.11; rm"}),
    "one field more": packed({**FIELDS, "x": 1}),
    "a field twice": packed(None, raw=zlib.compress(json.dumps(FIELDS)[:-1].encode() + b',"s":6}')),
    "not a number": packed(None, raw=zlib.compress(b"NaN")),
    "nested": packed(None, raw=zlib.compress(b"[" * 100_000)),
    "many small lists": packed(None, raw=zlib.compress(b"[" + b"[]," * 4_000_000 + b"[]]", 9)),
    "many keys": packed(
        None, raw=zlib.compress(b"{" + b",".join(b'"%d":1' % n for n in range(300_000)) + b"}", 9)
    ),
    "zlib bomb": packed(None, raw=zlib.compress(bytes(200_000_000), 9)),
    "not zlib": packed(None, raw=b"nothing"),
    "empty": packed(None, raw=b""),
    "something after zlib": packed(None, raw=zlib.compress(json.dumps(FIELDS).encode()) + b"more"),
    "zlib cut off": packed(None, raw=zlib.compress(json.dumps(FIELDS).encode())[:-2]),
    "longer than any": "hf1." + "A" * 5_000_000,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_token_is_refused_before_it_takes_memory(hostile: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(harness.TokenError, match=r"^this token cannot be replayed: ") as caught:
            harness.replay(lambda: None, hostile)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 70_000_000  # the text, its fields packed, and unpacked up to 16 MB
    assert caught.value.remedy.endswith((" new token", " the report"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "it is NoneType, not text. Explore again and take the new token"),
        (b"hf1.abc", "it is bytes, not text. Explore again and take the new token"),
        ("", "it does not begin with hf1. Copy the whole token from the report"),
        ("counter:body", "it does not begin with hf1. Copy the whole token from the report"),
        ("hf1", "it is cut off. Copy the whole token from the report"),
        ("hf2.A", f"it is of format hf2, this version reads hf1. {EXPLORE_AGAIN}"),
        ("hf1.AAAA", "it is damaged or cut off. Copy the whole token from the report"),
        (packed([]), "its fields are not those of a token. Explore again and take the new token"),
    ],
    ids=str,
)  # fmt: skip
def test_a_refusal_says_why_and_what_to_do(wrong: Any, message: str) -> None:
    with pytest.raises(harness.TokenError) as caught:
        decode_token(wrong)
    assert str(caught.value) == f"this token cannot be replayed: {message}"
