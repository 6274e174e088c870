"""Saved inputs, run again and made smaller: every one of them, each in a process that may die."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.corpus import InputFolder
from fuzz.errors import BrokenTargetError
from fuzz.schedules.controlled_run import parts_of
from fuzz.target_facts import ask
from fuzz.triaging.byte_reduction import Reduction
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash import Crash, CrashKind
from fuzz.triaging.crash_store import CrashStore
from fuzz.triaging.errors import UnknownFindingError
from fuzz.triaging.minimizing import Minimized, MinimizeEnd, Step, minimize
from fuzz.triaging.triage_report import Status, TriageReport, targets_with_crashes, triage

HERE = "tests.fuzz.contained_targets:"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]


def save(folder: Path, name: str, *inputs: bytes) -> list[Path]:
    """Save inputs with what they do, as a campaign would."""
    store = CrashStore(CampaignFolder(folder, HERE + name).crashes, HERE + name)
    paths = []
    with ContainedTarget(ask(HERE + name)) as target:
        for data in inputs:
            crash = target.run(data).crash
            paths.append(InputFolder(CampaignFolder(folder, HERE + name).crashes).add(data)
                         if crash is None else store.save(crash))  # fmt: skip
    return paths


def triaged(folder: Path, name: str, **how: int) -> TriageReport:
    before = set(psutil.Process().children())  # of other tests, such as a warm template
    report = triage(HERE + name, folder=folder, **how)
    assert not {*psutil.Process().children()} - before, "a child outlived its triage"
    return report


def minimized(folder: Path, name: str, **how: object) -> tuple[Minimized, ...]:
    return minimize(HERE + name, folder=folder, **how)  # type: ignore[arg-type]


LONG_X = b"some bytes before X and more behind it"
LONG_AB = b"the letter A comes, then others, then B, and an end"


def test_every_input_is_run_and_findings_are_grouped_with_their_smallest_input(
    tmp_path: Path,
) -> None:
    save(tmp_path, "two_bugs", LONG_X, b"xX", LONG_AB, b"nothing wrong here")
    report = triaged(tmp_path, "two_bugs")
    told = [(one.status, len(one.inputs), len(one.smallest.saved.data)) for one in report.findings]
    assert sorted(told) == sorted(
        [(Status.FAILS, 2, 2), (Status.FAILS, 1, len(LONG_AB)), (Status.FIXED, 1, 18)]
    )
    assert report.findings[-1].status is Status.FIXED
    assert len(report.failing) == 2
    for one in report.failing:
        assert (one.failed, one.runs) == (3, 3)
        assert "--replay" in one.replay


def test_what_kills_hangs_or_leaves_stops_nothing(tmp_path: Path) -> None:
    save(tmp_path, "dies_in_many_ways", b"s", b"x", b"h", b"e", b"t", b"ok", b"u")
    report = triaged(tmp_path, "dies_in_many_ways", times=2)
    told = {
        one.smallest.saved.data: (one.status, one.crash.kind if one.crash else None, one.runs)
        for one in report.findings
    }
    assert told == {
        b"s": (Status.FAILS, CrashKind.SIGNAL, 2),
        b"x": (Status.FAILS, CrashKind.EXIT, 2),
        b"h": (Status.FAILS, CrashKind.HANG, 1),
        b"e": (Status.FAILS, CrashKind.EXCEPTION, 2),
        b"t": (Status.FAILS, CrashKind.EXCEPTION, 2),
        b"ok": (Status.FIXED, None, 2),
        b"u": (Status.UNDECIDED, None, 2),
    }


def test_what_fails_at_times_is_flaky_and_says_how_often(tmp_path: Path) -> None:
    save(tmp_path, "depends_on_chance", str(tmp_path / "count").encode())
    (finding,) = triaged(tmp_path, "depends_on_chance", times=4).findings
    assert (finding.status, finding.failed, finding.runs) == (Status.FLAKY, 2, 4)


def test_what_failed_only_after_other_inputs_does_not_fail_in_a_fresh_process(
    tmp_path: Path,
) -> None:
    save(tmp_path, "depends_on_the_past", b"abc")
    (finding,) = triaged(tmp_path, "depends_on_the_past", times=5).findings
    assert finding.status is Status.FIXED


def test_a_mended_finding_still_says_what_it_was(tmp_path: Path) -> None:
    store = CrashStore(CampaignFolder(tmp_path, HERE + "two_bugs").crashes, HERE + "two_bugs")
    store.save(
        Crash(key="0123456789ab", kind=CrashKind.EXCEPTION, message="OldError: of old",
              story="", confirmed=True, data=b"fine by now")
    )  # fmt: skip
    (finding,) = triaged(tmp_path, "two_bugs").findings
    assert (finding.status, finding.key) == (Status.FIXED, "0123456789ab")
    assert finding.to_json()["message"] == "OldError: of old"


def test_damaged_files_are_named_and_the_others_are_run(tmp_path: Path) -> None:
    (good,) = save(tmp_path, "two_bugs", b"X")
    good.with_name("0" * 40).write_bytes(b"cut sho")
    report = triaged(tmp_path, "two_bugs")
    assert [one.smallest.saved.path for one in report.findings] == [good]
    assert "does not hash to its name" in report.problems[0]


def test_a_broken_target_is_an_error_and_no_crashes_are_no_work(tmp_path: Path) -> None:
    assert triaged(tmp_path, "two_bugs").findings == ()
    InputFolder(CampaignFolder(tmp_path, HERE + "NOBODY").crashes).add(b"x")
    with pytest.raises(BrokenTargetError, match="NOBODY"):
        triage(HERE + "NOBODY", folder=tmp_path)


def test_targets_are_known_from_their_crashes(tmp_path: Path) -> None:
    save(tmp_path, "two_bugs", b"X")
    save(tmp_path, "has_a_length", b"\x01Z")
    assert set(targets_with_crashes(tmp_path)) == {HERE + "two_bugs", HERE + "has_a_length"}


def test_each_of_two_bugs_is_minimised_to_itself(tmp_path: Path) -> None:
    # X alone is the simplest crash there is: with "any crash" both would end there.
    save(tmp_path, "two_bugs", LONG_X, LONG_AB)
    done = minimized(tmp_path, "two_bugs")
    assert {one.after.read_bytes() for one in done} == {b"X", b"AB"}
    assert {one.end for one in done} == {MinimizeEnd.MINIMAL}
    assert [one.confirmed for one in done] == [3, 3]


def test_any_crash_as_the_predicate_would_be_caught(tmp_path: Path) -> None:
    with ContainedTarget(ask(HERE + "two_bugs")) as target:
        data = LONG_AB + b"X behind"  # B is checked behind X
        reduced = Reduction(data, lambda one: target.run(one, fresh=False).crash is not None).run()
    assert reduced != b"AB"


def test_the_original_stays_and_the_smaller_one_is_linked_to_it(tmp_path: Path) -> None:
    (path,) = save(tmp_path, "two_bugs", LONG_X)
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    (done,) = minimized(tmp_path, "two_bugs")
    after = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    assert before.items() <= after.items()
    saved = CrashStore(path.parent, "").read(done.after)
    assert (saved.minimized_from, saved.data) == (path.name, b"X")
    (finding,) = triaged(tmp_path, "two_bugs").findings
    assert finding.smallest.saved.path == done.after
    assert len(finding.inputs) == 2


def test_minimising_again_does_nothing(tmp_path: Path) -> None:
    (path,) = save(tmp_path, "two_bugs", LONG_X)
    (first,) = minimized(tmp_path, "two_bugs")
    files = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    (again,) = minimized(tmp_path, "two_bugs")
    assert (again.end, again.executions, again.after) == (MinimizeEnd.ALREADY, 0, first.after)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == files


@pytest.mark.parametrize(
    ("data", "left"), [(b"signal", b"s"), (b"x" * 50, b"x"), (b"hang on for long", b"h")]
)
def test_what_ends_its_process_is_minimised_too(tmp_path: Path, data: bytes, left: bytes) -> None:
    save(tmp_path, "dies_in_many_ways", data)
    (done,) = minimized(tmp_path, "dies_in_many_ways")
    assert done.after.read_bytes() == left


def test_numbers_of_a_provider_become_the_smallest_that_fail(tmp_path: Path) -> None:
    save(tmp_path, "reads_numbers", bytes(range(200, 216)))
    (done,) = minimized(tmp_path, "reads_numbers")
    # Any two neighbours, the first above 500, the second above 1000: two bytes each.
    assert len(done.after.read_bytes()) <= 4


def test_records_with_a_length_lose_what_does_not_matter(tmp_path: Path) -> None:
    record = b"\x20" + b"a" * 15 + b"Z" + b"b" * 16
    save(tmp_path, "has_a_length", b"\x03abc" + record + b"\x02ab")
    (done,) = minimized(tmp_path, "has_a_length")
    assert done.after.read_bytes() == b"\x01Z"


def test_a_value_of_hypothesis_becomes_simple_to_read(tmp_path: Path) -> None:
    pytest.importorskip("hypothesis")
    chance = random.Random(1)
    draw = (chance.randbytes(60) for _ in range(3_000))  # some 1 in 100 fails
    with ContainedTarget(ask(HERE + "sums")) as target:
        data = next(one for one in draw if target.run(one, fresh=False).crash)
        before = target.describe(data)
    save(tmp_path, "sums", data)
    (done,) = minimized(tmp_path, "sums")
    assert len(done.means) < len(before)
    assert done.means == "[1001]"


def test_a_failing_schedule_is_minimised_to_few_bytes_and_keeps_its_token(tmp_path: Path) -> None:
    draw = random.Random(1)
    with ContainedTarget(ask(HERE + "loses_an_update")) as target:
        tried = (b"\x14" + draw.randbytes(40) for _ in range(300))
        data = next(one for one in tried if target.run(one, fresh=False).crash)
    save(tmp_path, "loses_an_update", data)
    (done,) = minimized(tmp_path, "loses_an_update")
    left = done.after.read_bytes()
    operations, _ = parts_of(left)
    assert len(operations) <= 2  # the two amounts, and one may be left out with both at 0
    assert len(left) <= 12
    saved = CrashStore(done.after.parent, "").read(done.after)
    assert saved.crash is not None
    assert "hf2." in saved.crash.story


def test_a_budget_ends_it_and_the_best_so_far_is_saved(tmp_path: Path) -> None:
    save(tmp_path, "two_bugs", b"." * 2000 + b"A" + b"." * 2000 + b"B")
    steps: list[Step] = []
    (done,) = minimized(tmp_path, "two_bugs", executions=25, progress=steps.append)
    assert (done.end, done.executions) == (MinimizeEnd.BUDGET, 25)
    assert 2 < done.after_bytes < 4002
    assert done.confirmed == 3
    assert steps[-1].now_bytes == done.after_bytes
    assert CrashStore(done.after.parent, "").read(done.after).minimal == ""
    (rest,) = minimized(tmp_path, "two_bugs")
    assert rest.after.read_bytes() == b"AB"


def test_what_does_not_fail_any_more_is_not_minimised(tmp_path: Path) -> None:
    save(tmp_path, "two_bugs", b"all is well")
    (done,) = minimized(tmp_path, "two_bugs")
    assert (done.end, done.after) == (MinimizeEnd.PASSES, done.before)


def test_a_finding_is_chosen_by_the_beginning_of_its_key_or_by_its_file(tmp_path: Path) -> None:
    save(tmp_path, "two_bugs", LONG_X, LONG_AB)
    keys = {one.key: one.smallest.saved for one in triaged(tmp_path, "two_bugs").findings}
    for key, saved in keys.items():
        (by_key,) = minimized(tmp_path, "two_bugs", keys=[key[:6]], executions=1)
        (by_file,) = minimized(tmp_path, "two_bugs", keys=[str(saved.path)], executions=1)
        assert by_key.key == by_file.key == key
    with pytest.raises(UnknownFindingError, match="no finding 'zz'"):
        minimized(tmp_path, "two_bugs", keys=["zz"])


INTERRUPTED = """
    import sys
    from pathlib import Path
    from fuzz.triaging.minimizing import minimize
    (done,) = minimize(sys.argv[1], folder=Path(sys.argv[2]),
                       progress=lambda step: print("step", step.now_bytes, flush=True))
    print(done.end.name, done.after_bytes, done.confirmed, flush=True)
"""


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    (path,) = save(tmp_path, "hangs_in_a_loop", b"many bytes that all hang " * 20)
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED), HERE + "hangs_in_a_loop", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    for _ in range(2):  # the first is taken when the second is told
        assert parent.stdout.readline().startswith("step ")
    parent.send_signal(signal.SIGINT)
    output, _ = parent.communicate(timeout=60)
    name, size, confirmed = output.splitlines()[-1].split()
    assert name in {"INTERRUPTED", "MINIMAL"}  # it may have been done already
    assert int(confirmed) >= 1
    assert int(size) < len(path.read_bytes())
    assert path.exists()
    assert len(CrashStore(path.parent, "").saved()) == 2


def test_a_thousand_candidates_take_seconds_not_minutes(tmp_path: Path) -> None:
    save(tmp_path, "two_bugs", bytes(range(1, 65)) * 20 + b"A" + bytes(range(1, 60)) * 20 + b"B")
    began_s = time.monotonic()
    (done,) = minimized(tmp_path, "two_bugs")
    assert done.after_bytes == 2
    assert time.monotonic() - began_s < 20 * 2.0
