"""Which records are of one check, so that the newer stands for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reports import Outcome, Record, RecordKind, RunDocument, Store, limits
from reports.commit import Commit
from reports.importers.here import unknown_environment
from reports.page.cells import ran_at
from reports.selection import RAN_AT, select
from reports.write import write_document

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("sqlalchemy", reason="the extra holdfast[reports] is not installed")
START = datetime(2026, 1, 1, tzinfo=UTC)


def a_run(store: Path, at: int, machine: str, record: Record) -> None:
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(hours=at),
        environment=unknown_environment(machine),
        commit=None,
        records=(record,),
    )
    write_document(document, store=store)


def outcomes(store: Path) -> list[str]:
    with Store(store) as opened:
        return [record.outcome.value for record in select(opened).records]


@pytest.mark.parametrize("kind", [RecordKind.TEST, RecordKind.PROFILE])
def test_a_test_or_profile_of_another_machine_is_another_check(
    tmp_path: Path, kind: RecordKind
) -> None:
    for at, (machine, outcome) in enumerate(
        [("a", Outcome.FAILED), ("b", Outcome.FAILED), ("b", Outcome.PASSED)]
    ):
        a_run(tmp_path / "s", at, machine, Record(kind=kind, name="t", outcome=outcome))
    # The failure on b was run again and passed; nothing is known of a since.
    assert outcomes(tmp_path / "s") == ["failed", "passed"]


def test_an_exploration_that_passes_anywhere_stands_for_the_one_before(tmp_path: Path) -> None:
    for at, outcome in enumerate([Outcome.FAILED, Outcome.PASSED]):
        record = Record(kind=RecordKind.EXPLORATION, name="t", outcome=outcome)
        a_run(tmp_path / "s", at, "ab"[at], record)
    assert outcomes(tmp_path / "s") == ["passed"]


def test_profiles_of_two_kinds_are_two_checks(tmp_path: Path) -> None:
    for at, kind in enumerate(["cpu", "memory", "cpu"]):
        record = Record(
            kind=RecordKind.PROFILE, name="t", outcome=Outcome.PASSED, params={"profile": kind}
        )
        a_run(tmp_path / "s", at, "a", record)
    assert len(outcomes(tmp_path / "s")) == 2


NIGHT = Record(kind=RecordKind.FUZZ, name="parser", outcome=Outcome.FAILED)


def of_commit(store: Path, at: int, commit_id: str, *records: Record) -> None:
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(hours=at),
        environment=unknown_environment("a"),
        commit=Commit(commit_id=commit_id),
        records=records,
    )
    write_document(document, store=store)


def shown(store: Path) -> list[tuple[str, str, str]]:
    with Store(store) as opened:
        records = select(opened).records
    return [(one.name, one.outcome.value, one.params.get(RAN_AT, "")) for one in records]


def test_a_campaign_of_the_night_outlives_the_commit_of_the_morning(tmp_path: Path) -> None:
    quick = Record(kind=RecordKind.STRESS, name="pool", outcome=Outcome.PASSED)
    of_commit(tmp_path / "s", 0, "a" * 40, NIGHT)
    of_commit(tmp_path / "s", 8, "b" * 40, quick)
    assert shown(tmp_path / "s") == [("parser", "failed", "aaaaaaa"), ("pool", "passed", "")]


def test_a_record_full_of_params_still_says_where_it_ran(tmp_path: Path) -> None:
    full = Record(
        kind=RecordKind.FUZZ,
        name="parser",
        outcome=Outcome.FAILED,
        params={f"p{at}": "x" for at in range(limits.PARAMS)},
    )
    of_commit(tmp_path / "s", 0, "a" * 40, full)
    of_commit(tmp_path / "s", 8, "b" * 40)
    assert shown(tmp_path / "s") == [("parser", "failed", "aaaaaaa")]


def test_a_param_called_code_says_nothing_of_where_a_check_ran(tmp_path: Path) -> None:
    own = Record(kind=RecordKind.FUZZ, name="p", outcome=Outcome.PASSED, params={"code": "utf-8"})
    of_commit(tmp_path / "s", 0, "a" * 40, own)
    with Store(tmp_path / "s") as opened:
        assert [ran_at(one) for one in select(opened).records] == [""]


def test_a_campaign_that_ran_again_stands_for_the_one_of_the_code_before(tmp_path: Path) -> None:
    again = Record(kind=RecordKind.FUZZ, name="parser", outcome=Outcome.PASSED)
    of_commit(tmp_path / "s", 0, "a" * 40, NIGHT)
    of_commit(tmp_path / "s", 1, "c" * 40, NIGHT)
    of_commit(tmp_path / "s", 8, "b" * 40, again)
    assert shown(tmp_path / "s") == [("parser", "passed", "")]


def test_a_campaign_of_last_month_and_a_test_of_other_code_say_nothing_of_this(
    tmp_path: Path,
) -> None:
    quick = Record(kind=RecordKind.STRESS, name="pool", outcome=Outcome.PASSED)
    test = Record(kind=RecordKind.TEST, name="test_pool", outcome=Outcome.FAILED)
    of_commit(tmp_path / "s", 0, "a" * 40, NIGHT)
    of_commit(tmp_path / "s", 24 * 30, "c" * 40, test)
    of_commit(tmp_path / "s", 24 * 30 + 1, "b" * 40, quick)
    assert shown(tmp_path / "s") == [("pool", "passed", "")]
