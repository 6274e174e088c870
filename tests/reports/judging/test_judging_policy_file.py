"""`[tool.holdfast.report]`: what a project says, checked strictly, with the key that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.errors import BadValueError
from reports.judging.errors import PolicyError
from reports.judging.patterns import matches
from reports.judging.policy import CannotTell, Policy, Rule, Strictness
from reports.judging.policy_file import find_project, read_policy

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[tool.holdfast.report]
floor = 0.05
false_discovery_rate = 0.01
must_see = 0.3
cannot_tell = "pass"
accepted = "gate/accepted.toml"

[tool.holdfast.report.absolute_floor]
s = 1e-6
B = 1024

[[tool.holdfast.report.benchmark]]
pattern = "test_io.py::*"
floor = 0.3

[[tool.holdfast.report.benchmark]]
pattern = "*[100]"
metric = "peak*"
absolute_floor = 5
judged = false
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text)
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    project = read_policy(written(tmp_path, WHOLE))
    assert project.accepted == tmp_path / "gate" / "accepted.toml"
    assert project.policy == Policy(
        floor=0.05,
        false_discovery_rate=0.01,
        must_see=0.3,
        cannot_tell=CannotTell.PASS,
        absolute_floors={"s": 1e-6, "B": 1024},
        rules=(
            Rule(pattern="test_io.py::*", floor=0.3),
            Rule(pattern="*[100]", metric="peak*", absolute_floor=5, judged=False),
        ),
    )


def test_strictness_is_that_of_the_last_rule_that_speaks(tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, WHOLE)).policy
    assert policy.strictness("a", "time", unit="s") == Strictness(floor=0.05, absolute_floor=1e-6)
    assert policy.strictness("test_io.py::b", "time", unit="s").floor == 0.3
    both = policy.strictness("test_io.py::b[100]", "peak memory", unit="B")
    assert both == Strictness(floor=0.3, absolute_floor=5, judged=False)


@pytest.mark.parametrize("text", ["", "[tool.holdfast]\nseed = 3\n", "[tool]\nx = 1\n"])
def test_a_project_that_says_nothing_gets_the_defaults(tmp_path: Path, text: str) -> None:
    project = read_policy(written(tmp_path, text))
    assert project.policy == Policy()
    assert project.accepted == tmp_path / ".holdfast" / "accepted.toml"


def test_the_nearest_project_file_counts(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner) == tmp_path / "pyproject.toml"


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("flour = 0.1", "tool.holdfast.report", "did you mean 'floor'"),
        ("floor = '5 %'", "tool.holdfast.report.floor", "5 % is 0.05"),
        ("floor = -1", "tool.holdfast.report.floor", "at least 0"),
        ("floor = nan", "tool.holdfast.report.floor", "finite"),
        ("floor = true", "tool.holdfast.report.floor", "a number"),
        ("false_discovery_rate = 1", "tool.holdfast.report.false_discovery_rate", "between 0"),
        ("must_see = 0", "tool.holdfast.report.must_see", "above 0"),
        ("cannot_tell = 'maybe'", "tool.holdfast.report.cannot_tell", '"exit 2", "fail", "pass"'),
        ("accepted = 3", "tool.holdfast.report.accepted", "a text"),
        ("absolute_floor = 3", "tool.holdfast.report.absolute_floor", "a table"),
        ("absolute_floor = {s = 'x'}", "tool.holdfast.report.absolute_floor.s", "a number"),
        ("absolute_floor = {s = -1}", "tool.holdfast.report", "at least 0"),
        ("benchmark = 3", "tool.holdfast.report.benchmark", "[[tables]]"),
        ("benchmark = [3]", "tool.holdfast.report.benchmark[0]", "a table"),
        ("benchmark = [{floor = 1}]", "tool.holdfast.report.benchmark[0].pattern", "a text"),
        ("benchmark = [{pattern = 'a', flor = 1}]", "tool.holdfast.report.benchmark[0]", "'floor'"),
        ("benchmark = [{pattern = ''}]", "tool.holdfast.report.benchmark[0]", "1 to"),
        ("benchmark = [{pattern = 'a', judged = 1}]", "benchmark[0].judged", "true or false"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, line: str, key: str, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(written(tmp_path, f"[tool.holdfast.report]\n{line}\n"))
    assert key in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"pyproject\.toml"):
        read_policy(written(tmp_path, "[tool"))


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("test_parse[100]", "test_parse[100]", True),
        ("test_parse[100]", "test_parse1", False),
        ("*::test_?", "a.py::test_b", True),
        ("*::test_?", "a.py::test_bc", False),
        ("a.py", "aXpy", False),
        ("*", "any\nthing", True),
        ("a**************b", "a" * 3000, False),
    ],
)
def test_only_stars_and_question_marks_mean_something(
    pattern: str, name: str, *, expected: bool
) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize(
    "fields", [{"floor": -0.1}, {"false_discovery_rate": 0}, {"absolute_floors": {"s": -1}}]
)
def test_a_policy_made_by_hand_is_checked_as_well(fields: dict[str, object]) -> None:
    with pytest.raises(BadValueError):
        Policy(**fields)  # type: ignore[arg-type]
