"""What the page is drawn from: read once, and judged as the store alone would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.judged_store import judge_store
from reports.page.data import read_page_data
from reports.store import Store
from tests.reports.page import demo_store

if TYPE_CHECKING:
    from pathlib import Path

    from reports.series import Series


class CountingStore(Store):
    """A store that knows how often all its series were read."""

    reads = 0

    def all_series(self) -> tuple[Series, ...]:
        self.reads += 1
        return super().all_series()


def test_a_page_reads_every_series_once(tmp_path: Path) -> None:
    with CountingStore(demo_store.many_series(tmp_path / "store", series=3, runs=6)) as store:
        data = read_page_data(store)
        assert store.reads == 1
        assert data.judgement is not None
        judge_store(store)
        assert store.reads == 2, "without series at hand, judging reads them"


def test_series_at_hand_are_judged_like_those_of_the_store(tmp_path: Path) -> None:
    with Store(demo_store.many_series(tmp_path / "store", series=20, runs=14)) as store:
        assert judge_store(store, series=store.all_series()) == judge_store(store)
