"""Makes a failing program smaller: fewer calls, fewer at once, simpler arguments.

Each candidate is explored anew; it counts only if something of the same kind goes wrong. First one
call is left out, then two that only make sense together, then what need not be concurrent moves to
before the threads or after them, as Lincheck does, and then arguments become simpler.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from harness.stateful.operations import Unique
from harness.stateful.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.stateful.operations import CallKind
    from harness.stateful.program import Call

MAX_S: Final = 10.0  # wall time: a person waits for it


class ProgramMinimiser:
    """Minimises one failing program.

    Attributes:
        tried: How many candidates were explored.
        complete: Nothing was left to try; else the time ended it.
    """

    def __init__(
        self,
        fails: Callable[[Program], bool],
        kinds: Sequence[CallKind],
        *,
        budget_s: float = MAX_S,
    ) -> None:
        self._fails = fails
        self._kinds = kinds
        self._deadline_s = time.perf_counter() + budget_s
        self._refused: set[str] = set()
        self.tried = 0
        self.complete = True

    def minimised(self, program: Program) -> Program:
        """Return the smallest program found that fails in the same way."""
        smaller: Program | None = program
        while smaller is not None:
            program = smaller
            smaller = next((one for one in self._candidates(program) if self._accepts(one)), None)
        return program

    def words(self, before: Program, after: Program) -> str:
        """Return how far it got; empty where it was smallest from the start."""
        end = "" if self.complete else "; the time for it ended"
        if len(before) == len(after):
            return end.removeprefix("; ")
        return f"{len(before)} calls made {len(after)} by {self.tried} smaller programs{end}"

    def _candidates(self, program: Program) -> Iterator[Program]:
        yield from without(program, 1)
        yield from without(program, 2)
        yield from less_concurrent(program)
        yield from simpler(program, self._kinds)

    def _accepts(self, candidate: Program) -> bool:
        if time.perf_counter() > self._deadline_s:
            self.complete = False
            return False
        name = repr(candidate)
        if name in self._refused:
            return False
        self.tried += 1
        if self._fails(candidate):
            return True
        self._refused.add(name)
        return False


def without(program: Program, count: int) -> Iterator[Program]:
    """Yield the program without one call, or two; those of threads go first."""
    numbers = list(range(len(program)))
    first = len(program.prefix)
    last = len(program) - len(program.suffix)
    numbers.sort(key=lambda number: not first <= number < last)
    if len(program) <= count:
        return
    for gone in combinations(numbers, count):
        calls = iter(range(len(program)))

        def left(part: tuple[Call, ...], calls: Any = calls, gone: Any = gone) -> tuple[Call, ...]:  # noqa: ANN401  # bound now
            return tuple(call for call in part if next(calls) not in gone)

        prefix = left(program.prefix)
        threads = tuple(left(part) for part in program.threads)
        yield Program(prefix, tuple(filter(None, threads)), left(program.suffix))


def less_concurrent(program: Program) -> Iterator[Program]:
    """Yield the program with a call of a thread made before all threads, or after them."""
    for number, part in enumerate(program.threads):
        if len(program.threads) == 1:  # nobody else is there: all of it is sequential
            yield Program((*program.prefix, *part), (), program.suffix)
            return
        rest = (*program.threads[:number], part[1:], *program.threads[number + 1 :])
        yield Program((*program.prefix, part[0]), tuple(filter(None, rest)), program.suffix)
        rest = (*program.threads[:number], part[:-1], *program.threads[number + 1 :])
        yield Program(program.prefix, tuple(filter(None, rest)), (part[-1], *program.suffix))


def simpler(program: Program, kinds: Sequence[CallKind]) -> Iterator[Program]:
    """Yield the program with an argument that stands earlier among those it was drawn from.

    First the same value changes wherever it stands, then at one place alone.
    """
    pools = {kind.name: kind for kind in kinds}
    renumbered = _renumbered(program, pools)
    if repr(renumbered) != repr(program):
        yield renumbered
    steps = dict.fromkeys(
        (repr(value), repr(earlier))
        for call in program.calls()
        for value, pool in _drawn(call, pools)
        for earlier in _earlier(value, pool)
    )
    for value, earlier in steps:
        yield _changed(program, pools, value, earlier, only=None)
    for number in range(len(program)):
        for value, earlier in steps:
            changed = _changed(program, pools, value, earlier, only=number)
            if repr(changed) != repr(program):
                yield changed


def _drawn(call: Call, pools: dict[str, CallKind]) -> Iterator[tuple[Any, Any]]:
    """Yield each argument of a call with what it was drawn from."""
    kind = pools.get(call.name)
    if kind is not None:
        yield from zip(call.arguments, kind.arguments, strict=False)
        for (_, value), (_, pool) in zip(call.keywords, kind.keywords, strict=False):
            yield value, pool


def _earlier(value: object, pool: object) -> tuple[Any, ...]:
    """Return what stands before a value in a pool of values."""
    if not isinstance(pool, tuple):
        return ()
    names = [repr(one) for one in pool]
    return pool[: names.index(repr(value))] if repr(value) in names else ()


def _changed(
    program: Program,
    pools: dict[str, CallKind],
    value: str,
    earlier: str,
    *,
    only: int | None,
) -> Program:
    numbers = iter(range(len(program)))

    def change(call: Call) -> Call:
        number = next(numbers)
        if only is not None and number != only:
            return call
        return _with_arguments(call, pools, lambda one, pool: _exchanged(one, pool, value, earlier))

    return mapped(program, change)


def _exchanged(one: object, pool: object, value: str, earlier: str) -> object:
    if repr(one) != value:
        return one
    return next((other for other in _earlier(one, pool) if repr(other) == earlier), one)


def _with_arguments(
    call: Call, pools: dict[str, CallKind], change: Callable[[Any, Any], Any]
) -> Call:
    kind = pools.get(call.name)
    if kind is None:
        return call
    arguments = tuple(
        change(one, pool) for one, pool in zip(call.arguments, kind.arguments, strict=False)
    )
    keywords = tuple(
        (name, change(one, pool))
        for (name, one), (_, pool) in zip(call.keywords, kind.keywords, strict=False)
    )
    return replace(call, arguments=arguments, keywords=keywords)


def _renumbered(program: Program, pools: dict[str, CallKind]) -> Program:
    """Return the program with its unique values counted anew, in the order of its calls."""
    numbers: dict[tuple[int, Any], int] = {}

    def count(value: Any, pool: Any) -> Any:  # noqa: ANN401  # any argument
        if not isinstance(pool, Unique):
            return value
        key = (pool.start, value)
        return numbers.setdefault(key, pool.value(len(numbers)))

    return mapped(program, lambda call: _with_arguments(call, pools, count))


def mapped(program: Program, change: Callable[[Call], Call]) -> Program:
    """Return the program with each call changed, in the order of `Program.calls`."""
    prefix = tuple(map(change, program.prefix))
    threads = tuple(tuple(map(change, part)) for part in program.threads)
    return Program(prefix, threads, tuple(map(change, program.suffix)))
