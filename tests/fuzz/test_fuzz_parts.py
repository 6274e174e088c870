import random
import threading
from pathlib import Path

import pytest

from fuzz import BadTargetError, Budget, Target
from fuzz.byte_reader import ByteReader
from fuzz.campaign.campaign_run import CampaignRun, Ending, Verdict
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.records import record_of
from fuzz.triaging.crash import Crash, CrashKind, crash_from_json, crash_of, frames_in, frames_of
from fuzz.triaging.crash_store import CrashStore
from fuzz.workers.black_box import BlackBox
from reports import Outcome


def test_past_the_end_every_byte_is_0() -> None:
    reader = ByteReader(b"\x05\x07")
    assert (reader.byte(), reader.below(4), reader.left) == (5, 3, 0)
    assert (reader.byte(), reader.below(9), reader.rest()) == (0, 0, b"")


def test_the_black_box_is_readable_from_a_second_mapping(tmp_path: Path) -> None:
    with BlackBox(tmp_path / "box", create=True) as writer, BlackBox(tmp_path / "box") as reader:
        assert reader.read().executions == 0
        writer.failures = 2
        writer.begin(b"input")
        flight = reader.read()
        assert (flight.executions, flight.failures, flight.data) == (1, 2, b"input")
        assert flight.busy_s > 0
        writer.end()
        assert reader.read().busy_s == 0


def test_an_input_is_stored_once_under_its_content(tmp_path: Path) -> None:
    folder = InputFolder(tmp_path / "deep" / "corpus")
    assert folder.files() == []
    path = folder.add(b"abc")
    assert folder.add(b"abc") == path
    assert path.name == content_name(b"abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    (folder.path / "notes.txt").write_text("not an input")
    assert [*folder.inputs()] == [b"abc"]
    folder.remove(b"abc")
    folder.remove(b"abc")
    assert len(folder) == 0


def fails() -> None:
    raise ValueError("on purpose")


def test_frames_name_functions_of_the_users_code_innermost_first() -> None:
    here = "test_fuzz_parts:test_frames_name_functions_of_the_users_code_innermost_first"
    with pytest.raises(ValueError, match="on purpose") as ours:
        fails()
    assert frames_of(ours.value) == ("test_fuzz_parts:fails", here)
    with pytest.raises(IndexError) as inside_the_standard_library:
        random.Random(1).choice([])
    assert frames_of(inside_the_standard_library.value) == (here,)


def test_frames_of_a_native_crash_come_from_the_stack_that_was_printed() -> None:
    text = (
        'Fatal Python error: Segmentation fault\n  File "/app/mine.py", line 3 in inner\n'
        f'  File "{threading.__file__}", line 9 in run\n  File "/app/mine.py", line 8 in outer\n'
    )
    assert frames_in(text) == ("mine:inner", "mine:outer")


def crash(data: bytes, error: BaseException | None = None) -> Crash:
    return crash_of(error or ValueError("x"), data, story="story", confirmed=True)


def test_a_crash_survives_json() -> None:
    made = crash(b"abc")
    assert crash_from_json(made.to_json(), b"abc") == made
    with pytest.raises(KeyError):
        crash_from_json({}, b"")


def test_the_message_of_an_error_does_not_make_it_another_finding_and_its_type_does() -> None:
    assert crash(b"", ValueError("a")).key == crash(b"", ValueError("b")).key
    assert crash(b"", ValueError("a")).key != crash(b"", TypeError("a")).key
    assert crash(b"", MemoryError()).kind is CrashKind.MEMORY


def test_a_smaller_input_takes_the_place_of_a_larger_and_a_saved_one_keeps_it(
    tmp_path: Path,
) -> None:
    store = CrashStore(tmp_path, "t")
    assert store.add(crash(b"long")) is not None
    assert store.add(crash(b"longer")) is None
    assert store.add(crash(b"s")) is None
    assert [path.name for path in store.saved()] == [content_name(b"s")]
    assert len(list(tmp_path.iterdir())) == 2
    later = CrashStore(tmp_path, "t")
    (path,) = later.saved()
    later.still_fails(crash(b"s"), path)
    assert later.add(crash(b"")) is None
    assert later.saved() == [path]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "name takes a name, got ''"),
        ({"run": 3}, "run takes a function of bytes, got 3"),
        ({"instrument": "secmem"}, "instrument takes a tuple of module names, got 'secmem'"),
        ({"seeds": ("text",)}, "seeds takes a tuple of bytes"),
        ({"max_bytes": 0}, "max_bytes takes 1 to 65536, got 0"),
        ({"hang_s": 0}, "hang_s takes seconds above 0, got 0"),
    ],
)
def test_a_target_refuses_what_it_cannot_be(fields: dict[str, object], says: str) -> None:
    good: dict[str, object] = {"name": "n", "run": len, "what": "w"}
    with pytest.raises(BadTargetError) as refused:
        Target(**{**good, **fields})  # type: ignore[arg-type]
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [{"seconds": None}, {"seconds": 0.0}, {"runs": -1}, {"memory_bytes": 5}, {"stale_s": 0.0}],
    ids=["no limit", "no time", "negative", "no memory", "no patience"],
)
def test_a_budget_refuses_what_it_cannot_be(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="takes"):
        Budget(**fields)  # type: ignore[arg-type]


def run_of(**fields: object) -> CampaignRun:
    return CampaignRun(target="t", engines=("greybox",), seed=3, budget=Budget(), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "verdict", "outcome"),
    [
        ({"executions": 5}, Verdict.CLEAN, Outcome.PASSED),
        ({}, Verdict.UNDECIDED, Outcome.UNDECIDED),
        ({"executions": 5, "undecided": 1}, Verdict.UNDECIDED, Outcome.UNDECIDED),
        ({"executions": 5, "trouble": "it broke"}, Verdict.UNDECIDED, Outcome.UNDECIDED),
        ({"executions": 5, "ending": Ending.INTERRUPTED}, Verdict.INTERRUPTED, Outcome.UNDECIDED),
    ],
)
def test_only_a_campaign_that_ran_and_judged_is_clean(
    fields: dict[str, object], verdict: Verdict, outcome: Outcome
) -> None:
    run = run_of(**fields)
    assert run.verdict is verdict
    record = record_of(run)
    assert record.outcome is outcome
    assert record.replay == "holdfast fuzz run t --seed 3 --engine greybox --workers 1 --time 10s"


def test_a_record_tells_how_coverage_and_features_grew_and_leaves_out_what_was_not_counted() -> (
    None
):
    growth = ((0.5, None, 3, 1), (1.0, 20, 7, 2), (9.0, 31, 8, 5))
    record = record_of(run_of(executions=5, coverage=31, features=8, growth=growth))
    coverage, features = record.measure("coverage"), record.measure("features")
    assert coverage is not None
    assert coverage.curve == ((1.0, 20.0), (9.0, 31.0))
    assert features is not None
    assert features.curve == ((0.5, 3.0), (1.0, 7.0), (9.0, 8.0))
    found = record.measure("new inputs")
    assert found is not None
    assert (found.value, found.curve) == (5, ((0.5, 1.0), (1.0, 2.0), (9.0, 5.0)))
