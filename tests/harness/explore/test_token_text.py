"""A token is read back whole or refused with a reason, whatever was done to it."""

from __future__ import annotations

import base64
import string
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.engine.points import MAIN, MAX_DEPTH, Act, TaskName
from harness.replay_token import (
    EXPLORE_AGAIN,
    MAX_CHOICES,
    MAX_FIELD_BYTES,
    Done,
    Switch,
    Token,
    decode_token,
)
from harness.token_bytes import Writer, pack

ALPHABET = string.ascii_letters + string.digits + "-_"
SETTINGS, TEXTS, TASKS, ACTS, SWITCHES, CHOICES, CHANCE = range(1, 8)
DONE, RUN, HASH_SEED = range(128, 131)

numbers = st.integers(0, 2**32)
texts = st.text(max_size=20).filter(lambda text: not text or text.isprintable())
acts = st.builds(Act, texts, texts, numbers, texts, texts)
task_names = st.recursive(
    st.just(MAIN), lambda parents: st.builds(TaskName, parents, texts, numbers), max_leaves=5
)
switches = st.builds(
    Switch,
    task=task_names,
    act=acts,
    counts=st.tuples(numbers, numbers, numbers).map(lambda three: tuple(sorted(three))),
    context=st.integers(0, 255),
    ready=numbers,
    who=st.integers(0, 65_535),
    to=task_names,
)
settings = {
    "early": st.booleans(),
    "model": st.sampled_from(["free-threaded", "gil"]),
    "max_steps": st.integers(1, MAX_CHOICES),
    "open_end": st.booleans(),
    "python": st.tuples(st.integers(0, 9), st.integers(0, 99)),
    "engine": numbers,
    "length": st.integers(0, MAX_CHOICES),
    "digest": st.integers(0, 2**32 - 1),
    "hash_seed": st.none() | numbers,
    "chance_seed": st.none() | numbers,
}


@st.composite
def named_tokens(draw: Any) -> Token:
    made = draw(st.lists(switches, max_size=8))
    of_switch = st.builds(
        Done,
        switch=st.integers(0, max(len(made) - 1, 0)),
        task=task_names,
        count=numbers,
        checksum=st.integers(0, 65_535),
    )
    return Token(
        switches=tuple(made),
        done=tuple(draw(st.lists(of_switch, max_size=5))) if made else (),
        **{name: draw(values) for name, values in settings.items()},
    )


plain_tokens = st.builds(
    Token, choices=st.lists(st.integers(0, 40), max_size=300).map(tuple), **settings
)
tokens = named_tokens() | plain_tokens


def packed(data: bytes, *, raw: bytes | None = None) -> str:
    """Make a token of whatever; its checksum is right."""
    inner = pack(data) if raw is None else raw
    body = zlib.crc32(inner).to_bytes(4, "big") + inner
    return "hf2." + base64.urlsafe_b64encode(body).decode().rstrip("=")


def fields(**wanted: Writer) -> bytes:
    """Return fields, by the names above; `SETTINGS` is there if it is not given."""
    out = Writer()
    for name, content in sorted(
        {"SETTINGS": written(0, 5, 3, 11, 2), **wanted}.items(), key=lambda item: globals()[item[0]]
    ):
        out.field(globals()[name], content)
    return bytes(out.out)


def written(*values: int | bytes) -> Writer:
    out = Writer()
    for value in values:
        out.raw(value) if isinstance(value, bytes) else out.number(value)
    return out


def one_switch(**changed: Writer) -> str:
    """Return a token of one switch, with fields in the place of some of its own."""
    own = {
        "TEXTS": written(3, 3, b"add", 5, b"write", 3, b"Box"),
        "TASKS": written(1, 0, 0, 1),
        "ACTS": written(1, 1, 2, 1, 0, 0),
        "SWITCHES": written(1, 1, 0, 1, 0, 0, b"c", 2, b"wh", 0),
    }
    return packed(fields(**{**own, **changed}))


def example() -> Token:
    task = TaskName(MAIN, "add", 1)
    act = Act("write", "Counter", 1, "add", "n")
    switch = Switch(task=task, act=act, counts=(1, 1, 1), context=7, ready=2, who=99, to=MAIN)
    done = Done(switch=0, task=task, count=3, checksum=77)
    return Token(
        switches=(switch,), done=(done,), early=True, model="gil", max_steps=300, length=9,
        digest=77,
    )  # fmt: skip


