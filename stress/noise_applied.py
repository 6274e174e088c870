"""Noise at work in this process."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stress.noise import Noise


class AppliedNoise:
    """The noise of this process, from entering to leaving. Belongs to the main thread.

    Attributes:
        skipped: What this machine cannot do, in words; the rest is in place.
    """

    def __init__(
        self, noise: Noise, *, seed: int, include: tuple[str, ...], exclude: tuple[str, ...]
    ) -> None:
        self.noise = noise
        self.skipped: tuple[str, ...] = ()
        self._seed = seed
        self._include = include
        self._exclude = exclude
        self._switch_before_s = sys.getswitchinterval()

    def __enter__(self) -> AppliedNoise:  # noqa: PYI034  # final in effect
        self._switch_before_s = sys.getswitchinterval()
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.setswitchinterval(self._switch_before_s)

    def begin_round(self, number: int) -> None:
        """Draw anew what a round has of its own: switch interval, hot places."""
        if self.noise.switch_s:
            chance = random.Random(f"{self._seed}/{number}")  # noqa: S311  # reproducible choices
            sys.setswitchinterval(chance.choice(self.noise.switch_s))
