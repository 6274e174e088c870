"""The reads-from relation, read off executions whose schedule is given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.campaign import Campaign
from harness.exploring import visible_body
from harness.strategies.abstract_event import INITIAL
from harness.strategies.reads_from import ReadsFrom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Watch:
    """Runs the tasks in an order of their ids, and keeps the relation.

    Args:
        order: Whose turn it is first; it goes on for as long as it can.
    """

    def __init__(self, order: Sequence[int] = ()) -> None:
        self.relation = ReadsFrom()
        self.order = order
        self.operations = True
        self.seen: list[tuple[str | int, str | int]] = []

    def begin(self, execution: int) -> bool:
        self.relation.begin()
        self.seen = []
        return True

    def pick(self, ready: Any, current: Any) -> Any:
        for wanted in self.order:
            for task in ready:
                if task.id == wanted:
                    return task
        return ready[0]

    def perform(self, task: Any, atomic: bool) -> None:  # noqa: FBT001  # Protocol
        _, pair = self.relation.perform(task)
        if pair is not None:
            kind = self.relation.events.kind
            write = "initial" if pair[0] == INITIAL else kind(pair[0])
            self.seen.append((write, kind(pair[1])))

    def finish(self, tasks: Any, ending: Any) -> None:
        self.relation.finish()


def watch(body: Callable[[], None], *orders: Sequence[int]) -> Watch:
    """Run once with each order; return the watch after the last."""
    strategy = Watch()
    with (
        visible_body(body) as (runnable, _),
        Campaign(model="free-threaded", max_steps=1_000, body=runnable) as campaign,
    ):
        for number, order in enumerate(orders):
            strategy.order = order
            strategy.begin(number)
            campaign.run(runnable, strategy)
    return strategy


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_writes_one_reads() -> None:
    cell = [0]

    def write() -> None:
        cell[0] = 1

    def read() -> int:
        return cell[0]

    in_tasks(write, read)


WRITE, READ = 1, 0  # kinds of the board


@pytest.mark.parametrize(
    ("order", "pair"),
    [((0, 1, 2), (WRITE, READ)), ((0, 2, 1), ("initial", READ))],
    ids=["write first", "read first"],
)
def test_a_read_reads_from_the_last_write_or_the_initial_value(
    order: Sequence[int], pair: tuple[str | int, str | int]
) -> None:
    assert pair in watch(one_writes_one_reads, order).seen


def test_both_pairs_could_happen_after_only_one_was_seen() -> None:
    relation = watch(one_writes_one_reads, (0, 1, 2)).relation
    (seen,) = [pair for pair in relation.pairs if relation.events.owner(pair[1]) == "list"]
    write, read = seen
    assert {(write, read), (INITIAL, read)} <= set(relation.candidates)
    assert list(relation.rivals[read]) == [write]


def test_what_a_task_reads_of_its_own_is_no_pair() -> None:
    def body() -> None:
        cell = [0]

        def work() -> None:
            cell[0] = 1
            assert cell[0]

        in_tasks(work)

    assert (WRITE, READ) not in watch(body, ()).seen


def test_events_are_the_same_for_another_task_and_another_execution() -> None:
    def body() -> None:
        cell = [0]

        def work() -> None:
            cell[0] = 1

        in_tasks(work, work, work)

    once = watch(body, ())
    thrice = watch(body, (), (0, 3, 2, 1), (0, 2, 3, 1))
    assert len(once.relation.events) == len(thrice.relation.events)
    written = [pair for pair in thrice.relation.candidates
               if thrice.relation.events.kind(pair[0]) == WRITE]  # fmt: skip
    assert written == []  # nobody reads


def test_two_lines_are_two_events() -> None:
    def body() -> None:
        cell = [0]

        def work() -> None:
            cell[0] = 1
            cell[0] = 2

        def read() -> int:
            return cell[0]

        in_tasks(work, read)

    relation = watch(body, ()).relation
    assert (
        len([pair for pair in relation.candidates if relation.events.kind(pair[0]) == WRITE]) == 2
    )


def test_an_acquisition_reads_from_the_last_release() -> None:
    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            with lock:
                pass

        in_tasks(work, work)

    relation = watch(body, ()).relation
    kind = relation.events.kind
    pairs = [tuple(map(kind, pair)) for pair in relation.candidates]
    # Two acquisitions of one lock without a release between them are not to be had.
    assert ("release", "acquire") in pairs
    assert ("acquire", "acquire") not in pairs


def test_who_wakes_from_a_wait_reads_from_the_set_and_never_from_nothing() -> None:
    def body() -> None:
        event = threading.Event()
        in_tasks(event.wait, event.set)

    assert ("set", "wait") in watch(body, (0, 2, 1)).seen
    strategy = watch(body, (0, 1, 2))
    assert ("initial", "wait") in strategy.seen
    assert ("set", "resume") in strategy.seen
    kind = strategy.relation.events.kind
    woken = [pair for pair in strategy.relation.candidates if kind(pair[1]) == "resume"]
    assert woken
    assert all(pair[0] != INITIAL for pair in woken)


def test_the_whole_content_overlaps_each_entry() -> None:
    def body() -> None:
        items = [0, 0]

        def change() -> None:
            items.append(1)

        def look() -> int:
            return items[0]

        def size() -> int:
            return len(items)

        def store() -> None:
            items[0] = 1

        in_tasks(change, look, size, store)

    relation = watch(body, ()).relation
    kind = relation.events.kind
    pairs = [pair for pair in relation.candidates if kind(pair[1]) == READ and pair[0] != INITIAL]
    # Each of the two reads can read from each of the two writes.
    assert len(pairs) == 4


def test_another_entry_is_another_place() -> None:
    def body() -> None:
        items = [0, 0]

        def store() -> None:
            items[0] = 1

        def look() -> int:
            return items[1]

        in_tasks(store, look)

    relation = watch(body, ()).relation
    kind = relation.events.kind
    assert not [pair for pair in relation.candidates if tuple(map(kind, pair)) == (WRITE, READ)]


def test_what_is_written_before_there_are_threads_is_no_initial_value() -> None:
    class Made:
        def __init__(self) -> None:
            self.value = 0

    def body() -> None:
        made = Made()

        def write() -> None:
            made.value = 1

        def read() -> int:
            return made.value

        in_tasks(write, read)

    relation = watch(body, ()).relation
    events = relation.events
    pairs = [pair for pair in relation.candidates
             if events.owner(pair[1]) == "Made" and events.kind(pair[1]) == READ]  # fmt: skip
    assert len(pairs) == 2  # from the constructor, and from the other thread
    assert all(pair[0] != INITIAL for pair in pairs)
