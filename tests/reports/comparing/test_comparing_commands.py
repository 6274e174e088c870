"""`holdfast report compare` as it is typed: the text, the Markdown, the JSON, the exit codes."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reports import Direction, Measure
from reports.commands import report_command
from reports.write import write_document
from tests.reports.comparing.compared_runs import HERE, commit, run, runs, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

CALM = (1.0, 1.002, 0.998, 1.001, 0.999)


def invoke(store: Path, *words: object) -> Result:
    given = ["compare", *map(str, words), "--store", str(store)]
    return CliRunner().invoke(report_command, given)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store in which one benchmark got slower, one larger, and one cannot be told."""
    path = tmp_path / "s"
    draw = random.Random(2)
    for digit, factor in (("a", 1.0), ("b", 1.3)):
        for at, calm in enumerate(CALM):
            size = Measure(metric="memory", value=1e6 * factor, unit="B", direction=Direction.LOWER)
            values = {
                "slower": 0.01 * calm * factor,
                "still [a|b] <i>@someone": 0.02 * calm,
                "loud": 1.0 + draw.uniform(-0.2, 0.2),
                "holder": size,
            }
            write_document(run(values, at=at, of=commit(digit)), store=path)
    return path


def test_the_summary_comes_first_then_what_changed_then_what_is_open(store: Path) -> None:
    done = invoke(store, "aaaa", "bbbb")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[:3] == [
        "aaaaaaa -> bbbbbbb: 5 and 5 runs",
        "time: 1 slower, 0 faster, 1 same, 1 cannot tell",
        "memory: 1 larger, 0 smaller, 0 same, 0 cannot tell",
    ]
    head = "aaaaaaa bbbbbbb change 95 % interval p effect runs benchmark"
    assert " ".join(lines[3].split()) == head
    assert {lines[4].split()[0], lines[5].split()[0]} == {"slower", "larger"}
    slower = next(line for line in lines if line.startswith("slower"))
    assert slower.split()[1:8] == ["10.00", "ms", "13.0", "ms", "+30", "%", "+30"]
    assert slower.endswith("5 / 5  slower")
    assert lines[6].startswith("cannot tell  loud (")
    assert "cannot see 5 % here" in lines[6]
    assert lines[-1].endswith('"same": surely less than 5 %.')
    assert "still" not in done.output


def test_all_shows_the_rest_too(store: Path) -> None:
    output = invoke(store, "aaaa", "bbbb", "--all").output
    assert "still [a|b] <i>@someone" in output
    assert output.count("5 / 5") == 4


def test_a_higher_floor_asks_for_less(store: Path) -> None:
    output = invoke(store, "aaaa", "bbbb", "--floor", 80).output
    assert "time: 0 slower, 0 faster, 3 same, 0 cannot tell" in output


def test_markdown_shows_names_as_they_are(store: Path) -> None:
    output = invoke(store, "aaaa", "bbbb", "--markdown", "--all").output
    assert output.startswith("### aaaaaaa -&gt; bbbbbbb: 5 and 5 runs\n\n- time: 1 slower")
    assert "still \\[a\\|b\\] &lt;i&gt;&#64;someone" in output
    table = [line for line in output.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 4
    assert {line.replace("\\|", "").count("|") for line in table} == {10}
    assert "<details><summary>Cannot tell: 1</summary>" in output


def test_json_holds_everything(store: Path) -> None:
    found = json.loads(invoke(store, "aaaa", "bbbb", "--json").output)
    assert found["schema"] == "holdfast.comparison/1"
    pairs = {pair["benchmark"]: pair for pair in found["pairs"]}
    assert pairs["slower"]["verdict"] == "worse"
    assert pairs["slower"]["word"] == "slower"
    assert pairs["holder"]["word"] == "larger"
    assert pairs["slower"]["old"]["values"] == [pytest.approx(0.01 * one) for one in CALM]
    assert pairs["slower"]["change"] == pytest.approx(0.3)
    assert pairs["slower"]["p"] <= pairs["slower"]["p_adjusted"] < 0.05
    assert pairs["loud"]["verdict"] == "cannot tell"
    assert "cannot see 5 % here" in pairs["loud"]["reason"]


def test_one_comparison_has_one_text(store: Path) -> None:
    for form in ("--all", "--json", "--markdown"):
        first, second = (invoke(store, "aaaa", "bbbb", form).output for _ in range(2))
        assert first == second


def test_unlike_environments_exit_with_2_and_say_how_to_go_on(tmp_path: Path) -> None:
    other = dataclasses.replace(HERE, cpu="a faster one")
    for at in range(3):
        write_document(run({"x": 1.0}, at=at, of=commit("a")), store=tmp_path / "s")
        slow = run({"x": 2.0}, at=at, of=commit("b"), environment=other)
        write_document(slow, store=tmp_path / "s")
    refused = invoke(tmp_path / "s", "aaaa", "bbbb")
    assert refused.exit_code == 2
    assert "against a faster one" in refused.stderr
    assert "--across" in refused.stderr
    taken = invoke(tmp_path / "s", "aaaa", "bbbb", "--across")
    assert taken.exit_code == 0
    assert "across environments: cpu is" in taken.output


def test_each_environment_is_compared_within_itself(tmp_path: Path) -> None:
    other = dataclasses.replace(HERE, cpu="one twice as fast")
    for at, calm in enumerate(CALM):
        for digit in "ab":
            here = run({"x": calm}, at=at, of=commit(digit))
            there = run({"x": calm / 2}, at=at, of=commit(digit), environment=other)
            write_document(here, store=tmp_path / "s")
            write_document(there, store=tmp_path / "s")
    output = invoke(tmp_path / "s", "aaaa", "bbbb").output
    assert "time: 0 slower, 0 faster, 2 same" in output
    assert "runs of 2 environments, each compared within itself" in output


def test_only_the_first_of_many_open_ones_are_listed(tmp_path: Path) -> None:
    draw = random.Random(1)
    levels = {f"loud {at}": 1.0 for at in range(9)}
    for at, digit in enumerate("ab"):
        for one in runs(levels, of=commit(digit), many=3, noise=0.3, draw=draw, after=at):
            write_document(one, store=tmp_path / "s")
    output = invoke(tmp_path / "s", "aaaa", "bbbb").output
    assert output.count("cannot tell  loud") == 5
    assert "cannot tell of 4 more (--all shows them)" in output


def test_what_only_the_typical_round_shows_is_a_remark(tmp_path: Path) -> None:
    for digit, typical in (("a", 1.1), ("b", 1.4)):
        for at, calm in enumerate(CALM):
            measure = seconds(typical * calm, fastest=calm, rounds=30)
            write_document(run({"x": measure}, at=at, of=commit(digit)), store=tmp_path / "s")
    output = invoke(tmp_path / "s", "aaaa", "bbbb").output
    assert "0 slower, 0 faster, 1 same" in output
    assert "look again  x: its typical round changed by +27 %, its fastest did not" in output
    typical_output = invoke(tmp_path / "s", "aaaa", "bbbb", "--statistic", "typical").output
    assert "1 slower" in typical_output
