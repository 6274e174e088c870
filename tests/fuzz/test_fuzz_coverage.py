"""Which code a corpus reaches: measured in a child that may die of an input."""

import os
import random
from pathlib import Path

import pytest

from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.corpus import InputFolder
from fuzz.triaging.coverage_report import Reached, reach
from fuzz.triaging.errors import NothingReachedError

HERE = "tests.fuzz.contained_targets:"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]


def reached(folder: Path, name: str, *inputs: bytes, html: Path | None = None) -> Reached:
    corpus = InputFolder(CampaignFolder(folder, HERE + name).corpus)
    for data in inputs:
        corpus.add(data)
    return reach(HERE + name, folder=folder, html=html)


def never(told: Reached) -> set[str]:
    (module,) = told.modules
    return {one.place.rpartition(" ")[2] for one in module.missed}


def test_more_inputs_reach_more_and_the_pages_say_which_lines(tmp_path: Path) -> None:
    few = reached(tmp_path, "two_bugs", b"nothing", html=tmp_path / "html")
    assert {"refuse_x", "refuse_b"} <= never(few)
    assert few.html is not None
    assert few.html.exists()
    assert any("two_bugs" in page.read_text() for page in few.html.parent.glob("*contained*.html"))
    more = reached(tmp_path, "two_bugs", b"X", b"AB")
    assert {"refuse_x", "refuse_b"} & never(more) == set()
    assert more.modules[0].lines_reached == few.modules[0].lines_reached + 4
    assert more.modules[0].branches_reached > few.modules[0].branches_reached
    assert (more.inputs, len(more.crashed), more.deadly) == (3, 2, ())


def test_inputs_that_end_their_process_lose_nothing_that_others_reached(tmp_path: Path) -> None:
    # By name: sha1("t") 8efd.., sha1("s") a0f1.., sha1("e") 58e6.., sha1("x") 11f6..: mixed order.
    told = reached(tmp_path, "dies_in_many_ways", b"e", b"t", b"s", b"x", b"q")
    assert {path.read_bytes() for path in told.deadly} == {b"s", b"x"}
    assert {"in_thread", "raise_there"} & never(told) == set()
    assert len(told.crashed) == 5


def test_lines_that_run_in_tasks_under_the_engine_count(tmp_path: Path) -> None:
    draw = random.Random(1)
    inputs = [b"\x02\x01\x01" + draw.randbytes(12) for _ in range(4)]
    told = reached(tmp_path, "loses_an_update", *inputs)
    assert {"Account.add", "loses_an_update"} & never(told) == set()


def test_without_anything_to_run_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingReachedError, match=r"holds no inputs.*holdfast fuzz run"):
        reached(tmp_path, "two_bugs")
