"""Measurements go on where they stopped, and a search says how it ended."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import FindingKind
from tests.suite import journal, peer, searches
from tests.suite.catalogue import choose
from tests.suite.measuring import Measurement, Plan, draws_nothing
from tests.suite.searches import SearchEnd, Searcher
from tests.suite.twins import alarms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
(STACK,) = choose(("stack",))
(UNEVEN,) = choose(("uneven_store",))
LATE = {"late": True}


def plan(**change: object) -> Plan:
    given = Plan(
        entries=(STACK,), strategies=("random", "dfs"), seeds=3, executions=50, limit_s=5.0
    )
    return dataclasses.replace(given, **change)  # type: ignore[arg-type]  # fields of Plan


def test_a_strategy_that_draws_nothing_runs_once() -> None:
    done = list(Measurement(plan(), [], progress=lambda text: None).run())
    assert [(one.strategy, one.seed) for one in done] == [
        ("random", 0), ("random", 1), ("random", 2), ("dfs", 0),
    ]  # fmt: skip


def test_a_portfolio_draws_though_a_part_of_it_is_exhaustive() -> None:
    assert draws_nothing("dpor")
    assert not draws_nothing("portfolio")
    assert not draws_nothing("pct")


def test_what_is_known_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "searches.jsonl"
    first = list(Measurement(plan(seeds=2), [], progress=lambda text: None).run())
    for one in first:
        journal.append(path, one)
    assert journal.read(path) == first
    heard: list[str] = []
    rest = list(Measurement(plan(), journal.read(path), progress=heard.append).run())
    assert [(one.strategy, one.seed) for one in rest] == [("random", 2)]
    assert heard == ["1/1 stack: random, seed 2"]


def test_another_budget_or_twin_is_another_search() -> None:
    (one,) = Measurement(plan(strategies=("pct",), seeds=1), [], progress=lambda text: None).run()
    assert plan(strategies=("pct",)).covers(one)
    assert not plan(strategies=("pct",), executions=51).covers(one)
    assert not plan(strategies=("pct",), fixed=True).covers(one)
    assert not plan().covers(one)


def test_a_line_that_was_cut_off_is_left_out_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "searches.jsonl"
    (one,) = Measurement(plan(strategies=("pct",), seeds=1), [], progress=lambda text: None).run()
    journal.append(path, one)
    with path.open("a") as file:
        file.write('{"program": "sta')
    assert journal.read(path) == [one]
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(journal.DamagedJournalError, match="line 2 is not the result of a search"):
        journal.read(path)


def test_the_time_limit_stops_between_searches() -> None:
    measurement = Measurement(plan(time_limit_s=0.0), [], progress=lambda text: None)
    assert list(measurement.run()) == []
    assert measurement.stopped


def test_a_search_ends_when_its_cpu_time_does() -> None:
    with Searcher(UNEVEN) as searcher:
        done = searcher.search("random", seed=0, executions=10**9, limit_s=0.05)
    assert done.end is SearchEnd.TIME
    assert 0 < done.executions < 10**9


def test_a_failure_of_another_kind_does_not_count_as_finding_the_bug() -> None:
    other = dataclasses.replace(STACK, kinds=frozenset({FindingKind.DATA_RACE}))
    with Searcher(other) as searcher:
        done = searcher.search("random", seed=0, executions=50, limit_s=5.0)
    assert done.end is SearchEnd.OTHER
    assert "underflow" in done.detail


class Broken:
    """A strategy that fails in its second execution; called with a seed, as any by import path."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def begin(self, execution: int) -> bool:
        if execution:
            raise LookupError("no such task")
        return True

    def pick(self, ready: Sequence[Any], current: Any) -> Any:
        return ready[0]


def test_a_strategy_that_fails_is_one_cell_and_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "make_strategy", lambda name, seed: (name, Broken(seed)))
    with Searcher(UNEVEN) as searcher:
        done = searcher.search("broken", seed=0, executions=5, limit_s=5.0)
    assert (done.end, done.executions) == (SearchEnd.ERROR, 1)
    assert done.detail == "LookupError: no such task"
    assert alarms_of([done])


