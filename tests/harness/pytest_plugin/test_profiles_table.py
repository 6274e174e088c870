"""`[tool.holdfast]` and its profiles."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from harness.pytest_run.profiles import SHIPPED, ConfigurationError, read_configuration
from harness.settings import Factor, Undecided

if TYPE_CHECKING:
    from pathlib import Path

    from harness.pytest_run.profiles import Configuration


def read(folder: Path, text: str) -> Configuration:
    path = folder / "pyproject.toml"
    path.write_text(textwrap.dedent(text), "utf-8")
    return read_configuration(path)


def test_without_a_table_there_is_what_ships(tmp_path: Path) -> None:
    nothing = read_configuration(tmp_path / "pyproject.toml")
    assert nothing == read(tmp_path, "[project]\nname = 'x'\n")
    assert nothing.profile == "dev"
    assert nothing.stated == {}
    assert nothing.keep_failures
    assert set(nothing.profiles) == {"dev", "ci", "overnight"}
    assert nothing.layer("dev") == {}, "the tests as they are written"


def test_a_table_states_what_tests_do_not(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [tool.holdfast]
        strategy = "pct"
        executions = 300
        time = "2m"
        undecided = "warn"
        profile = "mine"
        instrument = ["shop"]
        keep_failures = false

        [tool.holdfast.profiles.mine]
        seed = "random"
        workers = 2

        [tool.holdfast.profiles.overnight]
        time = 3600
        """,
    )
    assert found.stated == {
        "strategy": "pct", "executions": 300, "budget_s": 120.0, "undecided": Undecided.WARN,
    }  # fmt: skip
    assert (found.profile, found.instrument, found.keep_failures) == ("mine", ("shop",), False)
    assert found.layer("mine") == {"seed": "random", "workers": 2}
    assert found.layer("overnight") == {**SHIPPED["overnight"], "budget_s": 3600.0}
    assert found.layer("overnight")["executions"] == Factor(1_000), "what it did not change stays"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[tool.holdfast]\nexecutons = 5\n",
            r"pyproject.toml, \[tool.holdfast\]: 'executons' is no setting \(did you mean 'exec",
        ),
        (
            "[tool.holdfast]\nexecutions = 'many'\n",
            r"\[tool.holdfast\]: executions is 'many' \(str\); it takes a whole number from 1",
        ),
        ("[tool.holdfast]\ntime = 'soon'\n", "time is 'soon'"),
        ("[tool.holdfast]\nbudget_s = 5\n", "'budget_s' is no setting"),
        ("[tool.holdfast]\nprofile = 'nightly'\n", "profile is 'nightly'.*dev, ci, overnight"),
        ("[tool.holdfast]\nprofile = 5\n", "profile is 5"),
        ("[tool.holdfast]\ninstrument = 'shop'\n", "instrument is 'shop'.*a list of names"),
        ("[tool.holdfast]\ninstrument = [1]\n", "a list of names"),
        ("[tool.holdfast]\nkeep_failures = 1\n", "keep_failures is 1.*true or false"),
        ("[tool.holdfast]\nprofiles = 5\n", "profiles is 5"),
        ("[tool.holdfast.profiles]\nci = 5\n", r"\[tool.holdfast.profiles.ci\]: 5 \(int\) is no"),
        (
            "[tool.holdfast.profiles.ci]\nprofile = 'dev'\n",
            r"\[tool.holdfast.profiles.ci\]: 'profile' is no setting",
        ),
        ("[tool.holdfast.profiles.ci]\nseed = 'x'\n", r"profiles.ci\]: seed is 'x'"),
        ("[tool]\nholdfast = 5\n", "tool.holdfast is 5"),
        ("[tool.holdfast\n", "it cannot be read"),
    ],
)
def test_what_a_table_does_not_take_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, text)
