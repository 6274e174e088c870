"""Real threads whose calls are recorded and judged: was there an order that explains them?

An invariant sees an object at rest. A history sees what each call returned while others ran, so a
result that could not have been right at any moment shows, also where the object looks well after.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability import Recording, check, reduce
from harness.linearizability.judgement import Criterion

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.linearizability import History, Judgement, Model

JUDGING_S: Final = 20.0  # 100x the slowest history of the scenarios here on two loaded cores
REDUCTION_S: Final = 5.0


class HistoryError(AssertionError):
    """A recorded history has no order that the model allows."""

    def __init__(self, story: str) -> None:
        super().__init__(story)
        self.story = story

    def __str__(self) -> str:
        return self.story


class UndecidedHistoryError(AssertionError):
    """A recorded history could not be judged in time, which is no pass."""

    def __init__(self, why: str, operations: int) -> None:
        super().__init__(why, operations)
        self.why = why
        self.operations = operations

    def __str__(self) -> str:
        return (
            f"a history of {self.operations} operations was not decided ({self.why}): too many of "
            "them overlap. Let fewer threads, or fewer rounds, make one history, and more of these."
        )


class Client:
    """One thread's hand on the recording. Belongs to its thread.

    Attributes:
        number: Of the thread, from 0.
        chance: A stream of its own, so that what it calls follows from the seed.
    """

    __slots__ = ("_name", "_recording", "chance", "number")

    def __init__(self, number: int, recording: Recording, seed: int) -> None:
        self.number = number
        self.chance = random.Random(f"{seed}/{number}")  # noqa: S311  # reproducible choices
        self._name = f"thread {number}"
        self._recording = recording

    def call(
        self,
        name: str,
        function: Callable[..., Any],
        /,
        *arguments: Any,  # noqa: ANN401  # whatever the function takes
        **keywords: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Call a function and record it; what it raises is recorded, and raised on."""
        return self._recording.call(self._name, name, function, *arguments, **keywords)


def record_threads(  # noqa: PLR0913  # each of them by its name
    work: Callable[[Client], None],
    *,
    threads: int,
    rounds: int | None = None,
    duration_s: float | None = None,
    seed: int = 0,
    gather: bool = True,
    name: str = "",
) -> History:
    """Let threads work on one object and return the history of what they called.

    Args:
        work: What each thread does in each round; it calls through its client.
        rounds: How often each thread works; None: until the time is over.
        duration_s: No round begins after this, in seconds; None: no bound.
        gather: Let no thread begin before all are there: real threads else come one by one.

    Raises:
        Exception: What a thread raised, the first that did.
    """
    _check_bounds(threads, rounds, duration_s)
    recording = Recording(name=name)
    failures: list[BaseException] = []
    start = threading.Barrier(threads)
    ends_s = None if duration_s is None else time.monotonic() + duration_s

    def run(client: Client) -> None:
        if gather:
            start.wait()
        done = 0
        while _goes_on(done, rounds, ends_s) and not failures:
            work(client)
            done += 1

    def guarded(client: Client) -> None:
        try:
            run(client)
        except Exception as error:  # noqa: BLE001  # raised again by the caller
            failures.append(error)

    started = [
        threading.Thread(target=guarded, args=(Client(number, recording, seed),), daemon=True)
        for number in range(threads)
    ]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()  # without a limit: whoever runs this tells a hang better
    if failures:
        raise failures[0]
    return recording.history()


def judge_threads(history: History, model: Model[Any], *, budget_s: float = JUDGING_S) -> Judgement:
    """Return the judgement of a history that is linearizable.

    Raises:
        HistoryError: It is not; the error tells the smallest part found that shows it.
        UndecidedHistoryError: The budget ended first.
    """
    judgement = check(history, model, criterion=Criterion.LINEARIZABLE, budget_s=budget_s)
    if judgement.holds is None:
        raise UndecidedHistoryError(judgement.why, len(history))
    if not judgement.holds:
        raise HistoryError(str(reduce(history, judgement, budget_s=REDUCTION_S)))
    return judgement


def _goes_on(done: int, rounds: int | None, ends_s: float | None) -> bool:
    if rounds is not None and done >= rounds:
        return False
    return ends_s is None or time.monotonic() < ends_s


def _check_bounds(threads: int, rounds: int | None, duration_s: float | None) -> None:
    if threads < 1:
        raise ArgumentError("threads", threads, "a whole number from 1 on")
    if rounds is None and duration_s is None:
        raise ArgumentError("rounds", rounds, "a bound: rounds, or duration_s, or both")