@pytest.mark.property
@given(tokens)
def test_a_token_is_read_back_as_it_was_made(token: Token) -> None:
    text = token.encode()
    assert decode_token(text) == token
    assert decode_token(f"\n {text}  ") == token
    assert decode_token(text).encode() == text


@pytest.mark.property
@given(tokens)
def test_a_token_is_one_word_for_a_shell_and_an_address(token: Token) -> None:
    assert set(token.encode()) <= set(ALPHABET + ".")


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
            decode_token("hf2." + base64.urlsafe_b64encode(changed).decode().rstrip("="))


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
    for wrong in (text, f"hf2.{text}"):
        with pytest.raises(harness.TokenError, match=r"^this token cannot be replayed: "):
            decode_token(wrong)


@pytest.mark.property
@given(st.binary(max_size=60))
def test_bytes_that_are_no_fields_are_refused_or_make_a_token(data: bytes) -> None:
    """Every byte is hostile: whatever passes the checksum is read, or refused with a reason."""
    for text in (packed(data), packed(b"", raw=data), packed(fields() + data)):
        try:
            token = decode_token(text)
        except harness.TokenError:
            continue
        assert decode_token(token.encode()) == token


@pytest.mark.property
@given(st.data())
def test_fields_with_any_byte_changed_are_refused_or_make_a_token(data: Any) -> None:
    inner = bytearray(fields(
        TEXTS=written(3, 3, b"add", 5, b"write", 3, b"Box"), TASKS=written(1, 0, 0, 1),
        ACTS=written(1, 1, 2, 1, 0, 0), SWITCHES=written(1, 1, 0, 1, 0, 0, b"c", 2, b"wh", 0),
        DONE=written(1, 0, 1, 3, b"ch"), RUN=written(8, b"dige"), HASH_SEED=written(1),
    ))  # fmt: skip
    for _ in range(data.draw(st.integers(1, 3))):
        inner[data.draw(st.integers(0, len(inner) - 1))] = data.draw(st.integers(0, 255))
    try:
        token = decode_token(packed(bytes(inner)))
    except harness.TokenError:
        return
    assert decode_token(token.encode()) == token


def test_the_fields_of_these_tests_are_those_of_a_token() -> None:
    assert decode_token(packed(fields())).max_steps == 5
    token = decode_token(one_switch())
    assert str(token.switches[0].act) == "write Box#1.add"
    assert token.switches[0].task == TaskName(MAIN, "add", 1)


def test_a_field_that_an_older_version_may_leave_out_is_skipped() -> None:
    more = fields(HASH_SEED=written(3)) + bytes(Writer().field(200, written(b"later")).out)
    assert decode_token(packed(more)).hash_seed == 3


def test_a_field_that_must_be_understood_is_refused_by_its_number() -> None:
    more = bytes(Writer().raw(fields()).field(9, written(b"later")).out)
    with pytest.raises(harness.TokenError, match=r"does not know \(field 9\); a newer one made it"):
        decode_token(packed(more))


def deep(levels: int) -> Writer:
    return written(levels, *[value for number in range(levels) for value in (number, 0, 1)])


