"""Smaller inputs: what is left out, and that it ends at a fixed point that is always the same."""

import random

import pytest

from fuzz.triaging.byte_reduction import Reduction, shortlex


def reduced(data: bytes, fails: object, **how: object) -> bytes:
    assert fails(data)  # type: ignore[operator]
    return Reduction(data, fails, **how).run()  # type: ignore[arg-type]


NOISE = random.Random(7).randbytes(300)


def with_pieces(*pieces: bytes) -> bytes:
    return b"".join(NOISE[40 * number : 40 * number + 40] + piece
                    for number, piece in enumerate(pieces)) + NOISE[-20:]  # fmt: skip


def in_order(data: bytes, *pieces: bytes) -> bool:
    at = 0
    for piece in pieces:
        at = data.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def test_what_does_not_matter_is_left_out() -> None:
    assert (
        reduced(with_pieces(b"<a>", b"</b>"), lambda d: in_order(d, b"<a>", b"</b>")) == b"<a></b>"
    )


def test_an_input_that_always_fails_becomes_the_empty_one_in_one_step() -> None:
    tried: list[bytes] = []

    def fails(data: bytes) -> bool:
        tried.append(data)
        return True

    assert reduced(NOISE, fails) == b""
    assert tried == [NOISE, b""]


def test_bytes_become_small_and_sorted() -> None:
    assert reduced(bytes([200, 90, 30]), lambda d: len(d) == 3 and sum(d) > 10) == bytes([0, 0, 11])
    assert reduced(b"zyx", lambda d: sorted(d) == sorted(b"zyx")) == b"xyz"


def test_numbers_of_several_bytes_are_lowered_as_numbers() -> None:
    def big(data: bytes) -> bool:
        return len(data) >= 4 and int.from_bytes(data[:4], "big") >= 70_000

    assert int.from_bytes(reduced(b"\xfe\x01\x02\x03", big), "big") == 70_000


def test_what_a_byte_counts_is_left_out_together_with_its_count() -> None:
    def fails(data: bytes) -> bool:
        return len(data) > 1 and len(data) == 1 + data[0] and b"Z" in data[1:]

    assert reduced(bytes([60]) + NOISE[:30] + b"Z" + NOISE[31:60], fails) == b"\x01Z"


def test_records_of_fixed_size_are_left_out_whole() -> None:
    def fails(data: bytes) -> bool:
        records = [data[at : at + 4] for at in range(0, len(data), 4)]
        return all(len(one) == 4 for one in records) and b"goal" in records

    assert reduced(NOISE[:48] + b"goal" + NOISE[48:96], fails) == b"goal"


def test_operations_of_a_controlled_input_go_before_its_schedule() -> None:
    order: list[tuple[int, int]] = []

    def fails(data: bytes) -> bool:
        if len(data) < 3:
            return False
        operations, rules = data[3 : 3 + data[0]], data[3 + data[0] :]
        failed = b"w" in operations and rules.count(b"s") >= 2
        if failed:
            order.append((len(operations), len(rules)))
        return failed

    data = b"\x10\x05\x06" + b"aaaaaaaawaaaaaaa" + b"sxxxxsxxxx"
    assert reduced(data, fails, counted=True) == b"\x01\x00\x00wss"
    first_shorter_rules = next(rules for operations, rules in order if rules < 10)
    assert first_shorter_rules
    assert next(operations for operations, rules in order if rules < 10) == 1


def test_every_step_is_simpler_than_the_one_before() -> None:
    steps: list[bytes] = []
    draw = random.Random(3)
    for _ in range(30):
        needs = bytes(draw.choices(range(256), k=3))
        data = bytes(draw.choices(range(256), k=40)) + needs

        def fails(data: bytes, needs: bytes = needs) -> bool:
            return all(one in data for one in needs)

        steps = []

        def noted(data: bytes, fails: object = fails, steps: list[bytes] = steps) -> bool:
            answer: bool = fails(data)  # type: ignore[operator]
            if answer:
                steps.append(data)
            return answer

        result = reduced(data, noted)
        assert steps == sorted(steps, key=shortlex, reverse=True)
        assert result == bytes(sorted(set(needs)))


@pytest.mark.parametrize("seed", range(10))
def test_what_was_reduced_is_not_reduced_again(seed: int) -> None:
    draw = random.Random(seed)
    wanted = draw.randrange(2000)

    def fails(data: bytes) -> bool:
        return sum(data) % 2003 >= wanted and len(data) % 3 != 1

    data = next(one for one in iter(lambda: draw.randbytes(50), b"") if fails(one))
    once = reduced(data, fails)
    assert reduced(once, fails) == once


def test_single_bytes_cannot_be_left_out_of_a_result() -> None:
    def fails(data: bytes) -> bool:
        return data.count(b"(") == data.count(b")") + 1 and b"(" in data

    result = reduced(b"((a)(b)(c)" + b"x" * 50, fails)
    assert result == b"("


def test_the_best_so_far_outlives_the_end_of_the_budget() -> None:
    runs = 0

    def fails(data: bytes) -> bool:
        nonlocal runs
        runs += 1
        if runs > 12:
            raise TimeoutError
        return b"needle" in data

    reduction = Reduction(NOISE + b"needle" + NOISE, fails)
    with pytest.raises(TimeoutError):
        reduction.run()
    assert b"needle" in reduction.best
    assert len(reduction.best) < 606


def test_the_caller_may_know_better_what_is_simple() -> None:
    # The value is what lies far from 128: the simplest bytes are not the smallest.
    def simple(data: bytes) -> tuple[int, int, bytes]:
        return len(data), abs((data or b"\0")[0] - 128), data

    def fails(data: bytes) -> bool:
        return bool(data) and data[0] >= 100

    assert reduced(b"\xf0\xf0", fails) == b"\x64"
    assert reduced(b"\xf0\xf0", fails, key=simple) == b"\x78"
