"""Where in the program threads are held up: chosen anew for each round, learned over the rounds.

Goal: the few accesses of a race among thousands, in few rounds. What does not work: a little noise
everywhere, which every thread gets alike and which costs as much as it gives; nor a list of places
chosen once. What does (ConTest, TSVD; see `stress.noise`): a handful of places a round, at which
threads are held up for long, and best such places as have been seen to touch the same thing from
two threads. One round's places are its own, so that no two delays that cancel come every time.

Nothing here takes a lock: a lock would order the threads, and hide what is sought. What threads
share are dictionaries whose single operations are whole; a note that is lost is made again.
"""

from __future__ import annotations

import threading
from itertools import count
from time import sleep  # at once: the program may put another in its place
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from harness.instrument import accessing_frame
from stress.chance import Chance

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import CodeType

    from harness.instrument import AccessBackend
    from stress.noise import Noise

MOST_REMEMBERED: Final = 65_536  # things last touched by a thread; a program may make millions
LEARNING_ROUNDS: Final = 20  # learning is half of the cost of an access
LEARNING_EVERY: Final = 8  # later a round now and then: new places come with rare paths
NEAR_SHARE: Final = 0.9  # the rest of the choices go to all places: learning may have missed one
SHARES: Final = (1.0, 0.5, 0.1)  # of the threads that come by; 1: nobody gets through at once


class Hot(NamedTuple):
    """How threads are held up at one place in one round."""

    share: float
    longest_s: float


class Places:
    """What the rounds of this process have shown of the program. Safe to share between threads."""

    def __init__(self, noise: Noise, *, seed: int) -> None:
        self._noise = noise
        self._seed = seed
        self._seen: dict[int, tuple[CodeType, int]] = {}
        self._near: dict[int, None] = {}
        self._hot: dict[int, Hot] = {}

    def begin_round(self, number: int) -> AccessBackend:
        """Choose the hot places of a round, and return what accesses call in it."""
        noise = self._noise
        self._hot = self._choose(number)
        if not noise.places:
            return _jitter(_Streams(noise, self._seed, number, count()))
        streams = _Streams(noise, self._seed, number, count())
        learning = number < LEARNING_ROUNDS or number % LEARNING_EVERY == 0
        if learning:
            return self._learning(streams)
        return _holding(streams, self._hot)

    def hot(self) -> tuple[str, ...]:
        """Return the places of this round in words, for whoever reads of a failure."""
        return tuple(
            f"{self._describe(place)} ({hot.share:.0%}, up to {1_000 * hot.longest_s:.3g} ms)"
            for place, hot in self._hot.items()
        )

    def counts(self) -> tuple[int, int]:
        """Return how many places were seen, and how many of them nearly met."""
        return len(self._seen), len(self._near)

    def _choose(self, number: int) -> dict[int, Hot]:
        chance = Chance(self._seed, "places", number)
        seen, near = sorted(self._seen, key=self._order), sorted(self._near, key=self._order)
        hot: dict[int, Hot] = {}
        if not seen:
            return hot
        for _ in range(1 + chance.below(self._noise.places) if self._noise.places else 0):
            learned = self._noise.near and near and chance.share() < NEAR_SHARE
            among = near if learned else seen
            share = SHARES[chance.below(len(SHARES))]
            hot[among[chance.below(len(among))]] = Hot(
                share, chance.duration_s(self._noise.delay_s)
            )
        return hot

    def _order(self, place: int) -> tuple[str, int, int]:
        """Order places by where they stand: the same in every process, as seeds want it."""
        code, instruction = self._seen[place]
        return code.co_filename, code.co_firstlineno, instruction

    def _describe(self, place: int) -> str:
        code, instruction = self._seen[place]
        line = next(
            (line for begin, end, line in code.co_lines() if begin <= instruction < end), None
        )
        return f"{code.co_filename}:{line or code.co_firstlineno} in {code.co_qualname}"

    def _learning(self, streams: _Streams) -> AccessBackend:
        """Return what holds up, and notes which place touches what."""
        hot, seen, near = self._hot, self._seen, self._near
        last: dict[tuple[int, Hashable], tuple[int, int, int]] = {}
        get_ident = threading.get_ident

        def access(kind: int, obj: Any, key: Any) -> None:  # noqa: ANN401  # any object
            frame = accessing_frame()
            code = frame.f_code
            # An address inside the code object, so of this instruction alone while the code lives;
            # hashing the code itself costs ten times as much.
            place = id(code) + frame.f_lasti
            if place not in seen:
                seen[place] = code, frame.f_lasti
            thread, where = get_ident(), (id(obj), key)
            before = last.get(where)
            if before is None and len(last) >= MOST_REMEMBERED:
                last.clear()
            last[where] = thread, kind, place
            if before is not None and before[0] != thread and (kind or before[1]):  # one writes
                near[place] = near[before[2]] = None
            _hold_up(streams, hot.get(place))

        return access


class _Streams(threading.local):
    """What each thread has of its own in one round."""

    def __init__(self, noise: Noise, seed: int, round_number: int, threads: count[int]) -> None:
        self.chance = Chance(seed, round_number, next(threads))
        self.noisy = noise.yields + noise.sleeps
        self.asleep = noise.sleeps / self.noisy if self.noisy else 0.0
        self.delay_s = noise.delay_s
        self.left = self.chance.gap(self.noisy) if self.noisy else 1 << 62
        self.rest_s = noise.budget_s

    def disturb(self) -> None:
        """Yield or sleep, and draw how many accesses come up to the next time."""
        self.left = self.chance.gap(self.noisy)
        if self.chance.share() < self.asleep:
            self.hold_up(self.chance.duration_s(self.delay_s))
        else:
            sleep(0)

    def hold_up(self, wait_s: float) -> None:
        """Sleep, as long as the budget of the round lasts."""
        wait_s = min(wait_s, self.rest_s)
        if wait_s > 0:
            self.rest_s -= wait_s
            sleep(wait_s)


def _jitter(streams: _Streams) -> AccessBackend:
    """Return what disturbs any access alike, and looks at none."""

    def access(_kind: int, _obj: Any, _key: Any) -> None:  # noqa: ANN401  # any object
        streams.left -= 1
        if not streams.left:
            streams.disturb()

    return access


def _holding(streams: _Streams, hot: dict[int, Hot]) -> AccessBackend:
    """Return what holds up at the hot places and learns no others."""

    def access(_kind: int, _obj: Any, _key: Any) -> None:  # noqa: ANN401  # any object
        frame = accessing_frame()
        _hold_up(streams, hot.get(id(frame.f_code) + frame.f_lasti))

    return access


def _hold_up(streams: _Streams, hot: Hot | None) -> None:
    streams.left -= 1
    if not streams.left:
        streams.disturb()
    if hot is not None and (hot.share == 1.0 or streams.chance.share() < hot.share):
        streams.hold_up(streams.chance.duration_s(hot.longest_s, orders=1.0))
