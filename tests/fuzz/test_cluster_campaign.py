"""Fuzzing on a real cluster: a scheduler and workers as processes, one of which is killed."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fuzz.campaign.campaign import Campaign
from fuzz.campaign.campaign_run import Budget, CampaignRun, Ending
from fuzz.campaign.campaign_settings import Settings
from fuzz.cluster.cluster import Cluster
from fuzz.cluster.cluster_campaign import ClusterSitting, run_on_cluster
from fuzz.engines.pace import USUAL
from fuzz.target_facts import ask
from tests.fuzz.dask_cluster import DaskCluster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

HERE = "tests.fuzz.bad_targets:"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask"), workers=2) as running:
        yield running


def settings(name: str, **budget: float) -> Settings:
    wanted = Budget(**{"seconds": None, **budget})  # type: ignore[arg-type]  # its fields
    return Settings(target=HERE + name, engine="greybox", seed=1, budget=wanted)


def fuzzed(
    cluster: DaskCluster, wanted: Settings, folder: Path, *, stop: threading.Event | None = None
) -> CampaignRun:
    """Run a campaign in rounds of 3 seconds."""
    asked = threading.Event() if stop is None else stop
    with (
        Cluster(cluster.address) as connected,
        Campaign(
            wanted, ask(wanted.target), folder=folder, progress=lambda _: None, pace=USUAL
        ) as campaign,
    ):
        campaign.begin()
        campaign.sit_with(
            lambda books, show: ClusterSitting(
                connected, books, show=show, stop=asked.is_set, round_s=3.0
            ).run()
        )
        return campaign.result()


def test_what_rounds_find_is_kept_here(cluster: DaskCluster, tmp_path: Path) -> None:
    run = fuzzed(cluster, settings("RAISES", runs=2_000), tmp_path)

    assert run.executions >= 2_000
    (found,) = run.found
    assert "LookupError" in found.crash.message
    assert found.path.read_bytes() == found.crash.data
    assert not run.trouble


def test_a_later_round_begins_with_what_an_earlier_one_brought(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    # Four stages, each of which only the target itself tells: 1 in 2**32 for one round of chance.
    run = fuzzed(cluster, settings("STAGES", seconds=60.0, stale_s=25.0), tmp_path)

    assert any("behind four bytes" in found.crash.message for found in run.found)
    assert run.corpus > 0


def test_a_killed_worker_costs_its_round_and_nothing_else(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    victim = cluster.add_worker()
    children: list[psutil.Process] = []

    def kill_in_the_middle_of_a_round() -> None:
        seen = psutil.Process(victim.pid)
        while not children and victim.poll() is None:
            children.extend(seen.children(recursive=True))
            time.sleep(0.01)
        victim.kill()
        victim.wait()

    killer = threading.Thread(target=kill_in_the_middle_of_a_round)
    killer.start()
    run = fuzzed(cluster, settings("PASSES", runs=3_000), tmp_path)
    killer.join()

    assert children, "the victim never ran a round"
    assert run.ending is Ending.BUDGET
    assert run.executions >= 3_000
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive


def test_an_interrupt_gives_up_the_rounds_that_run(cluster: DaskCluster, tmp_path: Path) -> None:
    stop = threading.Event()
    children: list[psutil.Process] = []

    def stop_in_the_middle_of_a_round() -> None:
        while not children:
            for worker in cluster.workers:
                if worker.poll() is None:
                    children.extend(psutil.Process(worker.pid).children())
            time.sleep(0.01)
        stop.set()

    stopper = threading.Thread(target=stop_in_the_middle_of_a_round)
    stopper.start()
    run = fuzzed(cluster, settings("PASSES", seconds=600.0), tmp_path, stop=stop)
    stopper.join()

    assert run.ending is Ending.INTERRUPTED
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive


def test_a_target_that_workers_cannot_run_is_the_campaigns_trouble(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    wanted = replace(settings("PASSES", runs=100), engine="atheris-9")

    with (
        Cluster(cluster.address) as connected,
        Campaign(
            replace(wanted, engine="auto"), ask(wanted.target), folder=tmp_path,
            progress=lambda _: None, pace=USUAL,
        ) as campaign,
    ):  # fmt: skip
        campaign.begin()
        campaign._books.settings = wanted
        campaign.sit_with(
            lambda books, show: ClusterSitting(
                connected, books, show=show, stop=lambda: False
            ).run()
        )
        result = campaign.result()

    assert result.ending is Ending.TROUBLE
    assert "came to no result" in result.trouble


def test_the_command_names_a_broken_target_and_goes_on_with_the_others(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    broken = Settings(
        target="tests.fuzz.no_such_module:TARGET", seed=1, budget=Budget(runs=10, seconds=None)
    )

    first, second = run_on_cluster(
        [broken, settings("PASSES", runs=200)], cluster.address, folder=tmp_path, seeds=[b"seed"]
    )

    assert "no_such_module" in first.reason  # type: ignore[union-attr]  # Broken
    assert isinstance(second, CampaignRun)
    assert second.executions >= 200
