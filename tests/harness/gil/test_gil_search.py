"""The search for the same failure where CPython with the GIL can switch."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.engine.recorder import Recorder
from harness.errors import UncontrolledError
from harness.exploring import visible_body
from harness.finding import signature_of
from harness.gil_search import GUIDED_TRIES, WALKS, GilSearch, searched
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.recorder import Event
    from harness.engine.task import Task
    from harness.gil_search import GilSchedule

VERSION = f"CPython {sys.version_info[0]}.{sys.version_info[1]}"


class Shared:
    def __init__(self) -> None:
        self.n = 0
        self.stage = 0
        self.bad = False


def same(value: int) -> int:
    return value


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def abba() -> None:
    one, two = threading.Lock(), threading.Lock()

    def take(first: threading.Lock, second: threading.Lock) -> None:
        with first, second:
            pass

    in_tasks(lambda: take(one, two), lambda: take(two, one))


def lost_across_a_call() -> None:
    shared = Shared()

    def add() -> None:
        shared.n = same(shared.n) + 1

    in_tasks(add, add)
    assert shared.n == 2


def lost_in_place() -> None:
    shared = Shared()

    def add() -> None:
        shared.n += 1

    in_tasks(add, add)
    assert shared.n == 2


def eight_steps_in_turn() -> None:
    """Fails only if two tasks take eight turns each in exact alternation."""
    global in_turn  # noqa: PLW0603  # for who makes it fail
    shared = in_turn = Shared()

    def work(mine: int) -> None:
        for turn in range(8):
            same(0)
            if shared.stage == 2 * turn + mine:
                shared.stage += 1

    in_tasks(lambda: work(0), lambda: work(1))
    assert shared.stage < 16


in_turn = Shared()


class Alternating:
    """Lets the task go on whose turn it is."""

    def begin(self, execution: int) -> bool:
        return execution >= 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        wanted = in_turn.stage % 2 + 1
        return next((task for task in ready if task.id == wanted), ready[0])


def uncontrolled() -> None:
    lost_in_place()
    if gil_runs:
        raise UncontrolledError("a test", "here", "Nothing.")


gil_runs = False


def failing_run(body: Callable[[], None]) -> tuple[Ending, Sequence[Event]]:
    """Return a failing execution of the free-threaded model with its events."""
    strategy = Alternating() if body is eight_steps_in_turn else RandomWalk(1)
    campaign = Campaign(model="free-threaded", max_steps=5_000, body=body)
    with visible_body(body) as (runnable, _), campaign:
        for number in range(200):
            strategy.begin(number)
            recorder = Recorder()
            ending, _ = campaign.run(runnable, strategy, recorder=recorder)
            if ending.kind is not EndingKind.FINISHED:
                return ending, recorder.events
    raise AssertionError("no execution failed")


def search(body: Callable[[], None]) -> tuple[Ending, GilSchedule | None, str, int]:
    ending, events = failing_run(body)
    global gil_runs  # noqa: PLW0603  # what the body asks
    gil_runs = True
    campaign = Campaign(model="gil", max_steps=5_000, body=body)
    with visible_body(body) as (runnable, _), campaign:
        looking = GilSearch(campaign, runnable, signature=signature_of(ending), seed=0)
        found, words = searched(looking, events, early=False)
    gil_runs = False
    return ending, found, words, looking.tries


@pytest.mark.parametrize("body", [abba, lost_across_a_call])
def test_a_failure_at_points_of_the_gil_model_is_found_by_its_order_alone(
    body: Callable[[], None],
) -> None:
    ending, found, words, tries = search(body)
    assert found is not None
    assert signature_of(found.ending) == signature_of(ending)
    assert words == f"shown under the GIL model of {VERSION}"
    assert tries <= 3


@pytest.mark.slow
def test_an_order_of_many_turns_is_followed_that_no_walk_would_find() -> None:
    # A walk has to choose right at every turn: below 2**-16 a try, 240 tries, less than 0.004.
    _, found, _, tries = search(eight_steps_in_turn)
    assert found is not None
    assert tries <= GUIDED_TRIES


def test_what_the_model_cannot_do_is_told_with_what_was_tried() -> None:
    _, found, words, tries = search(lost_in_place)
    assert found is None
    assert tries == GUIDED_TRIES + 2 * WALKS == 300
    assert words == f"not shown under the GIL model of {VERSION} (300 executions tried)"


def test_a_search_that_cannot_go_on_says_why() -> None:
    _, found, words, _ = search(uncontrolled)
    assert found is None
    assert words.startswith(f"not shown under the GIL model of {VERSION} (the search for it ended")
