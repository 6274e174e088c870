"""`holdfast report gate`, `ack`, `unack` and `reset`, as somebody types them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from reports.commands import report_command
from reports.judging.accepted_file import read_acceptances
from tests.reports.judging.stores_with_history import add_run, commit_id, history, noisy

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = [*[1.0] * 12, *[1.3] * 4]
ACCEPTED = ".holdfast/accepted.toml"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in arguments])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of its own, with a regression in its store and git knowing who is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    (tmp_path / "pyproject.toml").write_text("")
    history(tmp_path / ".holdfast" / "store", LEVELS, names=["one", "two"])
    return tmp_path


def alerts() -> list[str]:
    run("gate", "--json", "gate.json")
    with open("gate.json", encoding="utf-8") as file:  # noqa: PTH123  # where the command ran
        found: list[str] = json.load(file)["regressions"]
    return found


def test_a_regression_is_accepted_reported_no_more_and_taken_back(project: Path) -> None:
    first, second = alerts()
    done = run("ack", first, second, "--reason", "signatures")
    assert done.exit_code == 0
    assert "2 new entries; commit it" in done.output.replace("\u202f", " ")
    entries = read_acceptances(project / ACCEPTED).changes
    assert {entry.author for entry in entries} == {"Ada <ada@example.org>"}
    assert {entry.commit for entry in entries} == {commit_id(13)}
    quiet = run("gate")
    assert quiet.exit_code == 0
    assert "by Ada <ada@example.org> on" in quiet.output
    again = run("ack", first, "--reason", "signatures")
    assert "was accepted already" in again.output
    assert len(read_acceptances(project / ACCEPTED).changes) == 2
    assert run("unack", first).exit_code == 0
    assert alerts() == [first]


def test_the_first_digits_of_an_alert_are_enough_if_they_are_its_alone(project: Path) -> None:
    first, _ = alerts()
    assert run("ack", first[:8], "--reason", "x", "--author", "Ben").exit_code == 0
    assert read_acceptances(project / ACCEPTED).changes[0].author == "Ben"


def test_an_accepted_change_that_grows_is_red_again(project: Path) -> None:
    for alert in alerts():
        run("ack", alert, "--reason", "x")
    for at in range(17, 21):
        for name in ("one", "two"):
            value = {name: noisy(1.9, seed=(name, at))}
            add_run(project / ".holdfast" / "store", value, commit=at)
    assert run("gate").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ack", "ffffffffffff", "--reason", "x"), "'ffffffffffff' is no alert of this store"),
        (("unack", "ffffffffffff"), "there is none"),
        (("ack", "ffffffffffff"), "Missing option '--reason'"),
        (("reset", "on*", "--at", "main", "--reason", "x"), "neither git here nor the store"),
        (("reset", "zz*", "--at", "000000d", "--reason", "x"), "a pattern that matches"),
        (("gate", "--since", "nothing"), "neither git here nor the store"),
        (("gate", "--since=--output=x"), "neither git here nor the store"),
        (("gate", "--false-discovery-rate", "1"), "is not in the range"),
        (("gate", "--markdown", "pyproject.toml/x.md"), "a file that can be written"),
        (("gate", "--store", "nowhere"), "there is no store"),
    ],
)
@pytest.mark.usefixtures("project")
def test_wrong_usage_is_told_and_exits_with_2(arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_nobody_accepts_anonymously(project: Path) -> None:
    alert = alerts()[0]
    (project / "gitconfig").write_text("")
    result = run("ack", alert, "--reason", "x")
    assert result.exit_code == 2
    assert "--author" in result.output
    assert not (project / ACCEPTED).exists()


def test_a_damaged_file_stops_the_gate_and_is_not_overwritten(project: Path) -> None:
    (project / ACCEPTED).write_text("[[accepted]\n")
    for arguments in (("gate",), ("ack", "a", "--reason", "x"), ("unack", "a")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "accepted.toml, line 1" in result.output
    assert (project / ACCEPTED).read_text() == "[[accepted]\n"


def test_a_reset_lets_the_history_begin_anew_and_deletes_nothing(project: Path) -> None:
    before = sorted((project / ".holdfast" / "store" / "runs").iterdir())
    done = run("reset", "o?e", "--at", commit_id(13)[:9], "--reason", "larger input")
    assert done.exit_code == 0
    assert "1 series begin anew" in done.output.replace("\u202f", " ")
    assert len(alerts()) == 1
    assert sorted((project / ".holdfast" / "store" / "runs").iterdir()) == before


def test_a_commit_may_be_named_as_git_names_it(project: Path) -> None:
    for arguments in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "x"), ("tag", "v1")):
        subprocess.run(["git", *arguments], check=True, cwd=project)  # noqa: S607  # whichever git
    assert run("reset", "one", "--at", "v1", "--reason", "new").exit_code == 0
    entry = read_acceptances(project / ACCEPTED).resets[0]
    assert len(entry.commit) == 40
    assert (entry.position, entry.committed_at is not None) == (1, True)


def test_the_projects_policy_counts_and_the_command_line_has_the_last_word(project: Path) -> None:
    assert run("gate").exit_code == 1
    (project / "pyproject.toml").write_text("[tool.holdfast.report]\nfloor = 0.5\n")
    assert run("gate").exit_code == 0
    assert run("gate", "--floor", "2").exit_code == 1
    (project / "pyproject.toml").write_text("[tool.holdfast.report]\nflor = 0.5\n")
    wrong = run("gate")
    assert wrong.exit_code == 2
    assert "did you mean 'floor'" in wrong.output


def test_a_store_without_benchmarks_cannot_be_told(project: Path) -> None:
    history(project / "empty", [1.0], names=[])
    assert run("gate", "--store", "empty").exit_code == 2
    assert run("gate", "--store", "empty", "--cannot-tell", "pass").exit_code == 0
    assert run("gate", "--store", "empty", "--cannot-tell", "fail").exit_code == 1
    assert run("gate", "--store", "empty", "--sarif", "gate.sarif").exit_code == 2
    assert json.loads((project / "gate.sarif").read_text())["runs"][0]["results"] == []


def test_every_file_is_written_whatever_the_verdict(project: Path) -> None:
    names = {"markdown": "a/c.md", "junit": "a/j.xml", "sarif": "a/s.sarif", "json": "a/g.json"}
    options = [part for name, path in names.items() for part in (f"--{name}", path)]
    assert run("gate", *options).exit_code == 1
    assert all((project / path).stat().st_size for path in names.values())


@pytest.mark.parametrize("command", ["gate", "ack", "unack", "reset"])
def test_help_teaches_with_an_example(command: str) -> None:
    assert "holdfast report" in run(command, "--help").output
