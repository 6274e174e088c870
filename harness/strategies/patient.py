"""The portfolio for tests that were written for real time: timeouts come late.

Such tests sleep for a tenth of a second and take for granted that the others are through. That is
a guess about the speed of a machine, and a schedule in which the sleep ends first shows just that.
So here a timed wait ends when nobody else can go on, and never before. `dpor` takes both ends of a
timed wait for possible; it has no turns.
"""

from __future__ import annotations

from harness.strategies.portfolio import Portfolio


class Patient(Portfolio):
    """A portfolio without early timeouts and without the complete search.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = ()

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.share(1, 2)  # what a second worker has: all but the search of every trace

    def begin(self, execution: int) -> bool:
        """Choose a member for an execution, and let its timeouts come late."""
        begun = super().begin(execution)
        self.early_timeouts = False
        return begun

    def share(self, worker: int, workers: int) -> Patient:  # noqa: ARG002  # as workers call it
        """Be the strategy of one of several processes: none runs every trace."""
        self._searches = False
        self._start()
        return self
