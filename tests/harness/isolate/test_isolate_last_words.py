from __future__ import annotations

from pathlib import Path

from harness.child_start import death_of
from harness.crash import _events_of, _runs, _smaller
from harness.engine.place import Site
from harness.engine.recorder import Event
from harness.last_words import read_stack

HERE = Path(__file__)
OURS = HERE.parents[3] / "harness" / "campaign.py"
REPORT = f"""Fatal Python error: Segmentation fault

Stack (most recent call first):
  File "/nowhere/ctypes/__init__.py", line 519 in string_at
  File "{HERE}", line 1 in body
  File "{OURS}", line 90 in run

Extension modules: greenlet._greenlet (total: 1)
"""


def test_a_report_becomes_the_users_lines_innermost_last() -> None:
    assert read_stack(REPORT) == (
        f"{HERE.name}:1 in body: from __future__ import annotations",
        "__init__.py:519 in string_at",
    )


def test_of_two_reports_the_last_is_the_end() -> None:
    last = (
        'Current thread 0x00007f (most recent call first):\n  File "/x/late.py", line 3 in late\n'
    )
    assert read_stack(REPORT + last) == ("late.py:3 in late",)


def test_no_report_is_no_stack() -> None:
    assert read_stack("") == ()
    assert read_stack("Fatal Python error: Aborted\n") == ()


def test_a_signal_is_named_and_an_exit_is_none() -> None:
    assert death_of(0) == ""
    assert death_of(3) == ""
    assert death_of(-11).startswith("SIGSEGV (")
    assert death_of(-200) == "signal 200"


def test_candidates_are_smaller_and_the_smallest_come_first() -> None:
    assert _runs([0, 0, 1, 0]) == [[0, 0], [1], [0]]
    candidates = list(_smaller([0, 0, 1, 0]))
    assert candidates[0] == []
    assert [0, 0] in candidates
    assert all(len(candidate) < 4 for candidate in candidates)


def test_values_that_came_later_find_their_event() -> None:
    event = Event(1, 0, "main", "write", "Cell.value", Site("x.py", 1, "f"))
    assert [one.value for one in _events_of([7, event, (1, "5"), (9, "lost")])] == ["5"]
