"""A plan on disk: what was asked for comes back, and nothing else is taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reports.errors import BadValueError, DamagedDocumentError
from reports.measuring.errors import UnknownSessionError
from reports.measuring.plan import Plan, load_plan, save_plan

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "20260102-101500-3fa1"


def plan(**others: Any) -> Plan:
    known = {"base": "a" * 40, "head": ".", "base_key": "a" * 40, "head_key": "b"}
    return Plan(session=SESSION, repository="/code", **(known | others))


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    asked = plan(
        runs=7,
        budget_s=60.0,
        command=("make", "bench", "TO={json}"),
        benchmark="parse and not slow",
        build=False,
        install=("{python} -m pip install .",),
        cpus="0,2",
    )
    save_plan(asked, folder=tmp_path / SESSION)
    assert load_plan(SESSION, sessions=tmp_path) == asked
    assert asked.cpu_set == {0, 2}


def test_an_environment_depends_on_how_it_is_made_alone() -> None:
    assert plan(runs=3).install_key == plan(runs=9, benchmark="x").install_key
    assert plan().install_key != plan(install=("make",)).install_key
    assert plan().install_key != plan(system_packages=True).install_key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "holdfast.measure/2"}, "is not holdfast.measure/1"),
        ({"runs": 1}, "runs"),
        ({"runs": "5"}, "runs"),
        ({"newer": True}, "newer is unknown here"),
        ({"cpus": "0;1"}, "numbers of processors"),
        ({"command": ["true"]}, "a word with {json}"),
        ({"command": "true {json}"}, "command"),
        ({"session": "../x"}, "an id that `measure` gave"),
    ],
)
def test_a_changed_plan_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    save_plan(plan(), folder=tmp_path / SESSION)
    file = tmp_path / SESSION / "plan.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(DamagedDocumentError, match=says):
        load_plan(SESSION, sessions=tmp_path)


def test_a_session_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    save_plan(plan(), folder=tmp_path / SESSION)
    with pytest.raises(UnknownSessionError, match=f"known are {SESSION}"):
        load_plan("20260102-101500-0000", sessions=tmp_path)


@pytest.mark.parametrize("field", ["timeout_s", "budget_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_no_time_at_all_is_refused(field: str, value: float) -> None:
    with pytest.raises(BadValueError, match="seconds above 0"):
        plan(**{field: value})
