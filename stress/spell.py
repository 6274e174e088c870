"""A spell: a time in which the noise stays as it is."""

from __future__ import annotations

from typing import NamedTuple

from stress.chance import Chance


class Spell(NamedTuple):
    """A part of a round of the scenario; everything that is drawn in it follows from this."""

    seed: int
    round: int
    number: int

    def chance(self, purpose: object) -> Chance:
        """Return the random numbers for one purpose."""
        return Chance(*self, purpose)
