"""The report of an interleaved test: its story, and its figures for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.pytest_run import _pytest_item as foreign
from harness.pytest_run.failure_text import story, story_of, wrapped
from harness.pytest_run.shared_watch import REMEDY
from harness.verdict_errors import FixtureError

if TYPE_CHECKING:
    from harness.pytest_run.item_run import ItemRun


def add_properties(item: pytest.Item, run: ItemRun) -> None:
    """Put the figures of a test among its properties, which a JUnit file has."""
    covered = run.covered
    if covered["verdict"]:
        for name in ("verdict", "executions", "evidence"):
            item.user_properties.append((f"holdfast_{name}", covered[name]))
    if run.token:
        item.user_properties.append(("holdfast_token", run.token))


def tell_failure(
    item: pytest.Item, run: ItemRun, report: pytest.TestReport, *, error: BaseException
) -> None:
    """Put the story of a failure in the place of what pytest says of it."""
    if error is run.alarm.rang:
        report.longrepr = story(item, wrapped(_time_ended(str(error))), str(error))
        return
    if isinstance(error, FixtureError):
        # An error, not a failure: pytest's word for what a test did not get to be.
        report.when = "teardown" if error.doing == "teardown" else "setup"
        if error.__cause__ is not None and isinstance(item, pytest.Function):
            report.longrepr = foreign.text_of_error(item, error.__cause__)
            report.sections.append(("holdfast", wrapped(str(error))))
            return
    fixture = "the {1} of {0}".format(*run.life.failed) if run.life and run.life.failed else ""
    told = story_of(item, error, fixture=fixture, changed=_changed(run))
    report.longrepr = told or report.longrepr


def _changed(run: ItemRun) -> str:
    return f"{'. '.join(run.changed)}. {REMEDY}" if run.changed else ""


def _time_ended(text: str) -> str:
    return (
        f"{text}\n\nThe test's time ended while it was explored; no schedule has failed. Give the "
        "test more time, or the exploration less: --holdfast-time 60s, or budget_s=60."
    )
