"""A night of eight hours in a minute: its chores, its restarts, its thousands of entries."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from fuzz.campaign.corpus import content_name
from fuzz.commands import fuzz_command
from tests.fuzz.night_campaign import PLACE
from tests.fuzz.night_targets import fails

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_night_in_a_minute_keeps_the_parent_small_loses_no_entry_and_can_be_read(
    tmp_path: Path,
) -> None:
    place = tmp_path / PLACE
    command = [sys.executable, "-m", "tests.fuzz.night_campaign", tmp_path, tmp_path / "told"]
    subprocess.run(command, check=True, timeout=500)
    night = json.loads((tmp_path / "told").read_text("utf-8"))
    assert night["ending"] == "BUDGET", night["trouble"]
    assert night["found"] == 2
    with contextlib.closing(sqlite3.connect(place / "campaigns.sqlite3")) as opened:
        rows = dict(opened.execute("SELECT name, gone FROM inputs").fetchall())
        lives = opened.execute("SELECT count(*) FROM workers").fetchone()[0]
        points = opened.execute("SELECT count(*) FROM curve").fetchone()[0]
    # As a night has: eight lives of each of two workers at least, and those that ended early.
    assert lives >= 2 * 8
    assert points > 50
    assert any(note.startswith("merged ") for note in night["notes"]), night["notes"]
    # Thousands of entries, each there still or gone for a reason that is written down.
    there = {one.name for one in place.joinpath("corpus").iterdir() if len(one.name) == 40}
    assert len(rows) > 1_000
    assert there == {name for name, gone in rows.items() if gone is None}
    for name in night["seen"].keys() - there:
        assert rows.get(name) in {"merged away", "it fails"} or fails(
            bytes.fromhex(night["seen"][name])
        )
    for name in there:
        assert content_name((place / "corpus" / name).read_bytes()) == name
    # 100 bytes an entry and the curve; a leak of one look in a night of 115,000 would show.
    assert night["growth_bytes"] < 8 * MIB, night["resident"]
    (told,) = json.loads(
        CliRunner().invoke(fuzz_command, ["status", "--json", "--folder", str(tmp_path)]).output
    )
    assert told["executions"] == night["executions"]
    assert "as long again is likely to bring" in told["advice"]
