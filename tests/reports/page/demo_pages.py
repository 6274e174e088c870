"""Pages of the demo stores, each built once in a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.accepted import Acceptances, Accepted
from reports.judging.judged_store import judge_store
from reports.page.page import build_page
from reports.store import Store
from tests.reports.page import demo_store

if TYPE_CHECKING:
    from pathlib import Path

MAKERS = {
    "morning": demo_store.a_morning,
    "one": demo_store.one_run,
    "explorations": demo_store.only_explorations,
    "hostile": demo_store.hostile,
    "many": lambda folder: demo_store.many_series(folder, series=400, runs=14),
    "empty": demo_store.empty,
}


class DemoPages:
    """Builds each page when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the file of one page."""
        page = self._folder / f"{name}.html"
        if not page.exists():
            with Store(MAKERS[name](self._folder / name)) as store:
                accepted = accepted_slowdown(store) if name == "morning" else None
                build_page(store, page, accepted=accepted)
        return page

    def text(self, name: str) -> str:
        """Return the source of one page."""
        return self.path(name).read_text(encoding="utf-8")


def accepted_slowdown(store: Store) -> Acceptances:
    """Return an entry for the slowdown that the demo's team has accepted."""
    change = next(
        one
        for one in judge_store(store).regressions
        if one.key.benchmark.endswith("test_accepted_slowdown")
    )
    entry = Accepted(
        alert=change.alert_id,
        benchmark=change.key.benchmark,
        metric=change.key.metric,
        environment=change.key.environment,
        commit=change.first_after.commit_id or "",
        change=change.change,
        author="Ada <ada@example.org>",
        day=change.first_after.at.date(),
        reason="checks signatures now",
    )
    return Acceptances(changes=(entry,))
