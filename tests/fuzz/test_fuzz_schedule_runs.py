"""Inputs under the scheduler: the same every time, judged, told, and explained with a token."""

import random
import subprocess
import sys
import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import harness
from fuzz import ScheduleFailure, UndecidedError
from fuzz.schedules.byte_schedule import ByteSchedule
from fuzz.schedules.controlled_run import ControlledRun, input_of
from fuzz.schedules.schedule_rules import KINDS, Rule, ScheduleRules, read_rules
from fuzz.schedules.under_engine import Body, UnderEngine
from harness.strategies import ObservedPairs

with harness.instrument_imports(include=["tests.fuzz.schedule_programs"]):
    from tests.fuzz import schedule_programs as programs

ROOT = Path(__file__).resolve().parents[2]
RNG = random.Random(7)
MANY = [RNG.randbytes(number % 30) for number in range(300)]


def run_of(function: Any) -> Any:
    return closing(ControlledRun(function, None))


def failures_among(function: Any, inputs: list[bytes]) -> list[tuple[bytes, ScheduleFailure]]:
    found = []
    with run_of(function) as run:
        for data in inputs:
            try:
                run(data)
            except ScheduleFailure as failure:
                found.append((data, failure))
    return found


def schedule_of(function: Any, data: bytes) -> tuple[int, ...]:
    pairs = ObservedPairs()
    with harness.ControlledSetting() as setting:
        outcome = setting.run(function, ByteSchedule(read_rules(data), pairs), vouched=True)
    return outcome.schedule


def test_without_bytes_nobody_is_interrupted() -> None:
    schedule = schedule_of(programs.lost_update, b"")
    switches = sum(one != two for one, two in pairwise(schedule))
    assert switches <= 2  # the body to the first thread, and that one to the second
    with run_of(programs.lost_update) as run:
        run(b"")


def test_some_bytes_find_a_lost_update_and_none_fails_its_correct_twin() -> None:
    found = failures_among(programs.lost_update, MANY)
    assert len(found) > 10
    assert {failure.finding for _, failure in found} == {"ASSERTION"}
    assert failures_among(programs.counted_under_a_lock, MANY) == []


def test_the_same_bytes_are_the_same_execution_and_tell_the_same() -> None:
    for data in MANY[:40]:
        assert schedule_of(programs.lost_update, data) == schedule_of(programs.lost_update, data)


PRINTS = """
import sys
from contextlib import closing
import harness
from fuzz import ScheduleFailure
from fuzz.schedules.controlled_run import ControlledRun
with harness.instrument_imports(include=["tests.fuzz.schedule_programs"]):
    from tests.fuzz import schedule_programs as programs
with closing(ControlledRun(programs.stages, None)) as run:
    for text in sys.argv[1:]:
        print(sorted(run(bytes.fromhex(text))))
"""


