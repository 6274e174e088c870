"""What once made flow_operations fail, and must not do so again.

Written by `holdfast fuzz regress flow_operations`.
It is yours to edit: written again, it only gains tests for new findings, at its end.
"""

import fuzz

TARGET = "flow_operations"


def test_referee_check_closed_does_not_break_its_assertion_under_this_schedule() -> None:
    # finding 7e41445f48ad, first seen 2026-11-21
    # | marks 1/1: c0 acquire | c1 acquire | c2 acquire; then close
    # | ASSERTION: an assertion failed
    # |   FlowRefereeError in main: 1 callers still wait at a closed controller
    # |   flow_operations.py:127 in FlowProgram.__call__: table.play((Operation(What.CLOSE, MOST_OP
    # |   flow_operations.py:170 in _Table.play: self._referee.judge(steps, fates, seen)
    # |   flow_referee.py:97 in Referee.judge: self._check_closed(seen)
    # |   flow_referee.py:113 in Referee._check_closed: raise FlowRefereeError(f"{seen.waiting} cal
    # | How it came to be (31 steps, 7 switches, 75 more left out; time runs down):
    # |       main  acquire  acquire  acquire  close
    # |       ────  ───────  ───────  ───────  ─────
    # |    1  start acquire  │        │        │                   flow_operations.py:157  thread.s
    # |    2  start acquire  │        │        │                   flow_operations.py:157  thread.s
    fuzz.check_input(TARGET, b"\x00\x03\x00\x00\x00")


def test_referee_check_open_does_not_break_its_assertion_under_this_schedule() -> None:
    # finding 730672f9d5e4, first seen 2026-11-21
    # | marks 3/1: c0 acquire | c1 acquire | c2 acquire | c3 acquire; then c4 acquire | release | r
    # | ASSERTION: an assertion failed
    # |   FlowRefereeError in main: 1 callers still wait at an open gate
    # |   flow_operations.py:126 in FlowProgram.__call__: self._note(operations, table.play(operati
    # |   flow_operations.py:170 in _Table.play: self._referee.judge(steps, fates, seen)
    # |   flow_referee.py:98 in Referee.judge: self._check_open(seen)
    # |   flow_referee.py:117 in Referee._check_open: raise FlowRefereeError(f"{seen.waiting} calle
    # | How it came to be (38 steps, 10 switches, 117 more left out; time runs down):
    # |    1  main     start acquire         flow_operations.py:157  thread.start()
    # |    2  main     start acquire         flow_operations.py:157  thread.start()
    # |    3  main     sleep                 flow_operations.py:158  time.sleep(REST_S)
    # |    4  acquire  acquire Lock#1        threads.py:117          with self._lock:
    fuzz.check_input(TARGET, b"\x02\x07\x00\x00\x00\x00\x00\x02\x12")
