"""`.holdfast/accepted.toml`: appended to, never overwritten, refused with its line when damaged."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from reports.errors import BadValueError
from reports.judging.accepted import Acceptances, Accepted, Reset
from reports.judging.accepted_file import append_entries, read_acceptances, remove_accepted
from reports.judging.errors import AcceptedFileError

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 5, 4)
HAND_WRITTEN = """\
# What the team agreed on; ask Ada.

[[accepted]]   # the big one
alert = "0123456789ab"
author = "Ada"
date = 2026-05-04
reason = "signatures"

# From here on: resets.
[[reset]]
benchmark = "test_io[4]"
commit = "91ab03f"
author = "Ben"
date = 2026-05-05
reason = '''larger
files'''
"""


def an_entry(alert: str = "ba9876543210", **fields: object) -> Accepted:
    given = {"author": "Cid <c@d.e>", "day": TODAY, "reason": "why not"} | fields
    return Accepted(alert=alert, **given)  # type: ignore[arg-type]


def test_no_file_is_no_entries(tmp_path: Path) -> None:
    assert read_acceptances(tmp_path / "none.toml") == Acceptances()


def test_what_people_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(HAND_WRITTEN)
    entries = read_acceptances(path)
    assert entries.changes[0].alert == "0123456789ab"
    assert entries.resets[0].benchmark == "test_io[4]"
    assert entries.resets[0].reason == "larger\nfiles"


def test_appending_keeps_comments_order_and_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "accepted.toml"
    path.parent.mkdir()
    path.write_text(HAND_WRITTEN)
    append_entries(path, an_entry())
    text = path.read_text()
    assert text.startswith(HAND_WRITTEN)
    assert [one.alert for one in read_acceptances(path).changes] == ["0123456789ab", "ba9876543210"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n# no line end"])
def test_appending_works_whatever_the_file_ends_with(tmp_path: Path, end: str) -> None:
    path = tmp_path / "accepted.toml"
    path.write_bytes((HAND_WRITTEN.rstrip() + end).encode())
    append_entries(path, an_entry())
    assert len(read_acceptances(path).changes) == 2


@pytest.mark.parametrize(
    "text",
    ["quotes \" and \\ and '", "two\nlines\ttab", "\x00\x1b[31m\x7f", "umlaut ä, 雪, 🐍", "]] [[x"],
    ids=["quotes", "lines", "control", "beyond ascii", "brackets"],
)
def test_any_text_is_read_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accepted.toml"
    entry = an_entry(benchmark=f"test[{text}]", reason=text, author=text, change=float("inf"))
    reset = Reset(
        benchmark=text,
        commit="91ab03f",
        position=7,
        committed_at=datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
        author="Ada",
        day=TODAY,
        reason=text,
    )
    append_entries(path, entry, reset)
    assert read_acceptances(path) == Acceptances(changes=(entry,), resets=(reset,))


@pytest.mark.parametrize(
    ("broken", "line", "why"),
    [
        (HAND_WRITTEN.replace('"Ada"\ndate', '"Ada\ndate'), 5, "no TOML"),
        (HAND_WRITTEN.replace('reason = "signatures"', ""), 3, "no reason"),
        (HAND_WRITTEN.replace('commit = "91ab03f"', 'commit = "main"'), 10, "7 to 64 hex digits"),
        (HAND_WRITTEN.replace("2026-05-05", '"yesterday"'), 10, "without quotes"),
        (HAND_WRITTEN.replace("alert =", "alarm ="), 3, "the key 'alarm'"),
        (HAND_WRITTEN.replace("[[reset]]", "[[resets]]"), 10, "'resets' is no table here"),
        (HAND_WRITTEN + 'alert = "', 17, "no TOML"),
        ("[accepted]\n", 1, "write [[accepted]]"),
        ("accepted = [3]\n", None, "is no table"),
    ],
    ids=[
        "quote",
        "no reason",
        "no commit",
        "no date",
        "unknown key",
        "unknown table",
        "cut short",
        "one table",
        "no tables",
    ],
)
def test_a_damaged_file_is_refused_with_its_line_and_not_touched(
    tmp_path: Path, broken: str, line: int | None, why: str
) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(broken)
    for touch in (
        lambda: read_acceptances(path),
        lambda: append_entries(path, an_entry()),
        lambda: remove_accepted(path, frozenset({"0123456789ab"})),
    ):
        with pytest.raises(AcceptedFileError, match="nothing was written") as caught:
            touch()
        assert caught.value.line == line
        assert why in str(caught.value)
    assert path.read_text() == broken


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_bytes(b"# fine\n# not \xff\n")
    with pytest.raises(AcceptedFileError) as caught:
        read_acceptances(path)
    assert caught.value.line == 2


def test_removing_takes_one_entry_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(HAND_WRITTEN)
    append_entries(path, an_entry())
    gone = remove_accepted(path, frozenset({"0123456789ab"}))
    assert [one.alert for one in gone] == ["0123456789ab"]
    text = path.read_text()
    assert "# What the team agreed on; ask Ada." in text
    assert "# From here on: resets." in text
    assert "signatures" not in text
    assert [one.alert for one in read_acceptances(path).changes] == ["ba9876543210"]
    assert len(read_acceptances(path).resets) == 1


def test_removing_what_is_not_there_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(HAND_WRITTEN)
    assert remove_accepted(path, frozenset({"ffffffffffff"})) == ()
    assert path.read_text() == HAND_WRITTEN


def test_an_entry_without_lines_of_its_own_is_left_to_people(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    inline = (
        'accepted = [{alert = "0123456789ab", author = "A", date = 2026-05-04, reason = "x"}]\n'
    )
    path.write_text(inline)
    with pytest.raises(AcceptedFileError, match="edit it by hand"):
        remove_accepted(path, frozenset({"0123456789ab"}))
    assert path.read_text() == inline


@pytest.mark.parametrize("name", ["author", "reason"])
def test_nobody_accepts_without_a_name_and_a_reason(name: str) -> None:
    with pytest.raises(BadValueError, match=name):
        an_entry(**{name: "  "})


APPEND = """
import sys
from datetime import date
from pathlib import Path
from reports.judging.accepted import Accepted
from reports.judging.accepted_file import append_entries
for number in range(10):
    alert = f"{sys.argv[2]}{number:011x}"
    append_entries(Path(sys.argv[1]), Accepted(
        alert=alert, author="A", day=date(2026, 5, 4), reason="x"))
"""


@pytest.mark.slow
def test_several_processes_at_once_lose_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    children = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(path), digit]) for digit in "abcd"
    ]
    assert [child.wait(timeout=100) for child in children] == [0] * 4
    assert len({one.alert for one in read_acceptances(path).changes}) == 40
