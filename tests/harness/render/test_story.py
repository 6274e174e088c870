"""The text of a finding, to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import harness
from harness.finding import FindingKind
from harness.render import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding

TWO = ("main", "Thread-1 (add)", "Thread-2 (add)")
LOST_UPDATE = [
    (0, "start", "Thread-1 (add)", 9),
    (0, "start", "Thread-2 (add)", 9),
    (1, "begin", "Thread-1 (add)", 3),
    (1, "read", "Counter#1.value", 4, "0"),
    (2, "read", "Counter#1.value", 4, "0"),
    (2, "write", "Counter#1.value", 4, "1"),
    (1, "write", "Counter#1.value", 4, "1"),
    (0, "read", "Counter#1.value", 12, "1"),
]
PLACE = "at counter.py:6 in body.<locals>.add"
DEADLOCK = [
    (0, "start", "Thread-1 (add)", 9),
    (0, "start", "Thread-2 (add)", 9),
    (0, "blocks on", "Thread-1 (add)", 11),
    (1, "acquire", "Lock#1", 5),
    (2, "acquire", "Lock#2", 5),
    (1, "acquire", "Lock#2", 6),
    (1, "blocks on", "Lock#2", 6),
    (2, "acquire", "Lock#1", 6),
    (2, "blocks on", "Lock#1", 6),
]


def test_a_lost_update_names_its_three_accesses_and_draws_lanes(
    finding: Callable[..., Finding],
) -> None:
    one = finding(
        LOST_UPDATE,
        TWO,
        message="AssertionError in main: (no message)",
        stack=("counter.py:12 in body: assert counter.value == 2",),
        gil_reachable="not shown under the GIL model of CPython 3.11 (300 executions tried)",
        command="holdfast replay counter:body hf2.abc",
    )
    assert (
        tell(one, width=80)
        == """\
ASSERTION: an assertion failed

  AssertionError in main

  counter.py:12 in body: assert counter.value == 2

  Look at Counter.value: Thread-1 (add) reads it in step 3 and writes it in step
  6; Thread-2 (add) writes it in step 5, in between.

How it came to be (7 steps, 4 switches; time runs down):

     main  Thread-1  Thread-2
           (add)     (add)
     ────  ────────  ────────
  1  start Thread-1  │                        counter.py:9   thread.start()
  2  start Thread-2  │                        counter.py:9   thread.start()
  3  │     read Counter.value → 0             counter.py:4   self.value += 1
  4  │     │         read Counter.value → 0   counter.py:4   self.value += 1
  5  │     │         write Counter.value ← 1  counter.py:4   self.value += 1
  6  │     write Counter.value ← 1            counter.py:4   self.value += 1
  7  read Counter.value → 1                   counter.py:12  assert counter.val…

GIL:     not shown under the GIL model of CPython 3.11 (300 executions tried)
Replay:  holdfast replay counter:body hf2.abc"""
    )


def test_a_deadlock_tells_the_cycle_with_its_lines_and_who_holds_what(
    finding: Callable[..., Finding],
) -> None:
    one = finding(
        DEADLOCK,
        TWO,
        kind=FindingKind.DEADLOCK,
        message=(
            "Thread-1 (add) waits for Lock#2 held by Thread-2 (add); "
            "Thread-2 (add) waits for Lock#1 held by Thread-1 (add)"
        ),
        places=(
            "main waits for the end of Thread-1 (add) at counter.py:11 in body",
            f"Thread-1 (add) waits for Lock#2 held by Thread-2 (add) {PLACE}",
            f"Thread-2 (add) waits for Lock#1 held by Thread-1 (add) {PLACE}",
        ),
    )
    assert (
        tell(one, width=80)
        == """\
DEADLOCK: tasks wait for each other

  Thread-1 (add) waits for Lock#2 held by Thread-2 (add), at counter.py:6 in add
  Thread-2 (add) waits for Lock#1 held by Thread-1 (add), at counter.py:6 in add

How it came to be (7 steps, 4 switches; time runs down):

     main  Thread-1  Thread-2
           (add)     (add)
     ────  ────────  ────────
  1  start Thread-1  │                counter.py:9   thread.start()
  2  start Thread-2  │                counter.py:9   thread.start()
  3  join Thread-1   │                counter.py:11  thread.join()
  4  │     acquire Lock#1             counter.py:5   with first:
  5  │     │         acquire Lock#2   counter.py:5   with first:
  6  │     wait for Lock#2            counter.py:6   with second:
  7  │     │         wait for Lock#1  counter.py:6   with second:

