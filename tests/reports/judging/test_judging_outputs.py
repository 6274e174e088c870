"""What the gate writes: short, whole, and harmless whatever a benchmark is called."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from reports import Outcome, Record, RecordKind
from reports.judging.accepted import Acceptances, Accepted
from reports.judging.decision import Colour, Decision, Since, decide
from reports.judging.decision_json import decision_bytes
from reports.judging.escaping import code_span, file_of, one_line
from reports.judging.junit import junit_bytes
from reports.judging.markdown import MARKER, markdown
from reports.judging.policy import CannotTell, Policy
from reports.judging.sarif import sarif_bytes
from reports.judging.terminal import terminal_lines
from tests.reports.judging.stores_with_history import add_run, history, judged, noisy

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "bench/test_a.py::test_x[|]\n\n# Passed `` @everyone <img src=x onerror=alert(1)> "
    "![a](http://x.example) \x00\x1b[2J\ud800\u202e]]> -->"
)
LEVELS = [*[1.0] * 12, *[1.3] * 4]


def decided(store: Path, *, policy: Policy | None = None, **more: Any) -> Decision:
    return decide(judged(store, policy=policy, **more), policy=policy or Policy())


@pytest.fixture
def hostile(tmp_path: Path) -> Decision:
    history(tmp_path / "s", LEVELS, names=[HOSTILE.replace("\ud800", ""), "fine"])
    return decided(tmp_path / "s")


# -- the decision ----------------------------------------------------------------------------------


def test_a_red_gate_stays_red_until_it_is_fixed_or_accepted(tmp_path: Path) -> None:
    history(tmp_path / "s", LEVELS)
    red = decided(tmp_path / "s")
    assert (red.colour, red.exit_code) == (Colour.RED, 1)
    for at in range(17, 30):
        add_run(tmp_path / "s", {"one": noisy(1.3, seed=at)}, commit=at)
    later = decided(tmp_path / "s")
    assert later.colour is Colour.RED
    alert = later.regressions[0].alert_id
    entry = Accepted(alert=alert, author="Ada", day=date(2026, 5, 4), reason="known")
    known = decided(tmp_path / "s", accepted=Acceptances(changes=(entry,)))
    assert (known.colour, known.exit_code) == (Colour.GREEN, 0)
    assert [one.alert_id for one in known.acknowledged] == [alert]


@pytest.mark.parametrize(
    ("policy", "code"), [(CannotTell.EXIT_2, 2), (CannotTell.FAIL, 1), (CannotTell.PASS, 0)]
)
def test_what_cannot_tell_does_is_the_projects_choice(
    tmp_path: Path, policy: CannotTell, code: int
) -> None:
    history(tmp_path / "s", [1.0, 1.0])
    decision = decided(tmp_path / "s", policy=Policy(cannot_tell=policy))
    assert (decision.colour, decision.exit_code) == (Colour.CANNOT_TELL, code)


@pytest.mark.parametrize(
    ("since", "colour"), [(5, Colour.RED), (12, Colour.RED), (13, Colour.GREEN), (15, Colour.GREEN)]
)
@pytest.mark.parametrize("known", ["by its id", "by its position"])
def test_since_leaves_out_what_began_before(
    tmp_path: Path, since: int, colour: Colour, known: str
) -> None:
    history(tmp_path / "s", LEVELS)
    commit_id = f"{since:07x}" + "0" * 33 if known == "by its id" else "f" * 40
    judgement = judged(tmp_path / "s")
    decision = decide(judgement, policy=Policy(), since=Since(commit_id=commit_id, position=since))
    assert decision.colour is colour
    assert len(decision.regressions) + len(decision.earlier) == 1


def test_one_run_far_off_cannot_be_told_and_three_can(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0] * 12)
    add_run(tmp_path / "s", {"one": 1.5}, commit=13)
    doubtful = decided(tmp_path / "s")
    assert doubtful.colour is Colour.CANNOT_TELL
    assert any(
        "measure it 4 times more" in line.replace("\u202f", " ")
        for line in terminal_lines(doubtful)
    )
    for run in (1, 2):
        add_run(tmp_path / "s", {"one": noisy(1.5, seed=run)}, commit=13, run=run)
    assert decided(tmp_path / "s").colour is Colour.RED


def test_where_points_far_off_are_common_one_more_does_not_stop_anybody(tmp_path: Path) -> None:
    levels = [1.0] * 40
    for at in (5, 11, 17, 26, 33):
        levels[at] = 1.5
    history(tmp_path / "s", levels)
    add_run(tmp_path / "s", {"one": 1.5}, commit=41)
    decision = decided(tmp_path / "s")
    assert decision.colour is Colour.GREEN
    assert len(decision.suspects) == 1


# -- escaping --------------------------------------------------------------------------------------


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    shown = one_line(HOSTILE)
    assert shown.isprintable()
    assert "\\x00" in shown
    assert "\\u202e" in shown
    assert len(one_line("x" * 1000)) == 160


@pytest.mark.parametrize("text", ["`", "``", "a`b", "` `", "|", "", "a|`|b"])
def test_code_in_a_table_stays_in_its_cell(text: str) -> None:
    span = code_span(text)
    fence = re.match(r"`+", span)
    assert fence is not None
    inner = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall(r"`+", inner)
    assert not re.search(r"(?<!\\)\|", span)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("bench/test_a.py::Test::test_x[1]", "bench/test_a.py"),
        ("bench/a b%.py::test", "bench/a%20b%25.py"),
        ("bench\\test_a.py::test", "bench/test_a.py"),
        ("access[32]", None),
        ("../../etc/passwd.py::x", None),
        ("/etc/passwd.py", None),
        ("http://x.example/a.py::x", None),
        ("a\u202e.py::x", None),
        ("bench//a.py", None),
    ],
)
def test_a_file_is_taken_from_a_tests_id_and_from_nothing_else(name: str, file: str | None) -> None:
    assert file_of(name) == file


# -- Markdown --------------------------------------------------------------------------------------


def test_the_comment_can_be_found_again_and_is_a_table_of_what_moved(hostile: Decision) -> None:
    text = markdown(hostile)
    lines = text.splitlines()
    assert lines[0] == MARKER
    assert lines[1] == "### 2 benchmarks got worse"
    rows = [line for line in lines if line.startswith("| worse")]
    assert len(rows) == 2
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert text.count("<!--") == 1
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    for harm in ("@everyone", "<img", "http", "# Passed"):
        assert harm not in outside


def test_a_quiet_comment_is_short(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0] * 12)
    lines = markdown(decided(tmp_path / "s")).splitlines()
    assert lines[1] == "### No benchmark got worse"
    assert len(lines) == 4


# -- JUnit -----------------------------------------------------------------------------------------


def test_junit_is_well_formed_and_counts(hostile: Decision) -> None:
    root = ET.fromstring(junit_bytes(hostile))  # noqa: S314  # ours
    (suite,) = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "2", "0")
    failures = suite.findall("testcase/failure")
    assert len(failures) == 2
    assert all("holdfast report ack" in (one.text or "") for one in failures)
    assert all((case.get("classname") or "").isprintable() for case in suite.findall("testcase"))


def test_junit_skips_what_cannot_be_told(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0])
    root = ET.fromstring(junit_bytes(decided(tmp_path / "s")))  # noqa: S314  # ours
    (skipped,) = root.findall("testsuite/testcase/skipped")
    assert "nothing before it" in (skipped.get("message") or "")


# -- SARIF -----------------------------------------------------------------------------------------


def check_sarif(log: dict[str, Any]) -> list[dict[str, Any]]:
    """Assert what SARIF 2.1.0 asks of the parts that are written, and return the results."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    results: list[dict[str, Any]] = run["results"]
    for result in results:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        assert all(
            re.fullmatch(r"[0-9a-f]{12}", value) for value in result["fingerprints"].values()
        )
        for location in result["locations"]:
            physical = location.get("physicalLocation")
            if physical is not None:
                uri = physical["artifactLocation"]["uri"]
                assert re.fullmatch(r"[A-Za-z0-9._~%/()+,;=@$!&'*-]+", uri)
                assert physical["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
                assert physical["region"]["startLine"] >= 1
        for suppression in result.get("suppressions", []):
            assert suppression["kind"] in {"inSource", "external"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}
    return results


def test_sarif_has_regressions_with_their_alert_and_failed_checks_with_their_replay(
    tmp_path: Path,
) -> None:
    finding = Record(
        kind=RecordKind.EXPLORATION,
        name="pool_test:body",
        outcome=Outcome.FAILED,
        message="deadlock\x00\nbetween a and b",
        replay="holdfast replay pool_test:body --token abc",
    )
    crash = Record(
        kind=RecordKind.FUZZ, name="fuzz/targets.py::parse", outcome=Outcome.FAILED, replay="run it"
    )
    calm = Record(kind=RecordKind.STRESS, name="calm", outcome=Outcome.PASSED)
    history(tmp_path / "s", LEVELS, names=["bench/test_a.py::test_x"])
    decision = decided(tmp_path / "s")
    results = check_sarif(json.loads(sarif_bytes(decision, [finding, crash, calm])))
    assert [one["ruleId"] for one in results] == [
        "benchmark/step",
        "exploration/failed",
        "fuzz/failed",
    ]
    step, explored, fuzzed = results
    assert step["fingerprints"] == {"holdfastAlert/v1": decision.regressions[0].alert_id}
    artifact = step["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == "bench/test_a.py"
    assert "Replay: holdfast replay pool_test:body --token abc" in explored["message"]["text"]
    assert "\x00" not in explored["message"]["text"]
    assert "physicalLocation" not in explored["locations"][0]
    assert (
        fuzzed["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "fuzz/targets.py"
    )


def test_sarif_suppresses_what_was_accepted_and_says_why(tmp_path: Path) -> None:
    history(tmp_path / "s", LEVELS)
    alert = decided(tmp_path / "s").regressions[0].alert_id
    entry = Accepted(alert=alert, author="Ada", day=date(2026, 5, 4), reason="signatures")
    decision = decided(tmp_path / "s", accepted=Acceptances(changes=(entry,)))
    (result,) = check_sarif(json.loads(sarif_bytes(decision, [])))
    (suppression,) = result["suppressions"]
    assert suppression["justification"] == "Ada on 2026-05-04: signatures"


def test_a_hostile_name_breaks_no_sarif(hostile: Decision) -> None:
    log = json.loads(sarif_bytes(hostile, []))
    assert len(check_sarif(log)) == 2
    assert all(one["message"]["text"].isprintable() for one in log["runs"][0]["results"])


# -- the rest --------------------------------------------------------------------------------------


def test_json_has_everything_and_the_same_bytes_for_the_same_store(tmp_path: Path) -> None:
    history(tmp_path / "s", LEVELS)
    data = decision_bytes(decided(tmp_path / "s"))
    assert data == decision_bytes(decided(tmp_path / "s"))
    values = json.loads(data)
    assert values["schema"] == "holdfast.gate/1"
    assert (values["verdict"], values["exit_code"]) == ("red", 1)
    (change,) = values["series"][0]["changes"]
    assert values["regressions"] == [change["alert"]]
    assert change["last_before"]["position"] == 12


def test_a_terminal_reads_what_how_much_since_when_and_what_to_type(hostile: Decision) -> None:
    lines = list(terminal_lines(hostile))
    text = "\n".join(lines)
    assert all(line.replace("\u202f", " ").isprintable() for line in lines)
    assert "worse 000000c..000000d" in text
    assert re.search(r"\+\d+\u202f% \(\+\d+\u202f% to \+\d+\u202f%\): 1", text)
    assert "git log --oneline 000000c00000..000000d00000" in text
    assert "holdfast report ack" in text
    assert lines[-1].startswith("RED: 2 worse")


def test_a_change_up_from_nothing_is_written_everywhere(tmp_path: Path) -> None:
    for at in range(1, 17):
        add_run(tmp_path / "s", {"one": 3.0 if at > 12 else 0.0}, commit=at, unit="count")
    decision = decided(tmp_path / "s")
    assert decision.colour is Colour.RED
    assert "from nothing" in markdown(decision)
    assert json.loads(decision_bytes(decision))["series"][0]["changes"][0]["change"] is None
    ET.fromstring(junit_bytes(decision))  # noqa: S314  # ours
    check_sarif(json.loads(sarif_bytes(decision, [])))
