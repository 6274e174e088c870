"""The parts of a campaign, one by one: curve, books, folder, view, turns, dictionary."""

from __future__ import annotations

import bisect
import itertools
import json
import random
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest
from rich.console import Console

from fuzz.campaign.campaign_books import Books
from fuzz.campaign.campaign_database import CampaignDatabase, WorkerCounts
from fuzz.campaign.campaign_folder import CampaignFolder, Lock, folder_name, running_in
from fuzz.campaign.campaign_run import Budget, Ending
from fuzz.campaign.campaign_schema import read_database
from fuzz.campaign.campaign_settings import Settings, settings_from_json
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.campaign.corpus_watch import CorpusWatch
from fuzz.campaign.crew import shares
from fuzz.campaign.errors import DatabaseError, FolderInUseError
from fuzz.campaign.live_view import draw, sparkline
from fuzz.campaign.plateau import (
    MOST_MARKS,
    Curve,
    Rare,
    count_like,
    likely,
    one_in,
    upper_count,
)
from fuzz.campaign.progress import TRAIL, Progress, Rate, WorkerLine, trail
from fuzz.campaign.status import State, status_of
from fuzz.campaign.turns import LONGEST_S, SHORTEST_S, turn_of
from fuzz.duration import Duration, in_words
from fuzz.engines.dictionary_file import read_dictionary
from fuzz.engines.errors import DictionaryError
from fuzz.engines.pace import USUAL, Pace
from fuzz.target_facts import TargetFacts
from fuzz.triaging.crash import crash_of
from fuzz.workers.journal import Journal, JournalReader
from fuzz.workers.leftovers import journal_file, take_in

if TYPE_CHECKING:
    from pathlib import Path

FACTS = TargetFacts(
    name="T", place="m:T", what="w", instrument=(), controlled=False, compares=True,
    seeds=(), dictionary=(), max_bytes=64, hang_s=1.0,
)  # fmt: skip
SETTINGS = Settings(target="m:T", seed=1, budget=Budget(seconds=60.0))


# The curve of discoveries.


def discoveries(*, exponent: float, kinds: int, inputs: int, seed: int) -> tuple[Curve, int]:
    """Draw inputs of known kinds; return the curve, and what as many again bring."""
    weights = list(itertools.accumulate((rank + 1) ** -exponent for rank in range(kinds)))
    chance = random.Random(seed)
    seen: set[int] = set()
    curve = Curve()
    later = 0
    for number in range(1, 2 * inputs + 1):
        kind = bisect.bisect(weights, chance.random() * weights[-1])
        if kind in seen:
            continue
        seen.add(kind)
        if number <= inputs:
            curve.add(1, seconds=number / 1_000, executions=number)
        else:
            later += 1
    return curve, later


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exponent", "kinds", "inputs"),
    [
        (1.0, 2_000, 5_000),
        (1.3, 5_000, 5_000),
        (0.7, 3_000, 5_000),
        (2.0, 10_000, 10_000),
        (1.0, 100, 500),
        (3.0, 1_000, 500),
        (1.2, 100_000, 10_000),
    ],
)
def test_what_as_long_again_brings_is_in_the_range_that_is_told(
    exponent: float, kinds: int, inputs: int
) -> None:
    right = 0
    for seed in range(10):
        curve, later = discoveries(exponent=exponent, kinds=kinds, inputs=inputs, seed=seed)
        told = curve.outlook(seconds=inputs / 1_000, executions=inputs)
        assert told is not None
        least, most = told.more
        right += least <= later <= most
        assert most <= max(4 * told.recent, 5), "a range that wide says nothing"
    # Each is right in 19 of 20 cases: fewer than 7 of 10 in less than one of 900 runs.
    assert right >= 7