HOSTILE = {
    "nothing inside": packed(b""),
    "no settings": packed(bytes(Writer().field(CHOICES, written(0, 2)).out)),
    "settings cut off": packed(fields(SETTINGS=written(0, 5))),
    "no bound": packed(fields(SETTINGS=written(0, 0, 3, 11, 2))),
    "huge bound": packed(fields(SETTINGS=written(0, MAX_CHOICES + 1, 3, 11, 2))),
    "flags": packed(fields(SETTINGS=written(8, 5, 3, 11, 2))),
    "python": packed(fields(SETTINGS=written(0, 5, 3, 1_000, 2))),
    "expands to billions": packed(fields(CHOICES=written(0, 10**10))),
    "expands in many runs": packed(fields(CHOICES=written(*[0, 10**6] * 2_000))),
    "no times": packed(fields(CHOICES=written(0, 0))),
    "odd runs": packed(fields(CHOICES=written(0))),
    "huge task": packed(fields(CHOICES=written(1 << 40, 1))),
    "number without an end": packed(fields(CHOICES=written(b"\xff" * 100_000))),
    "number in a longer form": packed(fields(CHOICES=written(b"\x80\x00\x01"))),
    "many switches": one_switch(SWITCHES=written(1 << 31, 1, 0, 1, 0, 0, b"c", 2, b"wh", 0)),
    "something after the switches": one_switch(
        SWITCHES=written(1, 1, 0, 1, 0, 0, b"c", 2, b"wh", 0, 0)
    ),
    "a task that is not there": one_switch(
        SWITCHES=written(1, 9, 0, 1, 0, 0, b"c", 2, b"wh", 0)
    ),
    "an act that is not there": one_switch(
        SWITCHES=written(1, 1, 9, 1, 0, 0, b"c", 2, b"wh", 0)
    ),
    "switches without acts": packed(fields(SWITCHES=written(1, 0, 0, 1, 0, 0, b"c", 2, b"wh", 0))),
    "a text that is not there": one_switch(ACTS=written(1, 1, 2, 1, 0, 9)),
    "a text of other bytes": one_switch(TEXTS=written(3, 3, b"add", 2, b"\xff\xfe", 3, b"Box")),
    "a text that controls a terminal": one_switch(TEXTS=written(3, 3, b"add", 4, b"\x1b[2J", 0)),
    "a text of two lines": one_switch(TEXTS=written(3, 3, b"a\nb", 5, b"write", 3, b"Box")),
    "a long text": one_switch(TEXTS=written(3, 3, b"add", 5, b"write", 401, b"x" * 401)),
    "a task that started itself": one_switch(TASKS=written(1, 1, 0, 1)),
    "tasks that start one another": one_switch(TASKS=deep(MAX_DEPTH + 2)),
    "done to no switch": packed(fields(DONE=written(1, 0, 0, 3, b"ch"))),
    "a field twice": packed(fields() + fields()),
    "fields out of order": packed(fields(RUN=written(8, b"dige")) + fields()),
    "a field longer than all": packed(b"\x01\xff\xff\x7f"),
    "many fields": packed(b"".join(bytes([tag, 0]) for tag in range(1, 256))),
    "zlib bomb": packed(b"", raw=b"\x01" + pack(bytes(200_000_000))[1:]),
    "not deflated": packed(b"", raw=b"\x01nothing"),
    "packed in another way": packed(b"", raw=b"\x02" + fields()),
    "empty": packed(b"", raw=b""),
    "something after the end": packed(b"", raw=pack(fields(TEXTS=written(0))) + b"more"),
    "longer than may be unpacked": packed(b"", raw=b"\x00" + bytes(MAX_FIELD_BYTES)),
    "longer than any": "hf2." + "A" * 5_000_000,
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_token_is_refused_before_it_takes_memory(hostile: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(harness.TokenError, match=r"^this token cannot be replayed: ") as caught:
            harness.replay(lambda: None, hostile)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 70_000_000  # the text, its fields packed, and unpacked up to 4 MB
    assert caught.value.remedy.endswith((" new token", " the report", " explore again"))


def test_the_largest_tokens_take_bounded_memory() -> None:
    """As many switches and choices as a token may hold, all different."""
    many = one_switch(SWITCHES=written(20_000, *[1, 0, 1, 0, 0, b"c", 2, b"wh", 0] * 20_000))
    runs = packed(fields(CHOICES=written(*[0, 1, 1, 1] * 900_000)))
    tracemalloc.start()
    try:
        assert len(decode_token(many).switches) == 20_000
        assert len(decode_token(runs).choices or ()) == 1_800_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 70_000_000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "it is NoneType, not text. Explore again and take the new token"),
        (b"hf2.abc", "it is bytes, not text. Explore again and take the new token"),
        ("", "it does not begin with hf2. Copy the whole token from the report"),
        ("counter:body", "it does not begin with hf2. Copy the whole token from the report"),
        ("hf2", "it is cut off. Copy the whole token from the report"),
        ("hf1.A", f"it is of format hf1, this version reads hf2. {EXPLORE_AGAIN}"),
        ("hf3.A", f"it is of format hf3, this version reads hf2. {EXPLORE_AGAIN}"),
        ("hf\x1b[2J", f"it is of format hf\\x1b[2J, this version reads hf2. {EXPLORE_AGAIN}"),
        ("hf2.AAAA", "it is damaged or cut off. Copy the whole token from the report"),
        (packed(fields(CHOICES=written(0))),
         f"its fields are not those of a token. {EXPLORE_AGAIN}"),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_refusal_says_why_and_what_to_do(wrong: Any, message: str) -> None:
    with pytest.raises(harness.TokenError) as caught:
        decode_token(wrong)
    assert str(caught.value) == f"this token cannot be replayed: {message}"
