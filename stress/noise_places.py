"""Where in the program threads are held up: chosen anew for each spell, learned over all of them.

Goal: the few accesses of a race among thousands, in little time. What does not work: one and the
same noise all the time, which every thread gets alike; nor a list of places chosen once. What does
(ConTest, TSVD; see `stress.noise`): a handful of places at a time, at which threads are held up for
long, and best such places as have been seen to touch the same thing from two threads; with a little
noise everywhere beside it. Each spell has its own, so that two delays that cancel do so once.

Nothing here takes a lock: a lock would order the threads, and hide what is sought. What threads
share are dictionaries whose single operations are whole; a note that is lost is made again.
"""

from __future__ import annotations

import dataclasses
import threading
from itertools import count
from time import sleep  # at once: the program may put another in its place
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from harness.instrument import accessing_frame

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import CodeType

    from harness.instrument import AccessBackend
    from stress.chance import Chance
    from stress.noise import Noise
    from stress.spell import Spell

MOST_REMEMBERED: Final = 65_536  # things last touched by a thread; a program may make millions
LEARNING_SPELLS: Final = 20  # learning is half of the cost of an access
LEARNING_EVERY: Final = 8  # later in a spell now and then: new places come with rare paths
NEAR_SHARE: Final = 0.9  # the rest of the choices go to all places: learning may have missed one
SHARES: Final = (1.0, 0.5, 0.1)  # of those who come by a hot place; 1: nobody passes at once
SHORTEST_S: Final = 1e-6
NEVER: Final = 1 << 62


class Hot(NamedTuple):
    """How threads are held up at one place in one spell."""

    share: float
    longest_s: float


class Places:
    """What the spells of this process have shown of the program. Safe to share between threads."""

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._spells = 0
        self._seen: dict[int, tuple[CodeType, int]] = {}
        self._near: dict[int, None] = {}
        self._hot: dict[int, Hot] = {}

    def begin_spell(self, spell: Spell) -> AccessBackend:
        """Choose the hot places of a spell, and return what accesses call in it."""
        streams = _Streams(drawn(self._noise, spell.chance("strength")), spell, count())
        if not self._noise.places:
            return _jitter(streams)
        self._hot = self._choose(spell.chance("places"))
        self._spells += 1
        if self._spells <= LEARNING_SPELLS or self._spells % LEARNING_EVERY == 0:
            return self._learning(streams)
        return _holding(streams, self._hot)

    def hot(self) -> tuple[str, ...]:
        """Return the hot places of this spell in words, for whoever reads of a failure."""
        return tuple(
            f"{self._describe(place)} ({hot.share:.0%}, up to {1_000 * hot.longest_s:.3g} ms)"
            for place, hot in self._hot.items()
        )

    def counts(self) -> tuple[int, int]:
        """Return how many places were seen, and how many of them nearly met."""
        return len(self._seen), len(self._near)

    def _choose(self, chance: Chance) -> dict[int, Hot]:
        seen = self._in_order(self._seen)
        near = self._in_order(self._near) if self._noise.near else []
        hot: dict[int, Hot] = {}
        if not seen:
            return hot
        for _ in range(chance.below(self._noise.places + 1)):
            among = near if near and chance.share() < NEAR_SHARE else seen
            share = SHARES[chance.below(len(SHARES))]
            longest_s = chance.duration_s(self._noise.delay_s)
            hot[among[chance.below(len(among))]] = Hot(share, longest_s)
        return hot

    def _in_order(self, places: dict[int, Any]) -> list[int]:
        """Return places by where they stand: the same in every process, as seeds want it."""
        return sorted(list(places), key=self._stands)  # noqa: C414  # at once, for they go on coming

    def _stands(self, place: int) -> tuple[str, int, int]:
        code, instruction = self._seen[place]
        return code.co_filename, code.co_firstlineno, instruction

    def _describe(self, place: int) -> str:
        code, instruction = self._seen[place]
        lines = (line for begin, end, line in code.co_lines() if begin <= instruction < end)
        return f"{code.co_filename}:{next(lines, None)} in {code.co_qualname}"

    def _learning(self, streams: _Streams) -> AccessBackend:
        """Return what holds up, and notes which place touches what."""
        hot, seen, near = self._hot, self._seen, self._near
        last: dict[tuple[int, Hashable], tuple[int, int, int]] = {}

        def access(kind: int, obj: Any, key: Any) -> None:  # noqa: ANN401  # any object
            frame = accessing_frame()
            # An address inside the code object, so of this instruction alone while the code lives;
            # hashing the code itself costs ten times as much.
            place = id(frame.f_code) + frame.f_lasti
            if place not in seen:
                seen[place] = frame.f_code, frame.f_lasti
            # Its number, for the system gives an ended thread's identity to the next one.
            thread, where = streams.number, (id(obj), key)
            before = last.get(where)
            if before is None and len(last) >= MOST_REMEMBERED:
                last.clear()
            last[where] = thread, kind, place
            if before is not None and before[0] != thread and (kind or before[1]):  # one writes
                near[place] = near[before[2]] = None
            _disturb(streams, hot.get(place))

        return access