def test_a_campaign_that_brings_nothing_is_stale_and_one_that_does_is_not() -> None:
    curve = Curve()
    curve.add(10, seconds=1.0, executions=100)
    stale = curve.outlook(seconds=100.0, executions=10_000)
    assert stale is not None
    assert stale.stale
    assert stale.next_s is None
    assert stale.quiet_s == 99.0
    assert stale.at_most == pytest.approx(3 / 5_000)
    curve.add(1, seconds=90.0, executions=9_000)
    going = curve.outlook(seconds=100.0, executions=10_000)
    assert going is not None
    assert not going.stale
    assert going.next_s is not None
    assert "is likely to bring" in str(going)


def test_where_an_engine_counts_rarity_the_outlook_tells_it() -> None:
    curve = Curve()
    curve.add(10, seconds=60.0, executions=6_000)
    told = curve.outlook(
        seconds=100.0,
        executions=10_000,
        rare=Rare(kinds=97, singletons=20, doubletons=62, executions=5_000),
    )
    assert told is not None
    assert told.chance == 0.004
    assert "at most 97% of what these engines reach has shown" in str(told)


def test_a_corpus_that_grows_where_nothing_rare_is_left_is_near_its_end() -> None:
    curve = Curve()
    for second in range(1, 101):
        curve.add(5, seconds=float(second), executions=second * 100)
    everything = Rare(kinds=500, singletons=0, doubletons=0, executions=10_000)
    told = curve.outlook(seconds=100.0, executions=10_000, rare=everything)
    assert told is not None
    assert told.more == (0, 2)
    assert "once in" in str(told)
    assert "next to nothing is left that these engines reach" in str(told)


def test_silence_of_few_inputs_says_nothing() -> None:
    assert Curve().outlook(seconds=0.0, executions=0) is None
    young = Curve().outlook(seconds=10.0, executions=100)
    assert young is not None
    assert not young.stale


def test_the_curve_takes_bounded_memory_and_keeps_totals() -> None:
    curve = Curve()
    for number in range(1, 20_001):
        curve.add(1, seconds=float(number), executions=number)
    assert curve.found == 20_000
    assert len(curve.marks()) <= MOST_MARKS
    # Thinned at its old end alone: what is told looks at the newer half.
    assert curve.since(19_901.0) == 100
    assert curve.since(0.0) == 20_000


def test_the_estimators_are_those_of_the_papers() -> None:
    rare = Rare(kinds=10, singletons=4, doubletons=2, executions=1_000)
    assert rare.chance_of_new == 0.004
    assert rare.kinds_in_all == 12.0
    assert rare.most_new(1_000) == 9  # 4 expected at most, and 1.96 deviations of 5
    assert rare.reached == 10 / 12
    assert Rare(kinds=0, singletons=0, doubletons=0, executions=0).chance_of_new == 1.0
    assert upper_count(0) == pytest.approx(2.996, abs=0.01)
    assert upper_count(10) == pytest.approx(16.96, abs=0.05)  # exact: 16.962
    assert count_like(0) == (0, 2)
    assert likely(0, 5) == count_like(5)
    least, most = likely(100, 100)
    assert least < 100 < most


def test_a_chance_is_told_no_more_exactly_than_it_is_known() -> None:
    assert one_in(1 / 123_456) == "120,000"
    assert one_in(0.5) == "2"
    assert one_in(0.0) == "infinitely many"


# Rates, trails, shares, turns.


def test_the_rate_is_that_of_the_last_ten_seconds_in_bounded_memory() -> None:
    rate = Rate()
    assert rate.now == 0.0
    for second in range(100):
        rate.add(float(second), second * 10)
    assert rate.now == pytest.approx(10.0)
    for second in range(100, 120):
        rate.add(float(second), 1_000)
    assert rate.now == 0.0
    assert len(rate._points) <= 64


