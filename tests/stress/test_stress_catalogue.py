"""Where scenarios are found: ours, those of distributions, those that a project lists."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.pytest_run.profiles import Configuration, read_configuration
from stress.errors import CatalogueError, UnknownScenarioError
from stress.listing import describe_scenarios
from stress.scenarios import find_scenario, scenario_names, scenario_targets
from stress.scenarios.catalogue import target_of

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = '''
import stress

@stress.scenario(threads=5, operations=6)
def {name}(threads, operations, seed):
    """Said by {name}."""

class Group:
    nested = {name}
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.holdfast.stress]\nscenarios = {text}\n")


def test_without_a_project_there_are_ours(here: Path) -> None:
    assert tuple(scenario_targets())[: len(scenario_names())] == scenario_names()


def test_what_a_project_lists_goes_by_its_own_name(here: Path) -> None:
    listed(here, '["shop.stress:buy", "shop.stress:Group.sell"]')
    targets = scenario_targets()
    assert targets["shop.stress:buy"] == "shop.stress:buy"
    assert {"shop.stress:Group.sell", *scenario_names()} <= set(targets)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"shop:buy"', "scenarios is no list, got 'shop:buy'"),
        ('["shop"]', "a scenario is named by module:NAME, got 'shop'"),
        ("[5]", "a scenario is named by module:NAME, got 5"),
        ("[", "it cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(here: Path, text: str, says: str) -> None:
    listed(here, text)
    with pytest.raises(CatalogueError, match=says):
        scenario_targets()


def test_the_list_of_a_project_does_not_disturb_its_tests(here: Path) -> None:
    listed(here, '["shop:buy"]')
    assert read_configuration(here / "pyproject.toml") == Configuration()


def test_a_name_that_is_nobodys_says_whose_there_are(here: Path) -> None:
    listed(here, '["shop:buy"]')
    with pytest.raises(UnknownScenarioError, match="shop:buy"):
        target_of("nobody")
    assert target_of("any.module:NAME") == "any.module:NAME"


def test_a_scenario_is_found_where_the_user_stands_also_inside_a_class(here: Path) -> None:
    (here / "catalogue_shop.py").write_text(SCENARIO.format(name="buy"))
    found = find_scenario("catalogue_shop:Group.nested")
    assert (found.name, found.stress_scale.threads) == ("buy", 5)


def test_a_project_is_found_from_inside_its_folders(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(here, '["above_shop:buy"]')
    (here / "above_shop.py").write_text(SCENARIO.format(name="buy"))
    (here / "inside").mkdir()
    monkeypatch.chdir(here / "inside")
    assert "above_shop:buy" in scenario_targets()
    assert find_scenario("above_shop:buy").name == "buy"


@pytest.mark.slow
def test_a_distribution_brings_scenarios_by_an_entry_point(here: Path) -> None:
    info = here / "shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[holdfast.scenarios]\nbuying = brought_shop:buy\n")
    (here / "brought_shop.py").write_text(SCENARIO.format(name="buy"))
    done = subprocess.run(
        [sys.executable, "-m", "holdfast.cli", "stress", "run", "buying", "--rounds", "1"],
        env={**os.environ, "PYTHONPATH": str(here)}, cwd=here, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed  buying: 1 rounds" in done.stdout


@pytest.mark.slow
def test_a_list_tells_what_each_says_of_itself(here: Path) -> None:
    (here / "told_shop.py").write_text(SCENARIO.format(name="buy"))
    targets = {"a": "told_shop:buy", "b": "told_shop:nobody", "c": "told_shop:Group.nested"}
    first, second, third = describe_scenarios(targets)
    assert (first.name, first.what, first.threads, first.operations) == ("a", "Said by buy.", 5, 6)
    assert first.takes == ("threads", "operations", "seed")
    assert "has no attribute 'nobody'" in second.broken
    assert (third.name, third.broken) == ("c", "")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs fork and signals")
def test_a_list_says_how_an_import_ended_though_a_copy_or_nobody_holds_the_channel(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stress.listing.END_S", 1.0)
    (here / "copying_shop.py").write_text(
        "import os, signal\n"
        "if os.fork() == 0: signal.pause()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (here / "closing_shop.py").write_text(
        "import os, signal\nos.closerange(3, 256)\nsignal.pause()\n"
    )
    targets = {"a": "copying_shop:buy", "b": "closing_shop:buy"}
    first, second = describe_scenarios(targets)
    assert first.broken == "its import ended the process, with signal 9"
    assert "closed the channel" in second.broken
