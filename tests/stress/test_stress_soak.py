"""A soak takes turns, notes every round, and goes on after Ctrl-C and `kill -9`."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from click.testing import CliRunner
from rich.console import Console

from stress import Ending
from stress.chaos import Chaos
from stress.commands import stress_command
from stress.errors import BadSoakError, NoSoakError
from stress.holdings import Holdings
from stress.noise import Noise
from stress.run import Headway
from stress.slopes import slope_of
from stress.soak import Soak, SoakHeadway
from stress.soak_commands import progress_line
from stress.soak_journal import KILLED, RUNNING, TURNS, SoakJournal, read_journal, running_turn
from stress.soak_plan import SoakPlan
from stress.soak_summary import growth_words, idle_names, summary_table
from stress.turn import Turn

if TYPE_CHECKING:
    from pathlib import Path

BAD = "tests.stress.bad_scenarios:"
LIMIT_S = 120.0  # on a machine with ten times as much to do as it has cores


def call(*words: str) -> Any:
    return CliRunner().invoke(stress_command, words, env={"COLUMNS": "120"})


def turn(name: str = "one", **how: Any) -> Turn:
    return Turn(
        **{
            "name": name, "ending": Ending.PASSED, "rounds": 5, "operations": 50,
            "elapsed_s": 1.0, **how,
        }
    )  # fmt: skip


def plan(*names: str, **how: Any) -> SoakPlan:
    return SoakPlan(**{"names": names or ("one", "two"), "each_s": 1.0, **how})


def headway(rounds: int) -> Headway:
    held = Holdings(threads=1, descriptors=3, mappings=9, resident_bytes=7)
    return Headway(rounds=rounds, operations=10 * rounds, elapsed_s=0.5, held=held)


# -- the plan and the journal ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"names": ()}, "at least one scenario"),
        ({"each_s": None}, "a time, or each_s, or both"),
        ({"each_s": 0.0}, "each_s of a soak takes seconds above 0"),
        ({"turn_s": -1.0}, "turn_s"),
        ({"turn_s": 0.05}, "turn_s of a soak takes 0.1 s or more"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(how: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSoakError, match=says):
        plan(**how)


def test_conditions_that_make_no_sense_are_refused_with_the_plan() -> None:
    with pytest.raises(ValueError, match="threads takes 1 or more"):
        plan(conditions={"threads": 0})


def test_every_turn_has_a_seed_of_its_own() -> None:
    seeds = [plan(conditions={"seed": 7}).budget(1.0, turn=number).seed for number in range(3)]
    assert seeds == [7, 8, 9]


def test_a_journal_gives_back_plan_and_turns(tmp_path: Path) -> None:
    conditions = {
        "noise": Noise.parse("light"), "chaos": Chaos.parse("disk,signals"), "instrument": ("a",),
    }  # fmt: skip
    wanted = plan(total_s=9.0, conditions=conditions)
    slope = slope_of([(float(at), 2.0 * at) for at in range(20)])
    turns = (turn(slopes={"resident_bytes": slope}), turn("two", ending=Ending.HANG, story="x"))
    with SoakJournal.new(tmp_path / "soak", wanted) as journal:
        for one in turns:
            journal.begin(one.name)
            journal.end(one)
    assert read_journal(tmp_path / "soak") == (wanted, turns)
    assert running_turn(tmp_path / "soak", over=0) is None


def test_a_turn_cut_short_is_known_up_to_its_last_round_and_half_a_line_is_dropped(
    tmp_path: Path,
) -> None:
    with SoakJournal.new(tmp_path, plan()) as journal:
        journal.end(turn())
        journal.begin("two")
        for rounds in range(1, 8):
            journal.advance(headway(rounds))
    with (tmp_path / TURNS).open("ab") as file:
        file.write(b'{"turn": {"name": "tw')  # what a kill leaves of a write
    cut_short = Turn(
        name="two", ending=Ending.INTERRUPTED, rounds=7, operations=70, elapsed_s=0.5,
        peak_bytes=7, story=KILLED,
    )  # fmt: skip
    journal, _ = SoakJournal.resume(tmp_path)
    with journal:
        assert journal.turns == (turn(), cut_short)
        journal.end(turn("two"))
    assert read_journal(tmp_path)[1] == (turn(), cut_short, turn("two"))


def test_a_kill_between_the_line_of_a_turn_and_its_slot_counts_nothing_twice(
    tmp_path: Path,
) -> None:
    with SoakJournal.new(tmp_path, plan()) as journal:
        for _ in range(2):
            journal.begin("one")
            journal.advance(headway(5))
            slot = (tmp_path / RUNNING).read_bytes()
            journal.end(turn())
    (tmp_path / RUNNING).write_bytes(slot)
    journal, _ = SoakJournal.resume(tmp_path)
    with journal:
        assert (journal.turns, journal.cut_short) == ((turn(), turn()), None)
        journal.begin("two")
    again, _ = SoakJournal.resume(tmp_path)
    with again:
        assert [one.name for one in again.turns] == ["one", "one", "two"]


def test_a_folder_that_is_in_use_or_no_soak_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(NoSoakError, match="nothing in it is overwritten"):
        SoakJournal.new(tmp_path, plan())
    with pytest.raises(NoSoakError, match="No such file"):
        read_journal(tmp_path)
    with (
        SoakJournal.new(tmp_path / "soak", plan()),
        pytest.raises(NoSoakError, match="another process is at it"),
    ):
        SoakJournal.resume(tmp_path / "soak")
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema": "holdfast.soak/9", "plan": {}}\n', "of version holdfast.soak/9"),
        ('{"schema": "holdfast.soak/1"\n', "is damaged"),
        ("[]\n", "is damaged"),
        ("", "is damaged"),
    ],
)
def test_a_journal_that_cannot_be_read_says_why(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / TURNS).write_text(text)
    with pytest.raises(NoSoakError, match=says):
        read_journal(tmp_path)
    assert (tmp_path / TURNS).read_text() == text


def test_the_slot_of_the_running_turn_does_not_grow(tmp_path: Path) -> None:
    with SoakJournal.new(tmp_path, plan()) as journal:
        journal.begin("one")
        sizes = set()
        for rounds in range(1, 500):
            journal.advance(headway(rounds))
            sizes.add((tmp_path / RUNNING).stat().st_size)
    assert len(sizes) == 1


# -- the summary ----------------------------------------------------------------------------------


def shown(turns: list[Turn]) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(summary_table(turns))
    return console.export_text()


def test_the_summary_adds_up_the_turns_of_each_scenario() -> None:
    turns = [
        turn(rounds=1_000, peak_bytes=3 << 20), turn("two", ending=Ending.HANG), turn(rounds=234),
    ]  # fmt: skip
    rows = [line.split() for line in shown(turns).splitlines() if "one" in line or "two" in line]
    assert rows[0] == ["one", "2", "1,234", "100", "2", "3", "too", "few", "rounds", "2", "passed"]
    assert rows[1][-2:] == ["1", "hang"]


def test_growth_is_that_of_the_turn_with_most_rounds() -> None:
    flat = slope_of([(float(at), 5.0) for at in range(20)])
    steep = slope_of([(float(at), 2048.0 * at) for at in range(20)])
    short = turn(rounds=20, slopes={"resident_bytes": steep})
    assert growth_words([turn()]) == "too few rounds"
    assert growth_words([short]) == "2.0 KiB (2.0 KiB to 2.0 KiB)"
    assert growth_words([short, turn(rounds=90, slopes={"resident_bytes": flat})]) == "nothing"


def test_who_had_no_round_is_named() -> None:
    turns = [turn(), turn("two", rounds=0), turn("bad", rounds=0, ending=Ending.BROKEN)]
    assert idle_names(turns, ("one", "two", "three", "bad")) == ("two", "three")


def test_the_line_of_progress_tells_all_at_a_glance() -> None:
    line = progress_line(
        SoakHeadway(name="x", turns=3, failed=1, rounds=1234, elapsed_s=62.0, whole_s=28_800.0)
    )
    assert line == "x: 1,234 rounds; 3 turns over, 1 failed; 0:01:02 of 8:00:00"


# -- real soaks -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_scenarios_take_turns_until_each_has_had_its_time(tmp_path: Path) -> None:
    wanted = SoakPlan(names=(BAD + "PASSES", "flow_100_waiters"), each_s=3.0, turn_s=1.5)
    heard: list[SoakHeadway] = []
    with SoakJournal.new(tmp_path, wanted) as journal:
        turns = Soak(wanted, journal, progress=heard.append).run()
    order = [one.name for one in turns]
    assert order[:4] == [*wanted.names, *wanted.names][: len(order)]
    assert set(order) == set(wanted.names)
    assert all(one.ending is Ending.PASSED and one.rounds for one in turns)
    assert heard[-1].rounds == turns[-1].rounds
    assert heard[0].whole_s == 6.0


@pytest.mark.slow
def test_a_scenario_that_failed_gets_no_further_turn_unless_that_is_asked(tmp_path: Path) -> None:
    def stop_after_two(headway: SoakHeadway) -> None:
        if headway.turns == 2:
            raise KeyboardInterrupt

    for restart, turns_had in ((False, 1), (True, 2)):
        wanted = SoakPlan(names=(BAD + "RAISES",), each_s=600.0, turn_s=1.0, restart=restart)
        with SoakJournal.new(tmp_path / str(restart), wanted) as journal:
            soak = Soak(wanted, journal, progress=stop_after_two)
            turns = soak.run()
        assert [one.ending for one in turns] == [Ending.EXCEPTION] * turns_had
        assert soak.interrupted == restart


@pytest.mark.slow
def test_a_soak_keeps_every_turn_in_the_store_and_ends_with_a_table(tmp_path: Path) -> None:
    shown = call(
        "soak", BAD + "PASSES", BAD + "DEADLOCKS", "--time", "6s", "--store", str(tmp_path / "s"),
        "--folder", str(tmp_path / "soak"),
    )  # fmt: skip
    assert shown.exit_code == 1, shown.output
    assert "1 hang" in shown.output
    assert "again: holdfast stress run tests.stress.bad_scenarios:DEADLOCKS" in shown.output
    outcomes = sorted(record["outcome"] for record in records(tmp_path / "s"))
    # What failed has no further turn; what passed has one wherever time is left.
    noted = (tmp_path / "soak" / "turns.jsonl").read_text().splitlines()[1:]
    turns = [json.loads(line)["turn"]["ending"] for line in noted]
    assert (turns[:2], set(turns[2:]) - {"PASSED"}) == (["PASSED", "HANG"], set())
    assert outcomes == ["failed", *["passed"] * (len(turns) - 1)]
    again = call("summary", str(tmp_path / "soak"))
    assert (again.exit_code, "1 hang" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["soak", "--all"], "give --time 60m for the whole soak, --each 5m"),
        (["soak", "--time", "5s"], "give the scenarios to run, or --all"),
        (["soak", "nobody", "--time", "5s"], "no scenario 'nobody'"),
        (["soak", "--all", "--time", "soon"], "'soon' is no time"),
        (["soak", "--all", "--time", "5s", "--noise", "loud"], "noise 'loud' is not understood"),
        (["soak", "--resume"], "--resume takes the --folder"),
        (["soak", "--resume", "--folder", "nowhere"], "no soak in nowhere"),
        (["soak", "--all", "--resume", "--folder", "nowhere"], "give no others"),
        (["summary", "nowhere"], "no soak in nowhere"),
    ],
)
def test_wrong_usage_exits_2_before_any_turn(words: list[str], says: str) -> None:
    shown = call(*words)
    assert shown.exit_code == 2
    assert says in shown.output


def test_a_folder_that_is_no_store_is_refused_before_the_first_turn(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    shown = call(
        "soak", "flow_100_waiters", "--time", "5s", "--store", str(tmp_path),
        "--folder", str(tmp_path / "soak"),
    )  # fmt: skip
    assert shown.exit_code == 2
    assert "mine.txt" in shown.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_a_store_that_fails_later_does_not_end_the_soak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stress.soak_commands.keep_runs", fail)
    names = (BAD + "PASSES", "flow_100_waiters")
    shown = call(
        "soak", *names, "--time", "0.2s", "--store", str(tmp_path / "store"),
        "--folder", str(tmp_path / "soak"),
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("No space left on device") == 2
    assert len(read_journal(tmp_path / "soak")[1]) == 2


@pytest.mark.slow
def test_everyone_has_a_first_turn_however_short_the_time(tmp_path: Path) -> None:
    names = ("flow_100_waiters", BAD + "PASSES")
    shown = call("soak", *names, "--time", "0.2s", "--folder", str(tmp_path / "soak"))
    assert shown.exit_code == 0, shown.output
    _, turns = read_journal(tmp_path / "soak")
    assert [(one.name, one.rounds > 0) for one in turns] == [(name, True) for name in names]


def test_a_soak_without_one_round_is_a_failure(tmp_path: Path) -> None:
    with SoakJournal.new(tmp_path, plan("one")) as journal:
        journal.begin("one")  # and it was killed before the first round
    shown = call("summary", str(tmp_path))
    assert shown.exit_code == 1
    assert "one: not one round was done, so nothing was shown" in shown.output


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_the_running_turn_keeps_it_and_exits_130(tmp_path: Path) -> None:
    parent = soak(tmp_path, "--each", "10m")
    try:
        running = wait_for_rounds(tmp_path, 3)
        parent.send_signal(signal.SIGINT)
        output, _ = parent.communicate(timeout=LIMIT_S)
    finally:
        parent.kill()
        parent.wait()
    assert parent.returncode == 130, output
    assert "1 interrupted" in output
    (kept,) = records(tmp_path / "store")
    assert kept["outcome"] == "undecided"
    assert rounds_in(kept) >= running["rounds"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_kill_9_loses_at_most_the_running_round_and_the_soak_goes_on(tmp_path: Path) -> None:
    parent = soak(tmp_path, "--each", "20s", "--turn", "20s")
    child = None
    try:
        seen = wait_for_rounds(tmp_path, 3)
        child = psutil.Process(parent.pid).children()[0]
    finally:
        parent.kill()
        parent.communicate()
    assert child is not None
    child.wait(timeout=LIMIT_S)  # it does not outlive the soak
    killed = running_turn(tmp_path / "soak", over=0)
    assert killed is not None
    assert killed.rounds >= seen["rounds"]  # every round that was done is there
    shown = call("summary", str(tmp_path / "soak"))
    assert shown.exit_code == 0, shown.output

    # The time that it had is over: what is left is less than a turn.
    slot = json.loads((tmp_path / "soak" / RUNNING).read_text())
    slot["turn"]["elapsed_s"] = 19.0
    (tmp_path / "soak" / RUNNING).write_text(json.dumps(slot))
    resumed = call(
        "soak", "--resume", "--folder", str(tmp_path / "soak"), "--store", str(tmp_path / "store")
    )
    assert resumed.exit_code == 0, resumed.output
    assert "1 interrupted, 1 passed" in resumed.output
    kept = sorted(record["outcome"] for record in records(tmp_path / "store"))
    assert kept == ["passed", "undecided"]
    turns = read_journal(tmp_path / "soak")[1]
    assert turns[0].rounds == killed.rounds


def soak(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a soak of a scenario that does some rounds a second, as a program of its own."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "holdfast.cli", "stress", "soak", BAD + "PASSES", *words,
            "--folder", str(folder / "soak"), "--store", str(folder / "store"),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip


def wait_for_rounds(folder: Path, least: int) -> dict[str, Any]:
    """Return what the slot of the running turn says, once it says enough."""
    ends_s = time.monotonic() + LIMIT_S
    while time.monotonic() < ends_s:
        try:
            slot = json.loads((folder / "soak" / RUNNING).read_bytes())
        except (OSError, ValueError):
            slot = {}
        running = slot.get("turn", {})
        if running.get("rounds", 0) >= least:
            return dict(running)
        time.sleep(0.01)
    raise AssertionError("the soak never did a round")


def records(store: Path) -> list[dict[str, Any]]:
    documents = [json.loads(path.read_text()) for path in (store / "runs").glob("*.json")]
    return [record for document in documents for record in document["records"]]


def rounds_in(record: dict[str, Any]) -> float:
    return next(one["value"] for one in record["measures"] if one["metric"] == "rounds")