def test_a_trail_puts_discoveries_where_they_came() -> None:
    assert trail([], 0.0) == ()
    came = trail([(0.0, 2), (50.0, 5), (100.0, 6)], 100.0)
    assert len(came) == TRAIL
    assert (came[0], came[TRAIL // 2], came[-1]) == (2, 3, 1)
    assert sum(came) == 6


def test_runs_are_shared_to_the_last() -> None:
    assert shares(10, 3) == [4, 3, 3]
    assert shares(2, 3) == [1, 1, 0]
    assert shares(None, 2) == [None, None]


def test_turns_are_as_long_as_starts_are_worth_and_one_target_needs_none() -> None:
    assert turn_of([600.0]) is None
    assert turn_of([float("inf"), float("inf")]) is None
    assert turn_of([30.0, 30.0]) == SHORTEST_S
    assert turn_of([3_600.0, 3_600.0]) == 600.0
    assert turn_of([1e6, 10.0]) == LONGEST_S


def test_a_pace_is_compressed_where_that_changes_what_happens() -> None:
    fast = USUAL.faster(480)
    assert fast.life_s == USUAL.life_s / 480
    assert fast.record_s == USUAL.record_s
    with pytest.raises(ValueError, match="from 1, got 0"):
        Pace().faster(0)


# Settings and words.


def test_settings_survive_json() -> None:
    full = replace(SETTINGS, workers=3, dictionary=(b"\x00\xff",), hang_s=2.5, engine="greybox")
    assert settings_from_json(full.to_json()) == full


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"workers": 0}, "workers takes 1 to 256, got 0"),
        ({"workers": True}, "workers takes 1 to 256, got True"),
        ({"seed": -1}, "seed takes a whole number from 0, got -1"),
        ({"hang_s": 0.0}, "hang_s takes seconds above 0"),
    ],
)
def test_settings_refuse_what_they_cannot_be(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(SETTINGS, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (4.25, "4.2 s"),
        (59.9, "59 s"),
        (725.0, "12 m 05 s"),
        (28_980.0, "8 h 03 m"),
    ],
)
def test_times_are_told_in_two_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_durations_are_read_as_people_write_them() -> None:
    read = Duration().convert
    assert [read(text, None, None) for text in ("10s", "5m", "8h", "500ms", "3")] == [
        10.0, 300.0, 28_800.0, 0.5, 3.0,
    ]  # fmt: skip
    with pytest.raises(click.BadParameter, match="no time above 0"):
        read("-1s", None, None)


# Dictionaries.


def test_a_dictionary_is_read_as_libfuzzer_and_afl_take_it(tmp_path: Path) -> None:
    file = tmp_path / "words.dict"
    file.write_text(
        '# a comment\n\nkeyword="SELECT"\nmagic = "\\x89PNG\\x0d\\n"\nlevel@2="a\\\\b\\"c"\n'
        '"bare"\n"bare"\n',
        "utf-8",
    )
    assert read_dictionary(file) == (b"SELECT", b"\x89PNG\r\n", b'a\\b"c', b"bare")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('good="a"\nnonsense\n', "line 2 of "),
        ('bad="\\q"', "it has no escape \\q"),
        ('open="a', "line 1 of "),
    ],
)
def test_a_line_that_is_no_entry_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "words.dict"
    file.write_text(text, "utf-8")
    with pytest.raises(DictionaryError) as refused:
        read_dictionary(file)
    assert says in str(refused.value)


# The corpus on disk.


def test_a_corpus_is_looked_at_for_what_came_and_went(tmp_path: Path) -> None:
    watch = CorpusWatch(tmp_path)
    assert watch.look() == ([], [])
    name = content_name(b"one")
    (tmp_path / name).write_bytes(b"one")
    (tmp_path / ".half-written").write_bytes(b"x")
    assert watch.look() == ([(name, 3)], [])
    assert watch.look() == ([], [])
    assert len(watch) == 1
    (tmp_path / name).unlink()
    assert watch.look() == ([], [name])


