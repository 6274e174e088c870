"""Where weakenings are tried: each is judged under a small budget, all of them under one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from harness.linearizability.counterexample import Reduction
from harness.linearizability.model_answers import unpredictable
from harness.linearizability.reduction_steps import Weakening, weaken, without_results

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from harness.linearizability.history import History
    from harness.linearizability.judgement import Criterion, Failure, Judgement
    from harness.linearizability.model import Model
    from harness.linearizability.reduction_steps import Weakened

# A weakening that takes longer is not taken: most take under a millisecond, and what is left out of
# the reduction costs the reader one more operation to look at.
LEAST_SHARE: Final = 0.01
MOST_SHARE: Final = 0.1
TIMES_TYPICAL: Final = 4  # what the last one took that was decided tells how large the history is
MAX_CONFIGURATIONS: Final = 50_000  # of one weakening, so that a fast machine finds no other core
LEAST_CHECK_S: Final = 0.001
LAST_CHECK_S: Final = 0.5  # for the orders of the core, even if the budget is spent


class Judge(Protocol):
    """What judges a history: `harness.linearizability.check`."""

    def __call__(  # noqa: PLR0913  # as check takes them
        self,
        history: History,
        model: Model[object],
        *,
        criterion: Criterion,
        budget_s: float,
        max_configurations: int,
        blocked: Collection[int],
    ) -> Judgement:
        """Return whether the history fits the model."""


class Bench:
    """Tries weakenings of one history until a budget ends."""

    def __init__(
        self,
        failure: Failure,
        *,
        criterion: Criterion,
        judge: Judge,
        budget_s: float,
        blocked: frozenset[int] = frozenset(),
    ) -> None:
        self.history = failure.history
        self.model = failure.model
        self.criterion = criterion
        self.erratic = unpredictable(failure)
        self.tried = 0
        self.undecided = 0
        self.stopped = False
        self._judge = judge
        self._budget_s = budget_s
        self._typical_s = budget_s  # until the first is decided, any may take as long as it may
        self._others: list[Bench] = []
        self._begin = time.perf_counter()
        self.blocked = blocked
        if blocked and self._wrong_without(blocked):
            self.blocked = frozenset()

    def is_bad(self, weakening: Weakening) -> bool:
        """Say whether a weaker history still has no order; False where that is not known."""
        if self.is_over():
            return False
        begin = time.perf_counter()
        weaker = self.weakened(weakening)
        judgement = self.judge(weaker, budget_s=self._share_s())
        self.tried += 1
        if judgement.holds is None:
            self.undecided += 1
        else:
            self._typical_s = time.perf_counter() - begin
        return judgement.failure is not None

    def _share_s(self) -> float:
        """Return how long one weaker history may take."""
        least, most = self._budget_s * LEAST_SHARE, self._budget_s * MOST_SHARE
        share_s = min(max(least, TIMES_TYPICAL * self._typical_s), most)
        return max(min(share_s, self._budget_s - self._elapsed_s()), LEAST_CHECK_S)

    def of(self, failure: Failure, *, share: float = 1.0) -> Bench:
        """Return a bench of another form of the history, under a share of what is left."""
        other = Bench(
            failure, criterion=self.criterion, judge=self._judge, budget_s=share * self.left_s()
        )
        self._others.append(other)
        return other

    def left_s(self) -> float:
        """Return what is left of the budget."""
        return max(self._budget_s - self._elapsed_s(), 0)

    def is_over(self) -> bool:
        """Say whether the budget has ended."""
        self.stopped = self.stopped or self._elapsed_s() >= self._budget_s
        return self.stopped

    def weakened(self, weakening: Weakening) -> Weakened:
        """Return the weaker history."""
        return weaken(self.history, weakening, criterion=self.criterion)

    def explain(self, weakened: Weakened) -> Judgement:
        """Return what a weaker history is judged to be, even if the budget is spent."""
        left_s = max(LAST_CHECK_S, self._budget_s - self._elapsed_s())
        return self.judge(weakened, budget_s=left_s)

    def judge(self, weakened: Weakened, *, budget_s: float) -> Judgement:
        """Judge a weaker history by the model and the criterion of the whole one."""
        return self._judge(
            weakened.history,
            self.model,
            criterion=self.criterion,
            budget_s=budget_s,
            max_configurations=MAX_CONFIGURATIONS,
            blocked=[at for at, one in enumerate(weakened.origin) if one in self.blocked],
        )

    def without_results(self, chosen: Iterable[int]) -> Weakening:
        """Return the weakening by which the results of some operations do not matter."""
        return without_results(
            self.history, chosen, observes=self.model.observes, criterion=self.criterion
        )

    def reduction(self, operations: int, last: Bench) -> Reduction:
        """Return what was done so far.

        Args:
            operations: How many the whole history has.
            last: The bench that found what is returned.
        """
        return Reduction(
            operations=operations,
            tried=sum(one.tried for one in (self, *self._others)),
            undecided=last.undecided,
            stopped=last.stopped,
            elapsed_s=self._elapsed_s(),
        )

    def _wrong_without(self, blocked: frozenset[int]) -> bool:
        """Say whether the history is wrong even if those that wait for ever had only begun."""
        self.blocked = frozenset()
        wrong = self.is_bad(Weakening())
        self.blocked = blocked
        return wrong

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._begin