def test_an_execution_that_meets_its_bound_is_counted_and_finds_nothing() -> None:
    short = dataclasses.replace(STACK, max_steps=3)
    with Searcher(short) as searcher:
        done = searcher.search("random", seed=0, executions=5, limit_s=5.0)
    assert (done.end, done.overruns) == (SearchEnd.BUDGET, 5)


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ({"holds": False, "strategy": "frontrun dpor", "executions": 3}, SearchEnd.FOUND),
        ({"holds": True, "strategy": "frontrun dpor", "executions": 3}, SearchEnd.DRY),
        ({"holds": True, "strategy": "frontrun dpor", "executions": 50}, SearchEnd.BUDGET),
        ({"holds": True, "strategy": "frontrun random", "executions": 50}, SearchEnd.BUDGET),
        ({"holds": None, "strategy": "frontrun random", "executions": 2}, SearchEnd.TIME),
        (
            {"holds": True, "strategy": "frontrun dpor", "executions": 3, "late": True},
            SearchEnd.TIME,
        ),
    ],
    ids=["found", "holds", "budget", "random", "inconclusive", "late"],
)
def test_frontruns_verdicts_keep_their_meaning(line: dict[str, object], end: SearchEnd) -> None:
    whole = {"seed": 0, "cpu_s": 1.0, "why": "", "late": False, "version": peer.VERSION, **line}
    assert peer._search_of(whole, STACK, 50).end is end


def test_a_frontrun_that_does_not_run_is_in_the_table() -> None:
    done = list(peer.search_with_frontrun("/no/python", STACK, seeds=[0], executions=9, limit_s=1))
    assert [(one.strategy, one.end, one.executions) for one in done] == [
        ("frontrun random", SearchEnd.TIME, 0),
        ("frontrun dpor", SearchEnd.TIME, 0),
    ]
    assert "did not run" in done[0].detail


def test_frontrun_is_left_out_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(peer.PYTHON_VARIABLE, "/some/python")
    assert peer.frontrun_python() == "/some/python"
    monkeypatch.delenv(peer.PYTHON_VARIABLE)
    assert plan(frontrun=None).columns == ("random", "dfs")
    assert plan(frontrun="/some/python").columns == ("random", "dfs", *peer.MODES)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.suite", "--no-frontrun", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_the_command_measures_goes_on_and_writes_its_table(tmp_path: Path) -> None:
    words = [
        *("--program", "stack", "--program", "phase01", "--strategy", "pct"),
        *("--executions", "200", "--json", str(tmp_path / "searches.jsonl")),
    ]
    first = command(*words, "--seeds", "2")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Schedules to the first bug: always fails" in first.stdout
    table, store = tmp_path / "table.md", tmp_path / "store"
    again = command(*words, "--seeds", "3", "--markdown", str(table), "--store", str(store))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "4 searches are in" in again.stdout
    assert "| stack |" in table.read_text("utf-8")
    (run,) = (store / "runs").glob("*.json")
    assert len(json.loads(run.read_text())["records"]) == 2


@pytest.mark.slow
def test_the_command_passes_the_twins_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "twins.jsonl")
    passed = command(
        "--twins", "--program", "stack", "--strategy", "pct", "--executions", "50", "--json", path
    )
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Executions of each correct twin that passed" in passed.stdout
    unknown = command("--program", "no-such")
    assert (unknown.returncode, "no program no-such" in unknown.stderr) == (2, True)
    strategy = command("--strategy", "no-such")
    assert (strategy.returncode, "no-such" in strategy.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a child cannot be sent Ctrl-C alone")
def test_ctrl_c_keeps_and_shows_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "searches.jsonl"
    words = ["--program", "stack", "--program", "twostage_100", "--strategy", "random"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.suite", "--no-frontrun", *words, "--json", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever started the tests in the background may have it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  # no threads here
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "twostage_100" in line:  # the first program is measured
                child.send_signal(signal.SIGINT)
                break
        shown = child.stdout.read()
        assert child.wait(timeout=60) == 130
    assert "interrupted" in shown
    assert "Schedules to the first bug: one preemption" in shown
    assert len(journal.read(path)) >= 20