def test_every_file_of_a_user_and_every_torn_entry_becomes_an_entry_and_no_byte_is_lost(
    tmp_path: Path,
) -> None:
    (tmp_path / "my seed.txt").write_bytes(b"seed")
    torn = tmp_path / content_name(b"whole")
    torn.write_bytes(b"who")
    (tmp_path / "long").write_bytes(bytes(70_000))
    (tmp_path / "folder").mkdir()
    wrong = CorpusWatch(tmp_path).adopt()
    assert (tmp_path / content_name(b"seed")).read_bytes() == b"seed"
    assert (tmp_path / "my seed.txt").exists()
    assert (tmp_path / content_name(b"who")).read_bytes() == b"who"
    assert not torn.exists()
    assert sorted(words.partition(":")[0] for words in wrong) == sorted(
        [f"corpus/{torn.name}", "corpus/folder", "corpus/long"]
    )
    assert (tmp_path / "long").stat().st_size == 70_000


# The folder and its lock.


def test_the_lock_is_one_campaigns_and_comes_free_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not running_in(path)
    with Lock(path):
        assert running_in(path)
        with pytest.raises(FolderInUseError, match="in use by the campaign of process"):
            Lock(path)
    assert not running_in(path)
    with Lock(path):
        pass


def test_a_targets_folder_has_a_name_that_every_system_takes() -> None:
    assert folder_name("mine.fuzzing:PARSER") == "mine.fuzzing_PARSER"
    assert folder_name("a b/../c") == "a_b_.._c"


# The database.


def interrupted_transaction(database: CampaignDatabase, worker: int) -> None:
    with database.transaction():
        database.worker(worker, WorkerCounts(executions=99), read_to=99)
        raise KeyboardInterrupt


def test_counts_are_absolute_and_a_transaction_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.sqlite3"
    with CampaignDatabase(path) as database:
        campaign = database.begin(SETTINGS, ["greybox"])
        worker = database.new_worker(campaign, number=0, engine="greybox")
        for executions in (10, 25, 25):
            with database.transaction():
                database.worker(worker, WorkerCounts(executions=executions), read_to=executions)
        assert database.totals(campaign).counts.executions == 25
        with pytest.raises(KeyboardInterrupt):
            interrupted_transaction(database, worker)
        assert database.totals(campaign).counts.executions == 25
        (left,) = database.left_behind()
        assert (left.worker, left.read_to) == (worker, 25)
        with database.transaction():
            database.worker(worker, WorkerCounts(executions=30), read_to=30, ending="DONE")
            database.end(campaign, Ending.BUDGET)
        assert database.left_behind() == []
    with CampaignDatabase(path) as database:
        last = database.last_campaign()
        assert last is not None
        assert last["ending"] == "BUDGET"


def test_every_finding_of_a_killed_worker_is_taken_in_however_long_its_journal_is(
    tmp_path: Path,
) -> None:
    """Its journal goes afterwards, and one look takes a part of a long one."""
    folder = CampaignFolder(tmp_path, "mine:TARGET")
    folder.workers.mkdir(parents=True)
    with CampaignDatabase(tmp_path / "db") as database:
        worker = database.new_worker(database.begin(SETTINGS, ["greybox"]), number=0, engine="x")
        journal = Journal(journal_file(folder, worker))
        for number in range(40):
            data = number.to_bytes() * 65_536
            error = type(f"Error{number}", (Exception,), {})()  # of a kind of its own: a finding
            crash = crash_of(error, data, story="", confirmed=True)
            journal.send("crash", data=data.hex(), crash=crash.to_json())
        assert len(JournalReader(journal_file(folder, worker)).read()) < 40
        assert take_in(database, folder, "mine:TARGET", going_on=None).crashes == 40
        assert not journal_file(folder, worker).exists()


