"""Writes programs: small ones first, no two alike.

A bug that needs four calls is found sooner, and told better, by a program of four than by one of
twelve, so sizes grow: two threads with a call each, then more calls, then more threads. What comes
before the threads gives them something to work on; what comes after tells what they left behind.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.stateful.program import Call, Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.stateful.operations import CallKind

MAX_BESIDE: Final = 3  # calls before the threads, and after them
TRIES: Final = 30  # draws in a row that bring nothing new, after which a size has no more


@dataclass(frozen=True, slots=True)
class Size:
    """How large a program is: so many threads, with at most so many calls each."""

    threads: int
    calls: int

    def __str__(self) -> str:
        s = "" if self.calls == 1 else "s"
        return f"{self.threads} threads x {self.calls} call{s}"


def sizes(threads: int, calls: int) -> list[Size]:
    """Return every size up to that, those with fewer calls in all first."""
    found = [Size(some, few) for some in range(2, threads + 1) for few in range(1, calls + 1)]
    return sorted(found, key=lambda size: (size.threads * size.calls, size.threads))


def draw_programs(
    kinds: Sequence[CallKind], largest: Size, *, programs: int, seed: int
) -> Iterator[tuple[Size, Program]]:
    """Yield at most so many different programs, the smallest sizes first.

    Every size gets an equal share of what is left; where there are not so many programs of a small
    one, the larger ones get the rest.
    """
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    waiting = sizes(largest.threads, largest.calls)
    seen: set[str] = set()
    left = programs
    for number, size in enumerate(waiting):
        share = -(-left // (len(waiting) - number))
        for program in _of_size(kinds, size, chance, seen, share):
            left -= 1
            yield size, program


def _of_size(
    kinds: Sequence[CallKind], size: Size, chance: random.Random, seen: set[str], share: int
) -> Iterator[Program]:
    found = missed = 0
    while found < share and missed < TRIES:
        program = _draw(kinds, size, chance)
        name = _canonical(program)
        if name in seen:
            missed += 1
            continue
        seen.add(name)
        missed = 0
        found += 1
        yield program


def _draw(kinds: Sequence[CallKind], size: Size, chance: random.Random) -> Program:
    drawing = _Drawing(kinds, chance)
    prefix = drawing.calls(chance.randrange(MAX_BESIDE + 1))
    threads = tuple(
        drawing.calls(chance.randint((size.calls + 1) // 2, size.calls))
        for _ in range(size.threads)
    )
    return Program(prefix, threads, drawing.calls(chance.randrange(MAX_BESIDE + 1)))


class _Drawing:
    """Draws the calls of one program."""

    __slots__ = ("_chance", "_kinds", "_unique")

    def __init__(self, kinds: Sequence[CallKind], chance: random.Random) -> None:
        self._kinds = kinds
        self._chance = chance
        self._unique = 0

    def calls(self, count: int) -> tuple[Call, ...]:
        """Return so many calls."""
        return tuple(self._call() for _ in range(count))

    def _call(self) -> Call:
        kind = self._kinds[self._chance.randrange(len(self._kinds))]
        call = kind.draw(self._chance, self._unique)
        self._unique += kind.draws_unique
        return call


def _canonical(program: Program) -> str:
    """Return what two programs share that differ only in who is the first thread."""
    threads = sorted(map(_words, program.threads))
    return f"{_words(program.prefix)}|{'||'.join(threads)}|{_words(program.suffix)}"


def _words(calls: tuple[Call, ...]) -> str:
    return ";".join(map(repr, calls))
