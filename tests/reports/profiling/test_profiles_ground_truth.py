"""Programs whose costs are known are profiled, by the real profiler and by broken ones."""

from __future__ import annotations

import pytest

from reports.profiling.hot_spot import ProfileKind
from tests.reports.profiling import profiled_programs as programs

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("planted", programs.CHECKS)
def test_a_planted_bug_in_the_profiler_fails_the_check_that_the_real_one_passes(
    planted: str,
) -> None:
    kind, target, check = programs.CHECKS[planted]
    assert check(programs.profiled(programs.KNOWN, target, kind)) == []
    assert check(programs.profiled(programs.BROKEN, planted, kind)) != []


def test_work_between_short_waits_is_seen_where_it_is_done() -> None:
    # What a thread that looks at all stacks gets wrong: it sees workers where they begin to wait.
    found = programs.profiled(programs.KNOWN, "short_bursts", ProfileKind.CPU)
    assert programs.share(found, "compute") > 0.7
    assert programs.share(found, "work_on") < 0.25


def test_one_thread_is_profiled_by_ticks() -> None:
    # 150 ticks of 4 ms: a share of 0.7 has a standard error of 0.04; off by 0.2 in 1 of 1e6.
    found = programs.profiled(programs.KNOWN, "one_thread", ProfileKind.CPU, time_s=0.6)
    assert any("by ticks" in note for note in found.notes)
    expected = {"seventy": 0.7, "twenty": 0.2, "ten": 0.1}
    assert programs.wrong_shares(found, expected, within=0.2) == []
    whole = programs.spot(found, "one_thread")
    assert whole is None or whole.amount < 0.1 * found.total


@pytest.mark.parametrize(
    ("target", "place", "library"),
    [
        ("queue_get", "queue_get.take", "queue.Queue.get"),
        ("rlock", "Holder.take", "RLock"),
        ("semaphore", "Holder.take", "threading.Semaphore.acquire"),
        ("condition_lock", "Holder.take", "threading.Condition.__enter__"),
        ("simple_queue_get", "simple_queue_get.take", "SimpleQueue.get"),
        ("event_wait", "event_wait.take", "threading.Event.wait"),
        ("condition_wait", "condition_wait.take", "threading.Condition.wait"),
        ("barrier_wait", "barrier_wait.take", "threading.Barrier.wait"),
        ("thread_join", "thread_join.take", "Thread.join"),
    ],
)
def test_each_way_to_wait_is_timed_at_the_users_function(
    target: str, place: str, library: str
) -> None:
    found = programs.profiled(programs.KNOWN, target, ProfileKind.WAIT)
    waited = programs.spot(found, place)
    assert waited is not None
    assert 0.8 * programs.WAIT_S < waited.amount / found.calls < 1.8 * programs.WAIT_S
    assert any(library in text for text, _ in waited.details)


def test_who_holds_the_lock_is_named() -> None:
    found = programs.profiled(programs.KNOWN, "lock", ProfileKind.WAIT)
    waited = programs.spot(found, "Holder.take")
    assert waited is not None
    assert "held by" in waited.details[0][0]
    assert waited.details[0][0].endswith("Holder.hold")


def test_who_ended_a_wait_is_named() -> None:
    found = programs.profiled(programs.KNOWN, "event_wait", ProfileKind.WAIT)
    waited = programs.spot(found, "event_wait.take")
    assert waited is not None
    assert any(text.endswith("Giver.give") and "until" in text for text, _ in waited.details)


def test_what_a_call_leaves_behind_is_told_from_what_it_used() -> None:
    found = programs.profiled(programs.KNOWN, "keeper", ProfileKind.MEMORY)
    keeper = programs.spot(found, "keeper")
    assert keeper is not None
    assert keeper.kept is not None
    assert keeper.kept >= 1_000_000
    gone = programs.spot(
        programs.profiled(programs.KNOWN, "ten_megabytes", ProfileKind.MEMORY), "big"
    )
    assert gone is not None
    assert gone.kept is not None
    assert gone.kept < 10_000