def test_an_input_that_comes_back_is_no_longer_gone(tmp_path: Path) -> None:
    with CampaignDatabase(tmp_path / "db") as database, database.transaction():
        database.inputs(1, [("a" * 40, 3, "seed")], at_s=0.0, executions=0)
        database.gone(["a" * 40], "merged away")
        assert database.known_inputs() == {"a" * 40: "merged away"}
        database.inputs(1, [("a" * 40, 3, "greybox")], at_s=5.0, executions=9)
        assert database.known_inputs() == {"a" * 40: None}


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.sqlite3"
    path.write_bytes(b"these are somebody's notes, not a database" * 100)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="Nothing was changed"):
        CampaignDatabase(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.sqlite3"
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE theirs (id INTEGER)")
    opened.close()
    with pytest.raises(DatabaseError, match="a database of another program"):
        CampaignDatabase(path)


def test_a_damaged_database_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.sqlite3"
    with CampaignDatabase(path) as database:
        campaign = database.begin(SETTINGS, ["greybox"])
        with database.transaction():
            names = [(f"{number:040x}", 3, "seed") for number in range(2_000)]
            database.inputs(campaign, names, at_s=0.0, executions=0)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2 // 4096 * 4096
    whole[middle : middle + 4096] = random.Random(1).randbytes(4096)
    path.write_bytes(whole)
    with pytest.raises(DatabaseError, match=r"damaged|malformed"):
        CampaignDatabase(path)
    assert path.read_bytes() == bytes(whole)


def test_a_database_that_was_killed_before_its_first_transaction_is_as_good_as_new(
    tmp_path: Path,
) -> None:
    path = tmp_path / "campaigns.sqlite3"
    path.write_bytes(b"")
    read_database(path).close()
    with CampaignDatabase(path) as database:
        assert database.last_campaign() is None


def test_reading_does_not_disturb_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.sqlite3"
    with CampaignDatabase(path) as database, database.transaction():
        database.note(1, "half of a transaction")
        opened = read_database(path)
        assert opened.execute("SELECT count(*) FROM notes").fetchone() == (0,)
        opened.close()


def test_folders_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "m_T").write_bytes(b"a file where the folder should be")
    with pytest.raises(Exception, match="cannot be used") as refused:
        CampaignFolder(tmp_path, "m:T").make()
    assert str(tmp_path / "m_T") in str(refused.value)


# The view.


def full_progress(**fields: object) -> Progress:
    lines = tuple(
        WorkerLine(
            number=number, engine="atheris" if number % 2 else "greybox", pid=1_000 + number,
            state="running 12 saved inputs", executions=123_456_789, rate=12_345.6, edges=4_321,
            features=999, restarts=1_234, resident_bytes=123 << 20,
        )
        for number in range(40)
    )  # fmt: skip
    curve = Curve()
    for number in range(1, 200):
        curve.add(3, seconds=number * 100.0, executions=number * 10_000)
    values: dict[str, object] = {
        "target": "a.module.with.a.long.name.somewhere.deep.in.a.package:ITS_TARGET_IS_LONG_TOO",
        "budget": Budget(seconds=28_800.0, runs=10**9),
        "seconds": 20_000.0, "executions": 9_876_543_210, "rate": 123_456.7, "coverage": 54_321,
        "features": 98_765, "corpus": 12_345, "paths": 4_567, "quiet_s": 725.0,
        "found": {"raised an exception": 3, "hung": 1, "went over the memory limit": 2},
        "new": 2, "undecided": 17, "workers": lines, "trail": trail(curve.marks(), 20_000.0),
        "outlook": curve.outlook(seconds=20_000.0, executions=2_000_000),
        "resident_bytes": 60 << 20, "notes": ("a note that is longer than the line " * 5,) * 5,
        **fields,
    }  # fmt: skip
    return Progress(**values)  # type: ignore[arg-type]