At the end:
  main waits for the end of Thread-1 (add), at counter.py:11 in body
  Thread-1 (add) holds Lock#1, taken at counter.py:5 in add
  Thread-2 (add) holds Lock#2, taken at counter.py:5 in add

Replay:  harness.replay(body, "hf2.abc")"""
    )


def test_more_tasks_than_lanes_are_told_as_a_list(finding: Callable[..., Finding]) -> None:
    names = ("main", *(f"Thread-{number} (add)" for number in range(1, 8)))
    steps = [(task, "write", "Counter#1.value", 4, str(task)) for task in range(1, 8)]
    assert (
        tell(finding(steps, names), width=80)
        == """\
ASSERTION: an assertion failed

  AssertionError in main: lost

  Look at Counter.value: Thread-6 (add) writes it in step 6, Thread-7 (add)
  writes it in step 7, and nothing orders the two.

How it came to be (7 steps, 6 switches; time runs down):

  1  Thread-1 (add)  write Counter.value ← 1  counter.py:4  self.value += 1
  2  Thread-2 (add)  write Counter.value ← 2  counter.py:4  self.value += 1
  3  Thread-3 (add)  write Counter.value ← 3  counter.py:4  self.value += 1
  4  Thread-4 (add)  write Counter.value ← 4  counter.py:4  self.value += 1
  5  Thread-5 (add)  write Counter.value ← 5  counter.py:4  self.value += 1
  6  Thread-6 (add)  write Counter.value ← 6  counter.py:4  self.value += 1
  7  Thread-7 (add)  write Counter.value ← 7  counter.py:4  self.value += 1

Replay:  harness.replay(body, "hf2.abc")"""
    )


def test_a_lock_that_was_waited_for_is_held_from_when_it_was_got(
    finding: Callable[..., Finding],
) -> None:
    steps = [
        (1, "acquire", "Lock#1", 5),
        (1, "write", "Counter#1.value", 4, "1"),
        (2, "acquire", "Lock#1", 5),
        (2, "blocks on", "Lock#1", 5),
        (1, "release", "Lock#1", 5),
        (2, "goes on after", "Lock#1", 5),
        (2, "read", "Counter#1.value", 4, "1"),
    ]
    text = tell(finding(steps, TWO), width=80)
    assert "Look at" not in text  # the lock orders them
    assert (
        """\
     Thread-1  Thread-2
     (add)     (add)
     ────────  ────────
  1  acquire Lock                             counter.py:5  with first:
  2  write Counter.value ← 1 {Lock}           counter.py:4  self.value += 1
  3  │         wait for Lock                  counter.py:5  with first:
  4  release Lock                             counter.py:5  with first:
  5  │         acquire Lock                   counter.py:5  with first:
  6  │         read Counter.value → 1 {Lock}  counter.py:4  self.value += 1

At the end:
  Thread-2 (add) holds Lock, taken at counter.py:5 in add
