"""What is found here fails again in a new interpreter, every time; and the counting is honest."""

from __future__ import annotations

import dataclasses

import pytest

from harness import instrument_imports
from harness.replay_token import decode_token
from tests.planted import replays
from tests.planted.catalogue import PlantedBug, instrumented, load_bugs


@pytest.fixture(scope="module")
def bugs() -> dict[str, PlantedBug]:
    with instrument_imports(include=instrumented()):
        return {bug.label: bug for bug in load_bugs()}


@pytest.fixture(scope="module")
def rows(bugs: dict[str, PlantedBug]) -> dict[str, replays.Row]:
    chosen = [bugs[label] for label in ("B-02", "B-60", "B-61")]
    return {row.bug.label: row for row in replays.run(chosen, times=3)}


@pytest.mark.slow
def test_findings_come_again_in_another_process(rows: dict[str, replays.Row]) -> None:
    """All of them: `python -m tests.planted --replay 20`."""
    assert {label: row.endings for label, row in rows.items()} == {
        "B-02": {"DEADLOCK": 3}, "B-60": {"LOST_WAKEUP": 3}, "B-61": {"DEADLOCK": 3},
    }  # fmt: skip
    assert all(row.ok for row in rows.values())


@pytest.mark.slow
def test_what_does_not_come_again_is_counted_as_that(
    rows: dict[str, replays.Row], bugs: dict[str, PlantedBug]
) -> None:
    job = rows["B-02"].job
    assert job is not None
    token = decode_token(job.token)
    none = dataclasses.replace(token, switches=(), done=()).encode()
    other = dataclasses.replace(job, label="B-60")  # a token of another program
    endings = replays.replay_elsewhere([dataclasses.replace(job, token=none), other])
    for label, counted in endings.items():
        row = dataclasses.replace(rows["B-02"], bug=bugs[label], endings=counted)
        assert not row.ok
        assert row.again == 0
    assert any(ending.startswith("DriftError: ") for ending in endings["B-60"])
    assert "0/3" in _text(replays.table_of([dataclasses.replace(rows["B-02"], endings={})]))


def _text(table: object) -> str:
    from rich.console import Console  # noqa: PLC0415  # for this alone

    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
