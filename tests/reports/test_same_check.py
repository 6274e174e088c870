"""Which records are of one check, so that the newer stands for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reports import Outcome, Record, RecordKind, RunDocument, Store
from reports.importers.here import unknown_environment
from reports.selection import select
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
