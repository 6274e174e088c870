"""The gate over real data: the regression and the fix that the authors told, at the time.

`cedarpy_pytest_benchmark` is 7 commits of 5 runs each of 26 benchmarks, with an account of what
happened: +15 % with PR 66, taken back with PR 75, nothing claimed between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from reports.importers.choices import Choices, Statistic
from reports.importers.ingest import ingest_file
from reports.judging.decision import Colour, decide
from reports.judging.policy import Policy
from reports.store import Store
from tests.reports.judging.stores_with_history import add_run, judged, noisy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.judging.decision import Decision
    from reports.judging.verdict import SeriesChange

from pathlib import Path

DATA: Final = Path(__file__).resolve().parents[3] / "shared/data/cedarpy_pytest_benchmark"
FILES: Final = sorted(DATA.glob("Darwin-CPython-3.11-64bit/*-run?.json"))
PR_65, PR_66, MAIN, PR_75 = "6f601df", "500a8d0", "ca5d83c", "faf92a4"
SLOWED: Final = {"test_complex_policy", "test_medium_policy", "test_small_entity_set"}


def gate(store: Path) -> Decision:
    return decide(judged(store), policy=Policy())


def _session(level: float, *, seed: object) -> float:
    return noisy(level, seed=seed, noise=0.005)


def short(changes: Sequence[SeriesChange]) -> set[str]:
    return {change.key.benchmark.rpartition("::")[2] for change in changes}


def stages(
    store: Path, files: Sequence[Path], *, statistic: Statistic | None
) -> Iterator[Decision]:
    """Ingest five runs at a time, and return what the gate says after each commit."""
    for at in range(0, len(files), 5):
        for file in files[at : at + 5]:
            ingest_file(file, store=store, choices=Choices(statistic=statistic))
        yield gate(store)


# Of the middle rounds more of the small moves stand out of the noise than of the fastest.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("statistic", "least", "worst_change"), [(Statistic.MEDIAN, 8, 0.15), (None, 6, 0.13)]
)
def test_the_regression_and_the_fix_that_cedarpy_tells_are_found_at_the_time_and_nothing_else(
    tmp_path: Path, statistic: Statistic | None, least: int, worst_change: float
) -> None:
    if not FILES:
        pytest.skip("cedarpy's history is not here; it is data beside the project, not in it")
    first, second, third, at_66, at_main, at_75, last = stages(
        tmp_path / "s", FILES, statistic=statistic
    )
    assert first.colour is Colour.CANNOT_TELL  # there is nothing before it
    for quiet in (second, third):
        assert (quiet.colour, quiet.regressions, quiet.improvements) == (Colour.GREEN, (), ())
    assert short(at_66.regressions) >= SLOWED
    assert least <= len(at_66.regressions) <= least + 1
    ranges = {(one.last_before.label, one.first_after.label) for one in at_66.regressions}
    assert ranges == {(PR_65, PR_66)}
    worst = at_66.regressions[0]
    assert short([worst]) == {"test_complex_policy"}
    assert worst.interval[0] < worst_change < worst.interval[1]
    # A commit of documentation: the same alerts, none new.
    assert {one.alert_id for one in at_main.regressions} == {
        one.alert_id for one in at_66.regressions
    }
    assert at_75.colour is Colour.GREEN
    assert short(at_75.improvements) >= SLOWED
    assert {one.first_after.label for one in at_75.improvements} == {PR_75}
    assert (last.colour, last.regressions) == (Colour.GREEN, ())


@pytest.mark.slow
def test_a_history_like_it_of_our_own_is_told_alike(tmp_path: Path) -> None:
    # 26 benchmarks, 5 runs a commit, runs 1 %, sessions .5 %; three of them +14 % at commit 4 and
    # back at 6. Seed 3. The change is ten standard errors.
    names = [f"test_{n}" for n in range(26)]
    slowed = set(names[:3])
    seen = []
    for commit in range(1, 8):
        for run in range(5):
            values = {
                n: noisy(
                    _session(1.14 if n in slowed and 4 <= commit < 6 else 1.0, seed=(n, commit, 3)),
                    seed=(n, commit, run, 3),
                )
                for n in names
            }
            add_run(tmp_path / "s", values, commit=commit, run=run)
        seen.append(gate(tmp_path / "s"))
    reds = [at for at, one in enumerate(seen, 1) if one.colour is Colour.RED]
    assert reds == [4, 5]
    assert short(seen[3].regressions) == short(seen[4].regressions) == slowed
    assert short(seen[5].improvements) == slowed


def test_data_is_saved_first_and_judging_changes_nothing(tmp_path: Path) -> None:
    for commit in range(1, 16):
        level = 2.0 if commit > 12 else 1.0
        add_run(tmp_path / "s", {"one": noisy(level, seed=commit)}, commit=commit)
    before = {path: path.read_bytes() for path in (tmp_path / "s" / "runs").iterdir()}
    assert gate(tmp_path / "s").colour is Colour.RED
    assert {path: path.read_bytes() for path in (tmp_path / "s" / "runs").iterdir()} == before
    with Store(tmp_path / "s") as store:
        assert len(store.stamps()) == 15
