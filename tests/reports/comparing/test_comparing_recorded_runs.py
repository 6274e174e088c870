"""A recorded history whose regression and fix are known: both are found, and nothing else is."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from reports import Store
from reports.comparing.compare import compare, compare_runs
from reports.comparing.verdict import CHANGES, Verdict
from reports.importers.ingest import ingest_file
from tests.reports.comparing.compared_runs import RECORDED, commit, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.comparing.pairs import Comparison

pytestmark = pytest.mark.slow
V480, V481, PR65, PR66, DOCS, PR75, V485 = (
    "450a8a5", "f63e51b", "6f601df", "500a8d0", "ca5d83c", "faf92a4", "b89d75d"
)  # fmt: skip


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if not RECORDED:
        pytest.skip("the recorded suite is not here; it is data beside the project, not in it")
    folder = tmp_path_factory.mktemp("history") / "store"
    for file in RECORDED:
        ingest_file(file, store=folder)
    with Store(folder) as store:
        yield store


def names(found: Comparison, verdict: Verdict) -> set[str]:
    return {pair.benchmark.rpartition("::")[2] for pair in found.having(verdict)}


def test_the_recorded_regression_is_found_where_it_came(history: Store) -> None:
    found = compare(history, PR65, PR66)
    worst = found.pairs[0]
    assert worst.benchmark.endswith("::test_complex_policy")
    assert worst.found.change == pytest.approx(0.15, abs=0.02)
    assert names(found, Verdict.WORSE) >= {
        "test_complex_policy",
        "test_medium_policy",
        "test_small_entity_set",
    }
    assert not found.having(Verdict.BETTER)


def test_the_recorded_fix_is_found_where_it_came(history: Store) -> None:
    found = compare(history, DOCS, PR75)
    assert names(found, Verdict.BETTER) >= {
        "test_complex_policy",
        "test_medium_policy",
        "test_small_entity_set",
    }
    assert not found.having(Verdict.WORSE)


@pytest.mark.parametrize(("old", "new"), [(V480, V481), (V481, PR65), (PR66, DOCS)])
def test_nothing_is_found_where_nobody_claimed_a_change(history: Store, old: str, new: str) -> None:
    found = compare(history, old, new)
    assert len(found.pairs) == 26
    assert not found.having(*CHANGES)
    assert len(found.having(Verdict.SAME)) == 26  # and that is known, not merely not seen


def test_the_fix_brings_back_what_was_before(history: Store) -> None:
    assert not compare(history, PR65, PR75).having(Verdict.WORSE)


def test_a_history_of_our_own_is_told_alike() -> None:
    # As the recorded one: one benchmark slower by 15 %, two by 8 %, at the third of five
    # versions; undone at the fifth. Runs scatter by 1 %, the machine drifts by 1 % a version.
    draw = random.Random(8)
    levels = {f"benchmark {at}": 1e-3 * (at + 1) for at in range(26)}
    slow = levels | {
        "benchmark 0": levels["benchmark 0"] * 1.15,
        "benchmark 1": levels["benchmark 1"] * 1.08,
        "benchmark 2": levels["benchmark 2"] * 1.08,
    }
    versions = [
        runs(
            {name: value * 1.01**at for name, value in each.items()},
            of=commit(str(at)),
            many=5,
            noise=0.01,
            draw=draw,
            after=100 * at,
        )
        for at, each in enumerate((levels, levels, slow, slow, levels))
    ]
    told = [compare_runs(old, new) for old, new in itertools.pairwise(versions)]
    first_three = {"benchmark 0", "benchmark 1", "benchmark 2"}
    assert names(told[1], Verdict.WORSE) == first_three
    assert names(told[3], Verdict.BETTER) == first_three
    assert [len(one.having(*CHANGES)) for one in told] == [0, 3, 0, 3]
