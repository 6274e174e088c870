"""Which strategy pays: a bandit over strategies.

Source: Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 25,
1933; Chapelle and Li, "An empirical evaluation of Thompson sampling", NIPS 2011. An arm's chance to
show something new is not known, only how often it did; a chance is drawn from what is believed of
each arm (a Beta distribution), and the greatest is played. So an arm that nobody knows is tried,
one that pays is played, and none is given up for ever.

Departures: what is new gets rarer as the search goes on, so old trials fade (FADING). A chance is
divided by what an execution costs, to the power COST_WEIGHT: a budget may be of executions or of
time, and nobody says which. The costs are ratios measured once; the clock would make a search
depend on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

FADING: Final = 0.97  # what a trial counts after each later trial of its arm: some 33 matter
COST_WEIGHT: Final = 1.0


class Payoff:
    """Draws arms by what they showed.

    Args:
        costs: What an execution of each arm costs, as a multiple of the cheapest.
    """

    __slots__ = ("_costs", "_hits", "_misses", "_random")

    def __init__(self, costs: Mapping[str, float], rng: random.Random) -> None:
        self._costs = {name: cost**COST_WEIGHT for name, cost in costs.items()}
        self._random = rng
        self._hits = dict.fromkeys(costs, 1.0)
        self._misses = dict.fromkeys(costs, 1.0)

    def note(self, name: str, *, paid: bool) -> None:
        """Learn from a trial: whether an execution of this arm showed something new."""
        self._hits[name] = 1.0 + FADING * (self._hits[name] - 1.0) + paid
        self._misses[name] = 1.0 + FADING * (self._misses[name] - 1.0) + (not paid)

    def draw(self) -> str:
        """Return the arm to play."""
        draw = self._random.betavariate
        best, greatest = "", -1.0
        for name, cost in self._costs.items():
            worth = draw(self._hits[name], self._misses[name]) / cost
            if worth > greatest:
                best, greatest = name, worth
        return best
