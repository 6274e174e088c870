"""What a scenario finds in its child process: its own threads, its own folder, its limits."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from stress import Budget, Ending, StressRun, run_scenario
from stress.budget import MIB
from stress.noise import Noise

pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, body: str, budget: Budget | None = None) -> StressRun:
    """Run a scenario of these lines."""
    head = "import stress\n\n@stress.scenario\ndef body(threads, operations, seed, duration_s):\n"
    name = f"child_{abs(hash(body))}"
    lines = textwrap.indent(textwrap.dedent(body), "    ")
    (folder / f"{name}.py").write_text(head + lines)
    return run_scenario(f"{name}:body", budget or Budget(rounds=2))


def test_a_scenario_that_counts_threads_finds_its_own_alone(here: Path) -> None:
    seen = run(here, "import threading\nassert threading.enumerate() == [threading.main_thread()]")
    assert seen.passed, seen.message
    assert seen.samples[-1].threads >= 1


def test_temporary_files_are_in_a_folder_of_the_childs_own_that_goes_with_it(here: Path) -> None:
    seen = run(
        here,
        """
        import os, pathlib, subprocess, sys, tempfile
        place = pathlib.Path(tempfile.gettempdir())
        assert list(place.iterdir()) == []
        code = "import tempfile; print(tempfile.gettempdir())"
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert asked.stdout.strip() == str(place), asked  # what it starts is told, too
        pathlib.Path("told").write_text(str(place))
        """,
    )
    assert seen.passed, seen.message
    place = Path((here / "told").read_text())
    assert not place.parent.exists()
    assert place != Path(tempfile.gettempdir())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_no_core_is_left_and_no_file_may_grow_beyond_the_limit(here: Path) -> None:
    seen = run(
        here,
        f"""
        import resource
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == {7 * MIB}
        """,
        Budget(rounds=1, disk_bytes=7 * MIB),
    )
    assert seen.passed, seen.message


def test_standard_input_is_empty_and_what_is_printed_is_no_report(here: Path) -> None:
    seen = run(
        here,
        """
        import os, sys
        assert sys.stdin.read() == ""
        print('{"kind": "round", "operations": 1000000}', flush=True)
        os.write(1, b'{"kind": "done"}\\n')
        """,
    )
    assert seen.passed, seen.message
    assert (seen.rounds, seen.operations) == (2, 2 * 8 * 100)


def test_sizes_and_seeds_reach_the_body(here: Path) -> None:
    seen = run(
        here,
        """
        with open("told", "a") as file:
            print(threads, operations, seed, duration_s, file=file)
        """,
        Budget(rounds=3, threads=5, operations=6, duration_s=0.5, seed=4),
    )
    assert seen.passed, seen.message
    small, *full = [line.split() for line in (here / "told").read_text().splitlines()]
    assert small == ["2", "1", "0", "None"]
    assert [line[:2] + line[3:] for line in full] == [["5", "6", "0.5"]] * 3
    assert len({line[2] for line in full}) == 3  # another seed in each round
    assert (seen.threads, seen.operations) == (5, 90)


def test_the_same_seed_gives_the_same_seeds_to_rounds(here: Path) -> None:
    body = "open('told', 'a').write(f'{seed} ')"
    told = []
    for seed in (1, 1, 2):
        assert run(here, body, Budget(rounds=3, seed=seed)).passed
        told.append((here / "told").read_text())
        (here / "told").unlink()
    assert told[0] == told[1] != told[2]


def test_a_size_that_the_scenario_does_not_heed_is_told_and_nothing_runs(here: Path) -> None:
    seen = run_scenario("flow_100_waiters", Budget(rounds=1, duration_s=1.0))
    assert seen.ending is Ending.BROKEN
    assert "flow_100_waiters heeds threads, operations" in seen.message


@pytest.mark.parametrize("noise", ["off", "switch", "light", "heavy", "pin=one,busy=2,memory=8"])
def test_noise_of_every_kind_leaves_nothing_behind(noise: str) -> None:
    seen = run_scenario("flow_100_waiters", Budget(rounds=3, noise=Noise.parse(noise)))
    assert seen.passed, seen.message


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_error_is_out_of_memory_also_when_more_is_said_after_it(here: Path) -> None:
    seen = run(here, "raise MemoryError", Budget(rounds=1, noise=Noise.parse("heavy")))
    assert seen.ending is Ending.MEMORY
    quoted = run(here, "raise ValueError('no MemoryError')", Budget(rounds=1))
    assert quoted.ending is Ending.EXCEPTION