def drawn(progress: Progress, *, width: int = 80, ascii_only: bool = False) -> list[str]:
    console = Console(width=width, height=30, color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(draw(progress, ascii_only=ascii_only))
    return captured.get().splitlines()


def test_the_fullest_view_fits_80_columns_and_30_lines() -> None:
    lines = drawn(full_progress())
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30
    text = "\n".join(lines)
    for words in ("9,876,543,210", "54,321", "3 raised an exception", "28 more", "Ctrl-C",
                  "last 12 m 05 s ago", "5 h 33 m of 8 h 00 m, 69%"):  # fmt: skip
        assert words in text


def test_a_view_of_a_campaign_that_has_only_begun_says_what_it_knows() -> None:
    lines = drawn(Progress(target="m:T", budget=Budget(seconds=60.0)))
    text = "\n".join(lines)
    assert "not counted" in text
    assert "none yet" in text
    assert "outlook" not in text


def test_a_sparkline_never_hides_what_came_and_has_plain_letters_where_it_must() -> None:
    assert sparkline([0, 1, 1_000]) == " ▁█"
    assert sparkline([0, 1, 1_000], ascii_only=True) == " .@"
    assert "█" not in "".join(drawn(full_progress(), ascii_only=True))


# What counts as new.


def test_an_input_in_the_place_of_another_is_no_new_path(tmp_path: Path) -> None:
    folder = CampaignFolder(tmp_path, "m:T")
    folder.make()
    with CampaignDatabase(folder.database) as database:
        books = Books(
            SETTINGS, FACTS, folder=folder, database=database, pace=USUAL,
            campaign=database.begin(SETTINGS, ["greybox"]),
        )  # fmt: skip
        books.open(seeds=[b"seed"], going_on=False)
        corpus = InputFolder(folder.corpus)

        def page(*, came: list[bytes], went: list[bytes], merging: bool = False) -> int:
            books.fuzzed_s += 1.0
            for data in came:
                corpus.add(data)
            for data in went:
                corpus.remove(data)
            with database.transaction():
                books.close_page(merging=merging)
            return books.curve.found

        assert page(came=[], went=[]) == 0, "a seed is no discovery"
        assert page(came=[b"first", b"second"], went=[]) == 2
        assert page(came=[b"1st"], went=[b"first"]) == 2
        assert page(came=[], went=[b"second"]) == 2
        assert page(came=[b"2nd"], went=[]) == 2, "it came in the place of the second"
        assert books.quiet_s == 3.0
        assert page(came=[b"third"], went=[b"1st"], merging=True) == 3
        assert database.known_inputs() == {
            content_name(b"seed"): None,
            content_name(b"first"): "removed while it ran",
            content_name(b"second"): "removed while it ran",
            content_name(b"1st"): "merged away",
            content_name(b"2nd"): None,
            content_name(b"third"): None,
        }


# The status.


@pytest.mark.parametrize(
    ("before", "recent", "says"),
    [(10, 0, "hardly worth more as it is"), (1, 1, "slow going"), (100, 100, "worth going on")],
)
def test_the_status_says_whether_it_is_worth_going_on(
    tmp_path: Path, before: int, recent: int, says: str
) -> None:
    folder = CampaignFolder(tmp_path, "m:T")
    folder.make()
    curve = Curve()
    curve.add(before, seconds=30.0, executions=30_000)
    curve.add(recent, seconds=90.0, executions=90_000)
    with CampaignDatabase(folder.database) as database:
        campaign = database.begin(SETTINGS, ["greybox"])
        worker = database.new_worker(campaign, number=0, engine="greybox")
        with database.transaction():
            database.worker(worker, WorkerCounts(executions=100_000), read_to=0, ending="DONE")
            database.state(
                campaign, elapsed_s=101.0, fuzzed_s=100.0, quiet_s=10.0, replayed=0, fixed=0,
                outlook=curve.outlook(seconds=100.0, executions=100_000),
            )  # fmt: skip
            database.end(campaign, Ending.STALE)
    status = status_of(folder.path)
    assert status is not None
    assert status.advice.startswith(says)
    assert (status.state, status.executions, status.rate) == (State.ENDED, 100_000, 1_000.0)
    assert json.loads(json.dumps(status.to_json()))["outlook"]["found"] == before + recent
