"""Where the programs of a search come from: drawn from operations, or given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.stateful.operations import operations_from
from harness.stateful.program import Program
from harness.stateful.program_drawing import Size, draw_programs
from harness.stateful.program_exploring import functions_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.stateful.operations import CallKind

MAX_PROGRAMS: Final = 1_000_000  # more is a slip of the finger


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where programs come from.

    Attributes:
        kinds: What is drawn; empty where all programs are given.
        given: Programs of the user's, in place of drawn ones.
        count: How many there are at most.
    """

    kinds: tuple[CallKind, ...]
    given: tuple[Program, ...]
    count: int
    largest: Size
    seed: int

    def programs(self) -> Iterator[tuple[Size | None, Program]]:
        """Yield the programs, each with its size."""
        if self.given:
            return ((None, program) for program in self.given)
        return draw_programs(self.kinds, self.largest, programs=self.count, seed=self.seed)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return what stands for calls that are no methods, by name."""
        drawn = {kind.name: kind.function for kind in self.kinds if kind.function is not None}
        return {**drawn, **functions_of(self.given)}

    def values(self) -> tuple[object, ...]:
        """Return what programs may put in."""
        pools = tuple(
            pool
            for kind in self.kinds
            for pool in (*kind.arguments, *(one for _, one in kind.keywords))
            if isinstance(pool, tuple)
        )
        return (*pools, *values_of(self.given))


def source_of(
    operations: Iterable[object], programs: int | Sequence[Program], largest: Size, *, seed: int
) -> Source:
    """Return where programs come from.

    Raises:
        ArgumentError: There is nothing to write programs of.
    """
    kinds: tuple[CallKind, ...] = ()
    if isinstance(operations, str) or operations or isinstance(programs, int):
        kinds = operations_from(operations if isinstance(operations, str) else list(operations))
    if isinstance(programs, int):
        if type(programs) is not int or not 1 <= programs <= MAX_PROGRAMS:
            raise ArgumentError("programs", programs, f"a number from 1 to {MAX_PROGRAMS}")
        return Source(kinds=kinds, given=(), count=programs, largest=largest, seed=seed)
    given: tuple[object, ...] = tuple(programs) if hasattr(programs, "__iter__") else ()
    if not given or not all(isinstance(one, Program) for one in given):
        raise ArgumentError("programs", programs, "a number, or a list of Program values")
    for program in programs:
        program.check()
    return Source(kinds=kinds, given=tuple(programs), count=len(given), largest=largest, seed=seed)
