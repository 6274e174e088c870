"""Which calls a search may write: names of methods, and what their arguments are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.stateful.program import Call

if TYPE_CHECKING:
    import random

DRAWN: Final = 20  # examples of a Hypothesis strategy that serve as its values
_WANTS: Final = (
    '"get", ("put", [1, 2]), a function of the object, or operation("put", [1, 2], unique())'
)


@dataclass(frozen=True, slots=True)
class Unique:
    """Values of which no program gets one twice: what is read tells who wrote it."""

    start: int = 1

    def value(self, number: int) -> int:
        """Return the value of that number, from 0."""
        return self.start + number


def unique(start: int = 1) -> Unique:
    """Return an argument that is another whole number in each call of a program.

    Raises:
        ArgumentError: `start` is no whole number.
    """
    if type(start) is not int:
        raise ArgumentError("start", start, "a whole number")
    return Unique(start)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallKind:
    """One kind of call.

    Attributes:
        name: Of the method, or what histories call `function`.
        arguments: For each one by position, what it is drawn from: a tuple of values, `Unique`, or
            a function of a `random.Random`.
        keywords: The same by name.
    """

    name: str
    function: Callable[..., object] | None = None
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()

    def draw(self, chance: random.Random, unique_so_far: int) -> Call:
        """Return a call.

        Args:
            unique_so_far: How many unique values the program has.
        """
        taken = _Taken(unique_so_far)
        arguments = tuple(_value(pool, chance, taken) for pool in self.arguments)
        keywords = tuple((name, _value(pool, chance, taken)) for name, pool in self.keywords)
        return Call(self.name, arguments, keywords, self.function)

    @property
    def draws_unique(self) -> int:
        """How many unique values a call takes."""
        pools = (*self.arguments, *(pool for _, pool in self.keywords))
        return sum(isinstance(pool, Unique) for pool in pools)


@dataclass(slots=True)
class _Taken:
    number: int


def _value(pool: Any, chance: random.Random, taken: _Taken) -> Any:  # noqa: ANN401  # any argument
    if isinstance(pool, Unique):
        taken.number += 1
        return pool.value(taken.number - 1)
    if isinstance(pool, tuple):
        return pool[chance.randrange(len(pool))]
    return pool(chance)


def operation(
    operation: str | Callable[..., object],
    /,
    *arguments: Any,  # noqa: ANN401  # what they are drawn from
    called: str | None = None,
    **keywords: Any,  # noqa: ANN401  # as above
) -> CallKind:
    """Return one kind of call, for the `operations` of a search.

    Args:
        operation: The name of a method, or a function whose first argument is the object.
        arguments: What each argument is drawn from: values in a list, tuple, range, set or dict; a
            function of a `random.Random`; a Hypothesis strategy; `unique()`. Anything else is the
            argument itself, a text too.
        called: What histories call it.

    Raises:
        ArgumentError: There is nothing to draw from.
    """
    function = None if isinstance(operation, str) else operation
    if function is not None and not callable(function):
        raise ArgumentError("operation", operation, _WANTS)
    name = called or (
        operation
        if isinstance(operation, str)
        else getattr(operation, "__name__", type(operation).__name__)
    )
    return CallKind(
        name=str(name),
        function=function,
        arguments=tuple(pool_of(given) for given in arguments),
        keywords=tuple(sorted((word, pool_of(given)) for word, given in keywords.items())),
    )


def pool_of(given: object) -> Any:  # noqa: ANN401  # see CallKind
    """Return what an argument is drawn from."""
    if isinstance(given, Unique):
        return given
    if hasattr(given, "example") and hasattr(given, "flatmap"):
        return tuple(_examples(given))
    if isinstance(given, Mapping | Collection) and not isinstance(given, str | bytes | bytearray):
        values = tuple(sorted(given, key=repr) if isinstance(given, set | frozenset) else given)
        if not values:
            raise ArgumentError("operations", given, "at least one value to draw an argument from")
        return values
    return given if callable(given) else (given,)


def _examples(strategy: Any) -> list[Any]:  # noqa: ANN401  # a Hypothesis strategy
    """Return values of a Hypothesis strategy: the same ones each time."""
    import hypothesis  # noqa: PLC0415  # an optional dependency, which whoever has a strategy has

    found: list[Any] = []

    @hypothesis.settings(
        max_examples=DRAWN,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        deadline=None,
    )
    @hypothesis.given(strategy)
    def collect(value: object) -> None:
        found.append(value)

    collect()
    return found


def operations_from(given: object) -> tuple[CallKind, ...]:
    """Return the kinds of calls that a search was given.

    Raises:
        ArgumentError: One is none, there is none, or two have one name.
    """
    if isinstance(given, str) or not isinstance(given, Collection):
        raise ArgumentError("operations", given, f"a list of {_WANTS}")
    made = tuple(_operation_from(one) for one in given)
    if not made:
        raise ArgumentError("operations", given, f"at least one of {_WANTS}")
    functions: dict[str, object] = {}
    for one in made:
        if functions.setdefault(one.name, one.function) is not one.function:
            wants = f"different names; operation(..., called=...) tells two {one.name} apart"
            raise ArgumentError("operations", one.name, wants)
    return made


def _operation_from(given: object) -> CallKind:
    if isinstance(given, CallKind):
        return given
    if isinstance(given, str) or callable(given):
        return operation(given)
    if isinstance(given, tuple) and given and (isinstance(given[0], str) or callable(given[0])):
        return operation(*given)
    raise ArgumentError("operations", given, _WANTS)