class _Streams(threading.local):
    """What each thread has of its own in one spell."""

    def __init__(self, noise: Noise, spell: Spell, threads: count[int]) -> None:
        self.number = next(threads)
        self.chance = spell.chance(self.number)
        self.noisy = noise.yields + noise.sleeps
        self.asleep = noise.sleeps / self.noisy if self.noisy else 0.0
        self.delay_s = noise.delay_s
        self.left = self.chance.gap(self.noisy) if self.noisy else NEVER
        self.rest_s = noise.budget_s

    def disturb(self) -> None:
        """Yield or sleep, and draw how many accesses come up to the next time."""
        self.left = self.chance.gap(self.noisy)
        if self.chance.share() < self.asleep:
            self.hold_up(self.chance.duration_s(self.delay_s))
        else:
            sleep(0)

    def hold_up(self, wait_s: float) -> None:
        """Sleep, as long as the budget of the spell lasts."""
        wait_s = min(wait_s, self.rest_s)
        if wait_s > 0:
            self.rest_s -= wait_s
            sleep(wait_s)


def drawn(noise: Noise, chance: Chance) -> Noise:
    """Return the noise of one spell: each strength is drawn anew, up to what the noise says.

    A race shows at one strength and hides at another, and nobody knows which beforehand. Source:
    Groce et al., "Swarm testing", ISSTA 2012: many different configurations find what no one does.
    """
    return dataclasses.replace(
        noise,
        delay_s=max(chance.duration_s(noise.delay_s), SHORTEST_S),
        yields=chance.duration_s(noise.yields, orders=1.0),
        sleeps=chance.duration_s(noise.sleeps, orders=1.0),
    )


def _jitter(streams: _Streams) -> AccessBackend:
    """Return what disturbs any access alike, and looks at none."""

    def access(_kind: int, _obj: Any, _key: Any) -> None:  # noqa: ANN401  # any object
        streams.left -= 1
        if not streams.left:
            streams.disturb()

    return access


def _holding(streams: _Streams, hot: dict[int, Hot]) -> AccessBackend:
    """Return what holds up at the hot places and learns no others."""
    if not hot:
        return _jitter(streams)

    def access(_kind: int, _obj: Any, _key: Any) -> None:  # noqa: ANN401  # any object
        frame = accessing_frame()
        _disturb(streams, hot.get(id(frame.f_code) + frame.f_lasti))

    return access


def _disturb(streams: _Streams, hot: Hot | None) -> None:
    streams.left -= 1
    if not streams.left:
        streams.disturb()
    if hot is not None and (hot.share == 1.0 or streams.chance.share() < hot.share):
        streams.hold_up(streams.chance.duration_s(hot.longest_s, orders=1.0))