"""
        in text
    )


def test_a_lock_that_was_only_tried_is_not_held(finding: Callable[..., Finding]) -> None:
    steps = [
        (1, "acquire", "Lock#1", 5),
        (2, "acquire", "Lock#1", 5),  # blocking=False: it goes on without
        (2, "write", "Counter#1.value", 4, "1"),
        (1, "write", "Counter#1.value", 4, "1"),
    ]
    text = tell(finding(steps, TWO), width=100)
    assert "write Counter.value ← 1  " in text
    assert "Thread-2 (add) holds" not in text
    assert "Thread-1 (add) holds Lock" in text


def test_a_check_made_stale_while_the_lock_was_let_go_is_named(
    finding: Callable[..., Finding],
) -> None:
    steps = [
        (1, "acquire", "Lock#1", 5),
        (1, "read", "Counter#1.value", 4, "1"),
        (1, "release", "Lock#1", 5),
        (2, "acquire", "Lock#1", 5),
        (2, "write", "Counter#1.value", 4, "0"),
        (2, "release", "Lock#1", 5),
        (1, "acquire", "Lock#1", 5),
        (1, "write", "Counter#1.value", 4, "-1"),
    ]
    text = " ".join(tell(finding(steps, TWO), width=80).split())
    assert (
        "Look at Counter.value: Thread-1 (add) reads it in step 2 and writes it in step 8; "
        "Thread-2 (add) writes it in step 5, in between." in text
    )


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([(1, "read", "A#1.x", 4, "0"), (2, "read", "A#1.x", 4, "0")], id="two reads"),
        pytest.param(
            [(0, "write", "A#1.x", 4, "0"), (1, "begin", "Thread-1", 4), (1, "read", "A#1.x", 4)],
            id="ordered by the start of a thread",
        ),
        pytest.param(
            [
                (1, "write", "A#1.x", 4, "0"),
                (0, "goes on after", "Thread-1", 11),
                (0, "read", "A#1.x", 4),
            ],
            id="ordered by a join",
        ),
        pytest.param(
            [
                (0, "write", "A#1.x", 4, "0"),
                (0, "blocks on", "Thread-1", 11),
                (1, "begin", "Thread-1", 4),
                (1, "write", "A#1.x", 4, "1"),
                (0, "goes on after", "Thread-1", 11),
                (0, "read", "A#1.x", 4),
            ],
            id="a join between the two of one task",
        ),
    ],
)
def test_ordered_accesses_are_not_pointed_at(
    finding: Callable[..., Finding], steps: list[tuple[int, str, str, int]]
) -> None:
    assert "Look at" not in tell(finding(steps, TWO), width=80)


def test_a_long_trace_shows_its_ends_and_says_how_much_is_left_out(
    finding: Callable[..., Finding],
) -> None:
    steps = [(1 + number % 2, "write", "Counter#1.value", 4, str(number)) for number in range(200)]
    lines = tell(finding(steps, TWO, truncated=7), width=80).splitlines()
    assert "How it came to be (200 steps, 199 switches, 7 more left out; time runs down):" in lines
    gap = lines.index("    ⋮  120 steps left out")
    assert lines[gap - 1].split()[0] == "40"
    assert lines[gap + 1].split()[0] == "161"


@pytest.mark.parametrize("width", [80, 100, 140, 40, 400])
def test_no_line_of_a_trace_is_wider_than_the_terminal(
    finding: Callable[..., Finding], width: int
) -> None:
    names = ("main", "A-thread-with-a-very-long-name-indeed (and_a_long_function_of_it)", "T")
    steps = [(task, "write", f"Thing#1.{'attribute' * 5}", 13, "1") for task in (0, 1, 2) * 3]
    text = tell(finding(steps, names), width=width)
    assert max(len(line) for line in text.splitlines()) <= min(max(width, 80), 140)
    assert "counter.py:13" in text


def test_wide_terminals_show_the_whole_source_line(finding: Callable[..., Finding]) -> None:
    steps = [(1, "write", "A#1.x", 13, "1"), (2, "write", "A#1.x", 13, "2")]
    line = "and_yet_more)"
    assert line in tell(finding(steps, TWO), width=140)
    assert line not in tell(finding(steps, TWO), width=80)


def test_files_of_one_name_are_told_apart_by_their_folders(finding: Callable[..., Finding]) -> None:
    one = finding([(1, "write", "A#1.x", 4), (2, "write", "A#1.x", 4)], TWO)
    first, second = one.trace.events
    second.site = type(first.site)("/elsewhere/app/counter.py", 4, "add")
    text = tell(one, width=100)
    assert "app/counter.py:4" in text
    assert text.count("/counter.py:4") == 2


def test_the_words_of_an_assertion_keep_their_lines(finding: Callable[..., Finding]) -> None:
    one = finding([], (), message="AssertionError in main: assert 1 == 2; no\n  where 1 = n")
    assert tell(one, width=80).splitlines()[:4] == [
        "ASSERTION: an assertion failed",
        "",
        "  AssertionError in main: assert 1 == 2; no",
        "    where 1 = n",
    ]


SECRET = b"correct horse battery staple"


def holds_a_secret_badly() -> None:
    import threading  # noqa: PLC0415  # a body stands alone

    class Vault:
        def __init__(self) -> None:
            self.key: bytes | None = SECRET
            self.parts = [SECRET, bytearray(SECRET)]
            self.by_key = {SECRET: 1}

    vault = Vault()

    def use() -> None:
        key = vault.key
        vault.parts.append(memoryview(SECRET))  # type: ignore[arg-type]  # a buffer will do
        vault.by_key[SECRET] += 1
        vault.key = key

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    raise AssertionError("to see the story")


def test_bytes_are_never_shown() -> None:
    finding = harness.explore(holds_a_secret_badly, executions=1).finding
    assert finding is not None
    story = tell(finding, width=120)
    assert "<bytes of 28>" in story
    assert "horse" not in story
    assert "horse" not in repr(finding)
    assert "horse" not in str(finding.to_json())


def test_every_kind_has_a_headline_that_says_it_once(finding: Callable[..., Finding]) -> None:
    for kind in FindingKind:
        head = tell(finding([], (), kind=kind), width=80).splitlines()[0]
        name, colon, sentence = head.partition(": ")
        assert name == kind.name
        assert colon
        assert not sentence.lower().startswith(name.lower().replace("_", " ") + ":")
