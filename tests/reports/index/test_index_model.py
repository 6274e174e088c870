"""Any history of a store, by several who have it open, leaves an index of just its documents."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import create_engine

from reports import Store
from reports.commit import Commit
from reports.index import changing
from reports.index.address import ServerAddress
from reports.index.schema import TABLES
from reports.layout import INDEX
from reports.series import SeriesKey
from reports.write import write_document
from tests.reports.index.written_runs import HERE, THERE, benchmark, document

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports import RunDocument

SEATS = 3
PAGE = 4096  # of an SQLite file
NAMES = st.sampled_from(["a", "b", "c\x00"])
VALUES = st.sampled_from([1.0, 2.0, 3.5])


class Histories(RuleBasedStateMachine):
    """Writes, deletions, damage and rebuilds in any order, against a plain dictionary."""

    fresh: Callable[[], str | None]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "s"
        self.url = self.fresh()
        self.documents: dict[str, RunDocument] = {}
        self.places: dict[str, int] = {}
        self.stores: list[Store] = []
        self.clock = 0

    @initialize()
    def open(self) -> None:
        self.write(["a"], 1.0, HERE, None)
        self.stores = [Store(self.path, self.url) for _ in range(SEATS)]

    @rule(
        names=st.lists(NAMES, max_size=3),
        value=VALUES,
        environment=st.sampled_from([HERE, THERE]),
        position=st.none() | st.integers(0, 5),
    )
    def write(self, names: list[str], value: float, environment: object, position: object) -> None:
        self.clock += 1
        commit = Commit(commit_id=f"{self.clock:040x}", position=position)  # type: ignore[arg-type]
        made = document(
            *(benchmark(name, value, params={"size": str(value)}) for name in names),
            at=self.clock % 4 + self.clock / 100,  # not in the order of writing
            commit=commit,
            environment=environment,  # type: ignore[arg-type]
        )
        path = write_document(made, store=self.path)
        self.documents[path.stem] = made

    @precondition(lambda self: self.documents)
    @rule(data=st.data())
    def delete_document(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.documents)))
        (self.path / "runs" / f"{name}.json").unlink()
        del self.documents[name]

    @rule(seat=st.integers(0, SEATS - 1))
    def refresh(self, seat: int) -> None:
        self.stores[seat].refresh()
        self.agree(self.stores[seat])

    @rule(seat=st.integers(0, SEATS - 1))
    def rebuild(self, seat: int) -> None:
        self.stores[seat].rebuild()
        self.agree(self.stores[seat])

    @rule(seat=st.integers(0, SEATS - 1))
    def reopen(self, seat: int) -> None:
        self.stores[seat].close()
        self.stores[seat] = Store(self.path, self.url)
        self.agree(self.stores[seat])

    @rule(keep=st.sampled_from([0.0, 0.01, 0.5, 0.9]), zeros=st.booleans())
    def damage(self, keep: float, *, zeros: bool) -> None:
        """Take the file away, cut it short or blank its end; on a server, drop the tables."""
        if self.url is not None:
            engine = create_engine(ServerAddress.from_text(self.url).url)
            with engine.begin() as connection:
                TABLES.drop_all(connection)
            engine.dispose()
            return
        index = self.path / INDEX
        if keep == 0.0 or not index.exists():
            index.unlink(missing_ok=True)
            return
        data = index.read_bytes()
        # Whole pages: a blank half of one can look like another content.
        kept = data[: max(PAGE, int(len(data) * keep) // PAGE * PAGE)]
        index.write_bytes(kept + bytes(len(data) - len(kept)) if zeros else kept[:-17])

    @invariant()
    def documents_are_never_touched(self) -> None:
        runs = self.path / "runs"
        if runs.exists():
            assert {path.stem for path in runs.iterdir()} == set(self.documents)

    def agree(self, store: Store) -> None:
        """Compare every answer with what follows from the documents alone."""
        assert store.refused == ()
        assert {stamp.run_id for stamp in store.stamps()} == set(self.documents)
        assert {one.key: one.values for one in store.all_series()} == self.expected()
        assert {key: store.series(key).values for key in store.series_keys()} == self.expected()  # type: ignore[union-attr]
        assert {one.fingerprint for one in store.environments()} == {
            one.environment.fingerprint for one in self.documents.values()
        }

    def expected(self) -> dict[object, tuple[float, ...]]:
        """Return each series' values: by position where all have one, or else by time."""
        met: dict[object, list[tuple[RunDocument, str, float]]] = {}
        for name, one in self.documents.items():
            for benchmark_name in {record.name for record in one.records}:
                value = next(r.measures[0].value for r in one.records if r.name == benchmark_name)
                key = SeriesKey(
                    benchmark=benchmark_name,
                    metric="time",
                    environment=one.environment.fingerprint,
                )
                met.setdefault(key, []).append((one, name, value))
        return {key: self.in_order(runs) for key, runs in met.items()}

    def in_order(self, runs: list[tuple[RunDocument, str, float]]) -> tuple[float, ...]:
        positions = [one.commit.position for one, _, _ in runs if one.commit]
        by_position = None not in positions

        def rank(run: tuple[RunDocument, str, float]) -> tuple[object, ...]:
            one, name, _ = run
            first = one.commit.position if by_position and one.commit else 0
            return (first, one.written_at, name)

        return tuple(value for _, _, value in sorted(runs, key=rank))

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)


@pytest.mark.property
@pytest.mark.slow
def test_any_history_leaves_an_index_of_just_the_documents(
    fresh: Callable[[], str | None],
) -> None:
    class OnThis(Histories):
        pass

    OnThis.fresh = staticmethod(fresh)
    examples = max(10, settings.default.max_examples // 5)  # each is some twenty transactions
    how = settings(max_examples=examples, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(OnThis, settings=how)


@pytest.mark.slow
def test_an_index_that_forgets_to_forget_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded, with 30 histories: one in three deletes a document and refreshes afterwards."""

    class OnAFile(Histories):
        pass

    OnAFile.fresh = staticmethod(lambda: None)
    monkeypatch.setattr(changing, "remove", lambda connection, names: None)
    how = settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(OnAFile, settings=how)
