"""Exploring on a real cluster: a scheduler and workers as processes, one of which is killed."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import harness
from fuzz.cluster import cluster_exploration
from fuzz.cluster.cluster import Cluster
from fuzz.cluster.cluster_exploration import ClusterExplorer
from fuzz.cluster.errors import ClusterUnreachableError, NoClusterWorkersError, RoundRaisedError
from fuzz.cluster.round import run_round
from tests.fuzz.dask_cluster import ROOT, DaskCluster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

BODIES = "tests.fuzz.cluster_bodies:"
SETTINGS = {
    "strategy": None, "executions": 1_000, "seed": 0, "model": "free-threaded",
    "max_steps": 20_000, "workers": 1, "budget_s": None, "resume": None, "fail_on": (),
    "early_timeouts": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask"), workers=2) as running:
        yield running


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_exploration, "FIRST_ROUND_S", 0.2)
    monkeypatch.setattr(cluster_exploration, "ROUND_S", 1.0)


def explored(cluster: DaskCluster, body: str, **changes: Any) -> harness.Exploration:
    told: list[harness.Headway] = []
    result = ClusterExplorer(cluster.address)(
        BODIES + body, (), progress=told.append, **{**SETTINGS, **changes}
    )
    assert told
    return result


@pytest.mark.usefixtures("short_rounds")
def test_a_tree_is_divided_and_every_schedule_of_it_runs_once(cluster: DaskCluster) -> None:
    alone = harness.explore_isolated(BODIES + "wide", "dfs", executions=100_000)

    result = explored(cluster, "wide", strategy="dfs", executions=100_000)

    assert alone.exhausted
    assert result.exhausted
    assert result.executions == alone.executions
    assert result.workers == 2
    assert int(result.evidence.split(" in ")[-1].split()[0]) > 2  # rounds


@pytest.mark.usefixtures("short_rounds")
def test_a_tree_that_was_cut_short_is_gone_on_with_to_its_end(cluster: DaskCluster) -> None:
    alone = harness.explore_isolated(BODIES + "wide", "dfs", executions=100_000)

    first = explored(cluster, "wide", strategy="dfs", executions=2_000)
    rest = harness.explore_isolated(BODIES + "wide", "dfs", executions=100_000, resume=first.resume)

    assert first.verdict is harness.Verdict.UNDECIDED
    assert not first.exhausted
    assert rest.exhausted
    assert first.executions + rest.executions == alone.executions


@pytest.mark.usefixtures("short_rounds")
def test_drawn_executions_are_shared_out_and_all_of_them_run(cluster: DaskCluster) -> None:
    result = explored(cluster, "wide", strategy="random", executions=5_000)

    assert result.verdict is harness.Verdict.PASSED
    assert result.executions == 5_000
    assert not result.exhausted
    assert result.resume


def test_a_failure_found_elsewhere_replays_here(cluster: DaskCluster) -> None:
    result = explored(cluster, "fails_rarely", strategy="random", executions=20_000)

    assert result.verdict is harness.Verdict.FAILED
    assert result.finding is not None
    again = harness.replay_isolated(BODIES + "fails_rarely", result.finding.token)
    assert again is not None
    assert again.kind is harness.FindingKind.EXCEPTION


def test_a_strategy_that_cannot_be_divided_says_so(cluster: DaskCluster) -> None:
    with pytest.raises(cluster_exploration.UndecidedClickError, match="dfs can be divided"):
        explored(cluster, "wide", strategy="dpor", executions=100_000)


@pytest.mark.usefixtures("short_rounds")
def test_a_worker_that_is_killed_loses_its_round_and_nothing_else(cluster: DaskCluster) -> None:
    alone = harness.explore_isolated(BODIES + "wide", "dfs", executions=100_000)
    victim = cluster.add_worker()
    children: list[psutil.Process] = []

    def kill_in_the_middle_of_a_round() -> None:
        seen = psutil.Process(victim.pid)
        while not children and victim.poll() is None:
            children.extend(seen.children())
            time.sleep(0.01)
        victim.kill()
        victim.wait()

    killer = threading.Thread(target=kill_in_the_middle_of_a_round)
    killer.start()
    result = explored(cluster, "wide", strategy="dfs", executions=100_000)
    killer.join()

    assert children, "the victim never ran a round"
    assert result.exhausted
    assert result.executions == alone.executions
    # The round's own process has seen that its worker is gone.
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def test_what_takes_its_process_with_it_is_a_round_without_result(
    cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_exploration, "MOST_LOST", 2)

    with pytest.raises(cluster_exploration.UndecidedClickError, match="came to no"):
        explored(cluster, "kills_its_process")


def test_where_no_scheduler_answers_the_error_says_how_to_start_one() -> None:
    with pytest.raises(ClusterUnreachableError, match="dask scheduler"):
        Cluster("tcp://127.0.0.1:1")


def test_a_scheduler_without_workers_is_told_apart(tmp_path: Path) -> None:
    with (
        DaskCluster(tmp_path, workers=0) as empty,
        pytest.raises(NoClusterWorkersError, match="dask worker"),
    ):
        Cluster(empty.address, workers_s=0.5)


def test_the_command_explores_on_the_cluster_and_repeats_the_option(cluster: DaskCluster) -> None:
    done = holdfast("wide", "--strategy", "dfs", "--executions", "300", cluster=cluster)

    assert done.returncode == 3
    assert "UNDECIDED" in done.stdout
    assert f"--cluster {cluster.address}" in done.stdout.splitlines()[-1]


@pytest.mark.usefixtures("short_rounds")
def test_an_interrupt_keeps_what_the_rounds_have_shown(cluster: DaskCluster) -> None:
    def interrupt(headway: harness.Headway) -> None:
        if headway.executions:
            raise KeyboardInterrupt

    explore = ClusterExplorer(cluster.address)
    settings = {**SETTINGS, "strategy": "random", "executions": 10_000_000}
    with pytest.raises(harness.ExplorationInterrupted) as raised:
        explore(BODIES + "wide", (), progress=interrupt, **settings)

    partial = raised.value.partial
    assert isinstance(partial, harness.Exploration)
    assert partial.verdict is harness.Verdict.UNDECIDED
    assert partial.executions > 0
    assert "interrupted after" in partial.evidence


def holdfast(body: str, *options: str, cluster: DaskCluster) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "holdfast", "explore", BODIES + body, *options]
    return subprocess.run(
        [*command, "--cluster", cluster.address],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def raises() -> None:
    raise LookupError("in the round")


def test_a_round_that_raises_says_what() -> None:
    with pytest.raises(RoundRaisedError, match="LookupError: in the round"):
        run_round(raises, 1.0)
