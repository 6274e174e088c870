"""Noise at work in this process."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

from harness.instrument import perturb_imports, perturbed
from stress.chance import Chance
from stress.noise import Noise, Pinning
from stress.noise_errors import NoiseInUseError
from stress.noise_places import Places
from stress.noise_starts import Starts
from stress.pressure import Pressure
from stress.spell import Spell

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._include = include
        self._exclude = exclude
        self._undo = contextlib.ExitStack()
        self._perturbation: Perturbation | None = None
        self._places = Places(noise)
        self._spell = Spell(seed, 0, 0)
        self._drawing = threading.Lock()  # of spells; no thread of the program comes by here
        self._ended = threading.Event()
        self._starts: Starts | None = None

    def __enter__(self) -> AppliedNoise:  # noqa: PYI034  # final in effect
        if _present:
            raise NoiseInUseError(str(_present[0]))
        with contextlib.ExitStack() as undo:
            _present.append(self.noise)
            undo.callback(_present.clear)
            undo.callback(sys.setswitchinterval, sys.getswitchinterval())
            # These two first: their own threads begin as they always do, on any processor.
            self._load(undo)
            changing = self._change_with_time(undo)
            self._disturb_starts(undo)
            self._disturb_accesses(undo)
            undo.callback(changing)  # and that thread ends first, or it would begin one more spell
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._undo.close()

    def begin_round(self, number: int) -> None:
        """Draw anew what a round has of its own; its later spells are drawn as time goes by."""
        with self._drawing:
            self._begin_spell(Spell(self._spell.seed, number, 0))

    def _begin_spell(self, spell: Spell) -> None:
        self._spell = spell
        switch_s = self.noise.switch_s
        if switch_s:
            sys.setswitchinterval(switch_s[spell.chance("switch").below(len(switch_s))])
        if self._starts is not None:
            self._starts.begin_spell(spell)
        if self._perturbation is not None:
            self._perturbation.use(self._places.begin_spell(spell))

    def _change(self) -> None:
        """Begin one spell after the other: a round may last for seconds, or a thousandth of one."""
        while not self._ended.wait(self.noise.spell_s):
            with self._drawing:
                self._begin_spell(self._spell._replace(number=self._spell.number + 1))

    def _change_with_time(self, undo: contextlib.ExitStack) -> Callable[[], None]:
        """Start the thread that begins spells, and return what ends it."""
        if not self.noise.spell_s or not (self.noise.gather_s or self.noise.instruments):
            return lambda: None  # a switch interval alone is drawn with each round
        thread = threading.Thread(target=self._change, name="noise", daemon=True)

        def end() -> None:
            self._ended.set()
            thread.join()

        thread.start()
        undo.callback(end)
        return end

    def hot_places(self) -> tuple[str, ...]:
        """Return where threads are held up in this spell, in words; to be told with a failure."""
        return self._places.hot()

    def places_seen(self) -> tuple[int, int]:
        """Return how many places were seen up to now, and how many of them nearly met."""
        return self._places.counts()

    def _load(self, undo: contextlib.ExitStack) -> None:
        noise = self.noise
        if noise.busy or noise.memory_mib:
            undo.enter_context(Pressure(busy=noise.busy, memory_mib=noise.memory_mib))

    def _disturb_starts(self, undo: contextlib.ExitStack) -> None:
        processors = self._processors(undo)
        if self.noise.gather_s or processors:
            self._starts = Starts(gather_s=self.noise.gather_s, processors=processors)
            undo.enter_context(self._starts)

    def _processors(self, undo: contextlib.ExitStack) -> tuple[int, ...]:
        """Pin this thread, and return where those that it starts go, one after the other."""
        if self.noise.pinning is Pinning.FREE:
            return ()
        if sys.platform != "linux":
            self.skipped += (f"pin={self.noise.pinning}: {sys.platform} binds no threads",)
            return ()
        allowed = os.sched_getaffinity(0)
        undo.callback(os.sched_setaffinity, 0, allowed)
        if self.noise.pinning is Pinning.SPREAD:
            return tuple(sorted(allowed))
        # Any one of them, and not the first: several children run at the same time.
        one = sorted(allowed)[Chance(self._spell.seed, os.getpid()).below(len(allowed))]
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