def told_in_another_process(inputs: list[bytes], hash_seed: str) -> str:
    command = [sys.executable, "-c", PRINTS, *(data.hex() for data in inputs)]
    environment = {"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # our interpreter
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    return done.stdout


def test_features_are_the_same_in_every_process_whatever_its_hash_seed() -> None:
    inputs = [data for data in MANY if data][:30]
    one, two = (told_in_another_process(inputs, seed) for seed in ("1", "4711"))
    assert one == two
    assert len(set(one.splitlines())) > 3


def test_a_mutation_of_one_byte_changes_a_schedule_a_little_more_often_than_much() -> None:
    # Against the same measure for unrelated bytes: else any encoding would pass.
    rng = random.Random(3)
    near, far = [], []
    for _ in range(60):
        data = b"\0\0" + rng.randbytes(6)
        at = rng.randrange(2, 8)
        mutated = data[:at] + rng.randbytes(1) + data[at + 1 :]
        near.append(same_share(data, mutated))
        far.append(same_share(data, rng.randbytes(8)))
    assert sum(near) / len(near) > 1.5 * sum(far) / len(far)
    assert sum(share == 1 for share in near) > len(near) / 3


def same_share(one: bytes, two: bytes) -> float:
    """Return which part of two schedules is the same from the beginning on."""
    a, b = schedule_of(programs.stages, one), schedule_of(programs.stages, two)
    same = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return same / max(len(a), len(b))


def test_inputs_that_mean_the_same_are_run_once() -> None:
    with run_of(programs.counted_under_a_lock) as run:
        told = {run(salt + b"\0") for salt in (b"", b"\0", b"\1", b"\2")}
        assert run.executions == 1
        assert len(told) == 1
        run(b"\0\1")
        assert run.executions == 2


class Counting(Body):
    """Has no meaning of its own, so it is run each time."""

    runs = 0

    def __call__(self) -> None:
        Counting.runs += 1


def test_a_body_that_says_nothing_of_its_meaning_is_run_each_time() -> None:
    with closing(UnderEngine(lambda data: (Counting(), data))) as run:
        run(b"")
        run(b"")
    assert Counting.runs == 2


def test_a_deadlock_is_a_finding() -> None:
    found = failures_among(programs.deadlock, MANY)
    assert {failure.finding for _, failure in found} == {"DEADLOCK"}
    assert all(failure.frames for _, failure in found)


def test_a_body_that_waits_for_ever_is_a_livelock_and_no_hang() -> None:
    with run_of(programs.spins) as run:
        with pytest.raises(ScheduleFailure) as raised:
            run(b"")
        assert raised.value.finding == "LIVELOCK"
        assert "hf2." in run.explain(b"")


def test_a_body_that_is_merely_long_is_undecided() -> None:
    with run_of(programs.takes_long) as run, pytest.raises(UndecidedError, match="20000 steps"):
        run(b"")


def test_a_loop_that_polls_is_relieved() -> None:
    assert failures_among(programs.polls, MANY[:30]) == []


def test_a_timed_wait_gives_up_early_only_where_a_rule_says_so() -> None:
    early = KINDS.index(Rule.EARLY) << 4
    without = [bytes(byte for byte in data[2:] if byte < early) for data in MANY]
    assert failures_among(programs.times_out_early, [b"\0\0" + data for data in without]) == []
    inputs = [
        data[:2].ljust(2, b"\0") + bytes((early | number % 16,)) + data[2:]
        for number, data in enumerate(MANY)
    ]
    assert failures_among(programs.times_out_early, inputs)


def test_coroutines_are_run_and_a_finding_in_them_found() -> None:
    found = failures_among(programs.lost_between_awaits, MANY)
    assert {failure.finding for _, failure in found} == {"ASSERTION"}


def test_a_hook_for_threads_that_nobody_controls_hides_no_failure() -> None:
    # The executor hangs one out; the scheduler would take it for the program's own.
    data, _ = failures_among(programs.half_written, MANY)[0]
    before = threading.excepthook
    heard = []
    threading.excepthook = lambda args: heard.append(args.exc_value)
    try:
        assert failures_among(programs.half_written, [data])
        assert threading.excepthook is not threading.__excepthook__
    finally:
        threading.excepthook = before
    assert heard == []


def test_a_story_has_a_token_that_runs_the_shrunk_schedule_again() -> None:
    (data, _), *_ = failures_among(programs.lost_update, MANY)
    with run_of(programs.lost_update) as run:
        story = run.explain(data)
    token = next(word for word in story.split() if word.startswith("hf2."))
    again = harness.replay(programs.lost_update, token)
    assert again is not None
    assert again.kind is harness.FindingKind.ASSERTION
    assert f"holdfast replay tests.fuzz.schedule_programs:lost_update {token}" in story


def test_a_token_of_operations_runs_again_with_the_body_of_the_input() -> None:
    run: Any = programs.counts.run
    inputs = [input_of(b"\2", data) for data in MANY]
    with closing(run):
        for data in inputs:
            try:
                run(data)
            except ScheduleFailure:
                break
        story = run.explain(data)
    token = next(word for word in story.replace('"', " ").split() if word.startswith("hf2."))
    assert "holdfast replay " not in story  # no name leads to a body with these operations
    again = harness.replay(run.body(data), token)
    assert again is not None
    assert again.kind is harness.FindingKind.ASSERTION


@pytest.mark.parametrize("place", ["lost_update", "loses.run.function"])
def test_the_command_of_a_story_replays_it(place: str) -> None:
    function = programs.lost_update if place == "lost_update" else programs.loses.run.function  # type: ignore[attr-defined]
    run: Any = ControlledRun(function, None) if place == "lost_update" else programs.loses.run
    (data, _), *_ = failures_among(function, MANY)
    with closing(run):
        words = next(
            line.strip().partition("holdfast replay ")[2].split()
            for line in run.explain(data).splitlines()
            if "holdfast replay " in line
        )
    assert words[0] == f"tests.fuzz.schedule_programs:{place}"
    command = [sys.executable, "-c", "from holdfast.cli import main; main()", "replay", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT
    )  # our interpreter
    assert done.returncode == 1, done.stdout + done.stderr
    assert "a count was lost" in done.stdout


def test_a_rule_holds_back_whoever_comes_to_its_event() -> None:
    pairs = ObservedPairs()
    with harness.ControlledSetting() as setting:
        quiet = setting.run(
            programs.lost_update, ByteSchedule(ScheduleRules(), pairs), vouched=True
        )
        held = set()
        for byte in range(112):  # HOLD
            rules = ScheduleRules(events={byte: 1})
            outcome = setting.run(programs.lost_update, ByteSchedule(rules, pairs), vouched=True)
            held.add((outcome.kind, outcome.schedule))
    assert (None, quiet.schedule) in held  # about events that the program has not
    assert any(kind is harness.FindingKind.ASSERTION for kind, _ in held)  # about the write
