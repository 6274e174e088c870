"""What bytes mean as a schedule: every byte something, a small change a small one."""

import random

import pytest

from fuzz import BadTargetError
from fuzz.schedules.controlled_run import input_of, parts_of
from fuzz.schedules.schedule_rules import (
    KINDS,
    MOST_BYTES,
    MOST_RULES,
    SHARE,
    Rule,
    ScheduleRules,
    read_rules,
    step_of,
)

HOLD, AWAIT, ONCE, STEP, EARLY = (
    bytes((KINDS.index(kind) << 4,))
    for kind in (Rule.HOLD, Rule.AWAIT, Rule.ONCE, Rule.STEP, Rule.EARLY)
)


def test_no_bytes_and_zeros_where_no_rule_stands_are_the_quiet_schedule() -> None:
    quiet = ScheduleRules().meaning
    assert read_rules(b"").meaning == read_rules(b"\0").meaning == read_rules(b"\0\0").meaning
    assert read_rules(b"").meaning == quiet
    # A salt alone changes nothing: there is no rule whose events it could draw.
    assert read_rules(b"\x07").meaning == quiet
    assert read_rules(b"\0\x07").meaning != quiet
    assert read_rules(b"\0\0" + HOLD).meaning != quiet


def test_every_kind_of_rule_has_a_byte_and_every_byte_a_kind() -> None:
    assert len(KINDS) == 16
    assert set(KINDS) == set(Rule)


def test_the_order_of_the_rules_means_nothing_and_their_number_something() -> None:
    rules = bytes((3, 0x75, 0x12, 0xA1))
    for shuffled in (rules, rules[::-1], rules[2:] + rules[:2]):
        assert read_rules(b"\1\2" + shuffled).meaning == read_rules(b"\1\2" + rules).meaning
    assert read_rules(b"\1\2\3\3").meaning != read_rules(b"\1\2\3").meaning


def test_a_rule_more_leaves_the_others_as_they_were() -> None:
    rng = random.Random(5)
    for _ in range(200):
        data = b"\1\2" + bytes(byte for byte in rng.randbytes(10) if KINDS[byte >> 4] != Rule.STEP)
        at = rng.randrange(2, len(data) + 1)
        one = rng.choice([HOLD, AWAIT, ONCE])
        before, after = read_rules(data), read_rules(data[:at] + one + data[at:])
        assert {**before.events, one[0]: before.events.get(one[0], 0) + 1} == after.events
        assert (before.salt, before.order, before.steps) == (after.salt, after.order, after.steps)


def test_a_step_has_two_bytes_and_a_missing_one_is_0() -> None:
    step = bytes((STEP[0] | 2, 9))
    assert read_rules(b"\0\0" + step + HOLD).steps == {(2, 9): 1}
    assert read_rules(b"\0\0" + step + HOLD).events == {HOLD[0]: 1}
    assert read_rules(b"\0\0" + step[:1]).steps == {(2, 0): 1}


def test_numbers_of_steps_are_exact_below_32_and_coarse_above() -> None:
    assert [step_of(byte) for byte in range(32)] == [*range(32)]
    assert {step_of(byte) for byte in range(160)} == {*range(32)}
    assert step_of(255) == 248


def test_too_many_rules_are_ignored() -> None:
    full = b"\1\2" + HOLD * MOST_RULES
    assert read_rules(full + ONCE).meaning == read_rules(full).meaning
    assert len(full) <= MOST_BYTES
    assert read_rules(full).events == {HOLD[0]: MOST_RULES}


def test_a_rule_is_about_one_event_in_sixteen_each_rule_about_others() -> None:
    rules = ScheduleRules(events=dict.fromkeys(range(256), 1))
    met = [len(rules.about(event)) for event in range(1, 200)]
    assert 12 < sum(met) / len(met) < 20
    assert len({tuple(rules.about(event)) for event in range(1, 200)}) == 199
    assert SHARE == 256 // 16


def test_what_a_rule_is_about_is_the_same_in_every_process() -> None:
    # Written down: a corpus of last year has to mean the same.
    rules = ScheduleRules(salt=3, events=dict.fromkeys(range(256), 1))
    about = [5, 12, 30, 42, 102, 122, 132, 139, 144, 160, 165, 182, 192, 205, 226]
    assert rules.about(123_456_789) == about


def test_another_salt_is_about_other_events() -> None:
    every = dict.fromkeys(range(256), 1)
    about = {tuple(ScheduleRules(salt=salt, events=every).about(77)) for salt in range(20)}
    assert len(about) == 20


@pytest.mark.parametrize(
    ("data", "operations", "schedule"),
    [
        (b"", b"", b""),
        (b"\x80SOabRR", b"ab", b"SORR"),
        (b"\xffSOab", b"ab", b"SO"),
        (b"\0SOR", b"", b"SOR"),
        (b"\2S", b"", b"S"),
    ],
    ids=["nothing", "both", "operations alone", "a schedule alone", "a head cut short"],
)
def test_an_input_has_operations_and_a_schedule(
    data: bytes, operations: bytes, schedule: bytes
) -> None:
    assert parts_of(data) == (operations, schedule)


def test_parts_put_together_come_apart_again() -> None:
    rng = random.Random(2)
    for _ in range(300):
        operations, schedule = rng.randbytes(rng.randrange(200)), rng.randbytes(rng.randrange(40))
        found = parts_of(input_of(operations, schedule))
        assert found == (operations, schedule.ljust(2, b"\0"))


def test_an_input_that_is_too_long_for_its_border_to_be_said_is_refused() -> None:
    with pytest.raises(BadTargetError, match="at most 255 bytes"):
        input_of(bytes(250), bytes(10))


def test_a_byte_more_moves_the_border_by_one_at_most() -> None:
    rng = random.Random(4)
    for _ in range(300):
        data = rng.randbytes(rng.randrange(4, 60))
        operations, schedule = parts_of(data)
        at = rng.randrange(3, len(data) + 1)
        more, other = parts_of(data[:at] + b"x" + data[at:])
        assert len(more) - len(operations) in (0, 1)
        assert len(other) - len(schedule) in (0, 1)
