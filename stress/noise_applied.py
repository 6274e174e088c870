"""Noise at work in this process."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from harness.instrument import perturb_imports, perturbed
from stress.chance import Chance
from stress.noise import Noise, Pinning
from stress.noise_errors import NoiseInUseError
from stress.noise_places import Places
from stress.noise_starts import Starts, can_pin
from stress.pressure import Pressure

if TYPE_CHECKING:
    from harness.instrument.perturbation import Perturbation

_present: list[Noise] = []


class AppliedNoise:
    """The noise of this process, from entering to leaving. Belongs to one thread; used once.

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
        self._undo = contextlib.ExitStack()
        self._perturbation: Perturbation | None = None
        self._places = Places(noise, seed=seed)
        self._starts: Starts | None = None

    def __enter__(self) -> AppliedNoise:  # noqa: PYI034  # final in effect
        if _present:
            raise NoiseInUseError(str(_present[0]))
        with contextlib.ExitStack() as undo:
            _present.append(self.noise)
            undo.callback(_present.clear)
            self._load(undo)
            self._disturb_starts(undo)
            self._disturb_accesses(undo)
            undo.callback(sys.setswitchinterval, sys.getswitchinterval())
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._undo.close()

    def begin_round(self, number: int) -> None:
        """Draw anew what a round has of its own: switch interval, hot places."""
        noise = self.noise
        if noise.switch_s:
            chance = Chance(self._seed, "switch", number)
            sys.setswitchinterval(noise.switch_s[chance.below(len(noise.switch_s))])
        if self._starts is not None:
            self._starts.begin_round()
        if self._perturbation is not None:
            self._perturbation.use(self._places.begin_round(number))

    def hot_places(self) -> tuple[str, ...]:
        """Return where threads are held up in this round, in words; to be told with a failure."""
        return self._places.hot()

    def places_seen(self) -> tuple[int, int]:
        """Return how many places were seen up to now, and how many of them nearly met."""
        return self._places.counts()

    def _load(self, undo: contextlib.ExitStack) -> None:
        noise = self.noise
        if noise.busy or noise.memory_mib:
            undo.enter_context(Pressure(busy=noise.busy, memory_mib=noise.memory_mib))

    def _disturb_starts(self, undo: contextlib.ExitStack) -> None:
        """After the load: its own threads begin as they always do, on any processor."""
        processors = self._processors(undo)
        if self.noise.gather_s or processors:
            self._starts = Starts(
                gather_s=self.noise.gather_s, processors=processors, seed=self._seed
            )
            undo.enter_context(self._starts)

    def _processors(self, undo: contextlib.ExitStack) -> tuple[int, ...]:
        """Pin this thread, and return where those that it starts go, one after the other."""
        if self.noise.pinning is Pinning.FREE:
            return ()
        if not can_pin():
            self.skipped += (f"pin={self.noise.pinning}: {sys.platform} binds no threads",)
            return ()
        allowed = os.sched_getaffinity(0)
        undo.callback(os.sched_setaffinity, 0, allowed)
        if self.noise.pinning is Pinning.SPREAD:
            return tuple(sorted(allowed))
        # Any one of them, and not the first: several children run at the same time.
        one = sorted(allowed)[Chance(self._seed, os.getpid()).below(len(allowed))]
        os.sched_setaffinity(0, {one})  # threads started from here inherit it
        return ()

    def _disturb_accesses(self, undo: contextlib.ExitStack) -> None:
        if not self.noise.instruments:
            return
        if not self._include:
            self.skipped += ("accesses: no module was named whose accesses are to be disturbed",)
            return
        undo.enter_context(perturb_imports(self._include, self._exclude))
        self._perturbation = undo.enter_context(perturbed())
