"""Each change does what it is called, none goes past the limit, all follow from the seed."""

from collections import Counter
from collections.abc import Callable

import pytest

from fuzz.engines import mutation
from fuzz.engines.input_to_state import candidates, swaps, words
from fuzz.engines.mutation import Mutator


def made(change: str, data: bytes, *, times: int = 3_000, **how: object) -> set[bytes]:
    """Return what one change makes of `data`, over many times."""
    mutator = Mutator(1, max_bytes=64, **how)  # type: ignore[arg-type]
    results = set()
    for _ in range(times):
        new = bytearray(data)
        getattr(mutator, change)(new)
        results.add(bytes(new))
    return results


DATA = b"\x10\x20\x30\x40"
CHANGES = [
    "_flip_bit", "_set_byte", "_set_telling", "_step_byte", "_step_integer", "_set_integer",
    "_insert_random", "_delete", "_repeat", "_overwrite", "_fill", "_shuffle", "_append",
    "_change_number",
]  # fmt: skip


def differ(one: bytes, other: bytes) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


# Each over 3000 times, so that a result of chance 1/200 is missed with less than 1e-6.
PROPERTIES: dict[str, Callable[[set[bytes]], object]] = {
    "_flip_bit": lambda made: {one.hex() for one in made}.__len__() == 32,
    "_set_byte": lambda made: all(differ(one, DATA) <= 1 for one in made) and len(made) > 500,
    "_set_telling": lambda made: b"\xff\x20\x30\x40" in made and b"\x10\x20\x30\x00" in made,
    "_step_byte": lambda made: b"\x11\x20\x30\x40" in made and b"\x10\x20\x30\x1d" in made,
    "_step_integer": lambda made: b"\x10\x1f\x30\x40" in made and b"\x33\x20\x30\x40" in made,
    "_set_integer": lambda made: b"\x7f\xff\xff\xff" in made and b"\xff\xff\xff\x7f" in made,
    "_insert_random": lambda made: {len(one) for one in made} == {5, 6, 7, 8},
    "_delete": lambda made: {b"\x10\x20\x30", b"\x20\x30\x40", b"\x10"} <= made,
    "_repeat": lambda made: {DATA + DATA, b"\x10\x20\x20\x30\x40"} <= made,
    "_overwrite": lambda made: b"\x10\x10\x20\x40" in made and {len(one) for one in made} == {4},
    "_fill": lambda made: b"\x00\x00\x30\x40" in made and {len(one) for one in made} == {4},
    "_shuffle": lambda made: {bytes(sorted(one)) for one in made} == {DATA} and len(made) == 24,
    "_append": lambda made: {len(one) for one in made} == {*range(5, 21)},
    "_change_number": lambda made: b"\x10\x209\x40" in made,  # 0x30 is the digit 0
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_what_it_is_called(change: str) -> None:
    assert PROPERTIES[change](made(change, DATA))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_nothing_is_no_error(change: str) -> None:
    assert b"" in made(change, b"", times=100) or change in ("_insert_random", "_append")


def test_a_number_in_ascii_is_changed_as_a_number() -> None:
    results = made("_change_number", b"v=41;")
    assert {b"v=42;", b"v=82;", b"v=20;", b"v=0;", b"v=-41;", b"v=419;", b"v=65536;"} <= results


def test_words_are_put_in_and_put_over_and_the_latest_more_often() -> None:
    assert made("_insert_word", b"ab", words=[b"XY"]) == {b"XYab", b"aXYb", b"abXY"}
    assert made("_overwrite_word", b"abc", words=[b"XY"]) == {b"XYc", b"aXY"}
    old = [b"old %d" % number for number in range(2_000)]
    mutator = Mutator(1, max_bytes=64, words=[*old, b"new"])
    new = sum(mutator._word() == b"new" for _ in range(10_000))
    assert new > 10  # of 10000: 20 are expected, 5 without the favour


def test_a_splice_holds_parts_of_both() -> None:
    mutator = Mutator(1, max_bytes=64)
    results = set()
    for _ in range(2_000):
        new = bytearray(b"aaaa")
        mutator._splice(new, b"bbbb")
        results.add(bytes(new))
    assert {b"aabb", b"aaaabbbb", b"abba"} <= results


def test_text_stays_text_more_often_than_not() -> None:
    texts = made("_set_byte", b"plain text", times=1_000)
    assert sum(one.isascii() for one in texts) > len(texts) / 2


def test_inputs_never_grow_past_the_limit_and_follow_from_the_seed() -> None:
    def inputs(seed: int) -> list[bytes]:
        mutator = Mutator(seed, max_bytes=20, words=[b"word", b"x" * 30])
        fresh = [mutator.fresh() for _ in range(500)]
        return fresh + [mutator.changed(b"x" * 20, b"y" * 20) for _ in range(2_000)]

    assert inputs(1) == inputs(1) != inputs(2)
    assert max(map(len, inputs(1))) == 20
    assert min(map(len, inputs(1))) == 0
    assert len(set(inputs(1))) > 1_500
    assert Mutator(1, max_bytes=20, words=[b"x" * 30]).words == 0


def test_one_change_at_a_time_is_the_most_frequent_and_many_occur() -> None:
    mutator = Mutator(1, max_bytes=64)
    data = bytes(range(100, 132))
    distances = Counter(
        differ(new, data) for _ in range(3_000) if len(new := mutator.changed(data, b"")) == 32
    )
    assert distances[1] > sum(distances.values()) / 3
    assert sum(count for distance, count in distances.items() if distance > 4) > 20


def test_no_more_words_are_kept_than_there_is_room_for() -> None:
    mutator = Mutator(1, max_bytes=64, words=[b"%d" % number for number in range(9_999)])
    assert mutator.words == mutation.MOST_WORDS


def test_an_operand_is_replaced_by_the_other_wherever_it_stands() -> None:
    mutator = Mutator(1, max_bytes=64)
    made = {mutator.changed(b"a b c", b"", [(b"a", b"open"), (b"b", b"write")]) for _ in range(500)}
    assert {b"open b c", b"a write c", b"open write c"} <= made


@pytest.mark.parametrize(
    ("data", "pair", "wanted"),
    [
        (b"..ab..", (b"ab", b"magic"), b"..magic.."),
        (b"..magic..", (b"ab", b"magic"), b"..ab.."),
        (b"caf\xc3\xa9", ("caf\xe9", "tea"), b"tea"),
        (b"\x01\x02\x03\x04z", (0x04030201, 0xDEADBEEF), b"\xef\xbe\xad\xdez"),
        (b"\x01\x02\x03\x04z", (0x01020304, 0xDEADBEEF), b"\xde\xad\xbe\xefz"),
        (b"\x01\x02", (0x0201, 7), b"\x07\x00"),
        (b"\x41", (0x41, 0xA1), b"\xa1"),
        (b"\x41", (0x41, 7), b"\x08"),  # beside a bound, too
        (b"\xfe\xff", (-2, 5), b"\x05\x00"),
        (b"n=12,", (12, 1234), b"n=1234,"),
        (b"abc", (3, 5), b"abc\0\0"),
        (b"abc", (3, 1), b"a"),
        (b"long tail", (b"long tail", b"GET"), b"GETg tail"),
        (b"long tail", (b"long tail", b"GET"), b"long tGET"),
        (b"", (b"", b"GET"), b"GET"),
    ],
)  # fmt: skip
def test_an_input_is_made_that_passes_a_comparison(
    data: bytes, pair: tuple[bytes, bytes], wanted: bytes
) -> None:
    assert wanted in candidates(data, [pair], max_bytes=64)


def test_candidates_are_few_different_and_within_the_limit() -> None:
    pairs = [(0, number) for number in range(1, 2_000)]
    made = candidates(bytes(60), pairs, max_bytes=64)
    assert len(made) == len(set(made)) == 256
    assert max(map(len, made)) <= 64
    assert bytes(60) not in made
    assert candidates(b"abc", [(b"x", 3)], max_bytes=64) == []


def test_operands_become_words_and_swaps() -> None:
    assert [*words([("GET", b"a"), (1, 2)])] == [b"GET"]
    assert swaps(b"a b", [("a", "open"), ("z", "q"), (0x61, 0x62)]) == [
        (b"a", b"open"), (b"a", b"b"), (b"b", b"a"),
    ]  # fmt: skip
