"""Bytes as a schedule: what they say, before anything runs.

A schedule is a handful of delays, and a byte is one of them. Delays are what most bugs need few of
(Emmi, Qadeer, Rakamaric, "Delay-bounded scheduling", POPL 2011), and they need no number of a step
in the whole execution, which any other change would shift: a delay says *at what* somebody is held
back, an abstract event as in RFF (Wolff et al., ASPLOS 2024: the operation, the class and attribute
it touches, the line), the same for a hundred threads that run one line.

    byte 0   salt: with it changes which events a byte is about
    byte 1   order: who goes on where several can and nobody runs; 0 is the order of creation
    others   a rule each, in no order, about one event in 16, drawn by the byte itself:
             HOLD    whoever comes to one of its events waits until nobody else can run
             AWAIT   likewise, but goes on, before all others, as soon as another has touched the
                     same thing
             ONCE    as HOLD, for the first that comes
             STEP    with one byte more: the task with these four low bits in its number is held
                     back at its own n-th operation
             EARLY   a wait with a timeout may give up early, there

What stands twice holds twice. STEP says any delay at the first operations of 16 tasks, so that what
no event tells apart can be reached, too.
A rule more or less leaves the meaning of the others alone, so does their order; an empty input is
the quiet schedule, in which nobody is interrupted; what is missing is 0; what is too much is
ignored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final

SHARE: Final = 16  # of 256: the events that a rule is about; each rule about others
MOST_RULES: Final = 16  # more hold everybody back everywhere, which is like nobody and nowhere
MOST_BYTES: Final = 2 + 2 * MOST_RULES  # of a schedule that mean something
_MANTISSA: Final = 31  # the low bits of a step's byte
_PLAIN_SHIFTS: Final = 4  # its values below 128 are what they are; above, steps grow coarser


class Rule(Enum):
    """What a byte does."""

    HOLD = "hold"
    AWAIT = "await"
    ONCE = "once"
    STEP = "step"
    EARLY = "early"


# By the four high bits; which shares find bugs soonest was measured, see
# docs/explanation/schedule-fuzzing.md.
KINDS: Final = (
    *[Rule.HOLD] * 7, *[Rule.AWAIT] * 3, *[Rule.ONCE] * 2, *[Rule.STEP] * 3, Rule.EARLY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScheduleRules:
    """What the bytes of a schedule say.

    Attributes:
        events: The bytes of the rules about events, and how often each stands there.
        steps: How often a task is held back, by its number's low bits and its own operation.
    """

    salt: int = 0
    order: int = 0
    events: dict[int, int] = field(default_factory=dict)
    steps: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def early(self) -> bool:
        """Whether any wait may give up early."""
        return any(KINDS[byte >> 4] is Rule.EARLY for byte in self.events)

    @property
    def meaning(self) -> tuple[object, ...]:
        """Equal for rules that make the same schedule of the same body."""
        events, steps = tuple(sorted(self.events.items())), tuple(sorted(self.steps.items()))
        return self.salt if events else 0, self.order, events, steps

    def about(self, event: int) -> list[int]:
        """Return the rules about an event, by their bytes."""
        if not self.events:
            return []
        drawn = _drawn(event, self.salt)
        return [byte for byte in self.events if drawn[byte] < SHARE]


def read_rules(data: bytes) -> ScheduleRules:
    """Return what bytes say as a schedule; all of them say something."""
    events: dict[int, int] = {}
    steps: dict[tuple[int, int], int] = {}
    place = 2
    for _ in range(MOST_RULES):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        if KINDS[byte >> 4] is Rule.STEP:
            step = (byte & 15, step_of(data[place] if place < len(data) else 0))
            place += 1
            steps[step] = steps.get(step, 0) + 1
        else:
            events[byte] = events.get(byte, 0) + 1
    return ScheduleRules(
        salt=data[0] if data else 0,
        order=data[1] if len(data) > 1 else 0,
        events=events,
        steps=steps,
    )


@lru_cache(maxsize=20_000)
def _drawn(event: int, salt: int) -> bytes:
    """Return a number for each byte, drawn for this event."""
    return hashlib.shake_128(b"%d %d" % (event, salt)).digest(256)


def step_of(byte: int) -> int:
    """Return the number of an operation that a byte stands for: 0 to 31 exactly, up to 248."""
    return (byte & _MANTISSA) << max(0, (byte >> 5) - _PLAIN_SHIFTS)


def mixed(number: int) -> int:
    """Return a number of 32 bits all of which depend on all of `number`.

    Source: Appleby, MurmurHash3, the finaliser.
    """
    number &= 0xFFFFFFFF
    number ^= number >> 16
    number = number * 0x85EBCA6B & 0xFFFFFFFF
    number ^= number >> 13
    number = number * 0xC2B2AE35 & 0xFFFFFFFF
    return number ^ number >> 16
