"""A loop without progress is a livelock; a long one, an unfair one or one that will end is not."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind, Verdict
from harness.campaign import Campaign
from harness.engine.place import Site
from harness.engine.recorder import Event
from harness.exploring import visible_body
from harness.livelock import Cycle, LivelockSearch, find_cycle
from harness.strategies.dfs import BoundedDfs

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding


def _programs() -> Any:
    """Import the programs as a user's plain `import` does, whatever pytest's hook does."""
    path = Path(__file__).with_name("livelock_programs.py")
    spec = importlib.util.spec_from_file_location("livelock_programs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["livelock_programs"] = module
    spec.loader.exec_module(module)
    return module


programs = _programs()


def livelock_of(body: Callable[[], object], **settings: Any) -> Finding:
    result = harness.explore(body, **{"executions": 50, **settings})
    assert result.verdict is Verdict.FAILED, result
    assert result.finding is not None
    assert result.finding.kind is FindingKind.LIVELOCK, result.finding
    return result.finding


# -- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", programs.LIVELOCKS, ids=lambda body: body.__name__)
def test_a_loop_without_progress_is_found_and_replays(body: Any) -> None:
    # The one that needs an order of two tasks misses with (1 - 1/4)**50 < 1e-6.
    finding = livelock_of(body, strategy="random", max_steps=2_000)
    for _ in range(2):
        again = harness.replay(body, finding.token)
        assert again is not None
        assert again.kind is FindingKind.LIVELOCK
        assert again.message == finding.message


@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_one_that_needs_an_order_is_found_by_the_search(strategy: str) -> None:
    finding = livelock_of(programs.flag_that_is_set_too_early, strategy=strategy, max_steps=2_000)
    assert len(finding.trace.events) < 60  # the way there, and two turns


def test_the_finding_shows_one_turn_of_the_cycle_in_order() -> None:
    finding = livelock_of(programs.after_you)
    head, *turn = finding.message.splitlines()
    assert head == (
        "2 tasks repeat 6 operations for ever; nothing changes, and everybody who can go on does. "
        "One turn:"
    )
    assert [line.split(" at ")[0].strip() for line in turn] == [
        "Thread-1 (<lambda>): read Walker#2.wants (True)",
        "Thread-2 (<lambda>): read Walker#1.wants (True)",
        "Thread-1 (<lambda>): write Walker#1.wants (False)",
        "Thread-2 (<lambda>): write Walker#2.wants (False)",
        "Thread-1 (<lambda>): write Walker#1.wants (True)",
        "Thread-2 (<lambda>): write Walker#2.wants (True)",
    ]
    assert all("livelock_programs.py:" in line for line in turn)
    assert any(place.startswith("main waits for the end of") for place in finding.places)
    assert len(finding.trace.events) < 60  # the way there, and two turns
    assert str(finding).startswith("LIVELOCK: tasks run and make no progress")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["after_you", "polls_a_queue", "flag_that_is_set_too_early", "spins_alone"]
)
def test_the_token_shows_it_20_of_20_times_in_another_process(name: str, tmp_path: Path) -> None:
    finding = livelock_of(getattr(programs, name), strategy="random", max_steps=2_000)
    script = f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
        import harness, livelock_programs
        kinds = [harness.replay(livelock_programs.{name}, {finding.token!r}) for _ in range(20)]
        print({{finding.kind.name for finding in kinds}})
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, check=False, timeout=110, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "{'LIVELOCK'}\n", done


def test_a_repaired_program_does_not_fail_the_token() -> None:
    token = livelock_of(programs.spin_together).token
    with pytest.raises(harness.DriftError):
        harness.replay(programs.ended_by_another, token)


# -- what is none ---------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["random", "pct"])
@pytest.mark.parametrize("body", programs.CORRECT, ids=lambda body: body.__name__)
def test_a_correct_program_is_never_called_a_livelock(body: Any, strategy: str) -> None:
    result = harness.explore(body, strategy, executions=200)
    assert result.finding is None
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize("body", programs.LONG, ids=lambda body: body.__name__)
def test_what_proves_nothing_stays_undecided(body: Any) -> None:
    result = harness.explore(body, executions=3, max_steps=1_000)
    assert result.finding is None
    assert result.verdict is Verdict.UNDECIDED
    assert "met the bound of 1000 steps" in result.evidence


@pytest.mark.parametrize("body", programs.CORRECT[:2], ids=lambda body: body.__name__)
def test_an_unfair_schedule_is_no_proof(body: Any) -> None:
    """Whoever polls keeps the processor up to the bound; with turns for all it ends."""

    class Unfair(BoundedDfs):
        def pick(self, ready: Any, current: Any) -> Any:
            return current if current is not None else ready[0]

    with (
        visible_body(body) as (runnable, _),
        Campaign(model="free-threaded", max_steps=1_000, body=runnable) as campaign,
    ):
        ending, schedule = campaign.run(runnable, Unfair())
        search = LivelockSearch(campaign, runnable, early=False)
        assert len(schedule) > 900, ending
        assert search.from_schedule(schedule) is None


# -- the period -----------------------------------------------------------------------------------


def events_of(text: str, *, values: str = "") -> list[Event]:
    site = Site("program.py", 1, "work")
    values = values or "0" * len(text)
    return [
        Event(number, ord(letter), letter, "read", f"thing {letter}", site, value)
        for number, (letter, value) in enumerate(zip(text, values, strict=True))
    ]


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("x" + "ab" * 40, Cycle(1, 2)),
        ("a" * 50, Cycle(0, 1)),
        ("xyz" + "aab" * 30, Cycle(3, 3)),
        ("b" + "ab" * 40, Cycle(1, 2)),  # what is before a whole turn is none of it
        ("ab" * 40 + "c", None),  # it is over
        ("ab" * 10, None),  # too short to tell
        ("abcdefghij" * 4, None),  # too few turns
        ("", None),
    ],
)
def test_a_period_is_found_at_the_end_alone(text: str, cycle: Cycle | None) -> None:
    assert find_cycle(events_of(text)) == cycle


def test_other_values_are_no_period() -> None:
    assert find_cycle(events_of("a" * 60, values="".join(chr(33 + n) for n in range(60)))) is None


def test_objects_made_anew_in_each_turn_do_not_hide_a_period() -> None:
    events = events_of("ab" * 40)
    for number, event in enumerate(events):
        event.target = f"Box#{number}.n"
    assert find_cycle(events) == Cycle(0, 2)
