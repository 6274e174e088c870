"""A concurrent program over one object: which calls are made one after the other, and which not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.shown_values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_THREADS: Final = 16  # of a program; more differ from fewer in nothing but time
MAX_CALLS: Final = 64  # of a program: judging is exponential in those that overlap
MAIN: Final = "main"  # who makes the calls of the prefix and the suffix
GAP: Final = 3  # blanks between two columns


@dataclass(frozen=True, slots=True)
class Call:
    """One call on the object.

    Attributes:
        name: Of the method, special ones included; or what the history calls `function`.
        arguments: By position. Each application gets a copy of those that can change.
        keywords: By name, as pairs.
        function: Called with the object first, in place of a method.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    function: Callable[..., object] | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        operation: str | Callable[..., object],
        /,
        *arguments: Any,  # noqa: ANN401  # whatever the operation takes
        **keywords: Any,  # noqa: ANN401  # as above
    ) -> Call:
        """Return the call of a method by its name, or of a function whose first argument it is.

        Raises:
            ArgumentError: It is neither.
        """
        named = tuple(sorted(keywords.items()))
        if isinstance(operation, str):
            return cls(operation, arguments, named)
        if not callable(operation):
            raise ArgumentError("operation", operation, "the name of a method, or a function")
        name = getattr(operation, "__name__", type(operation).__name__)
        return cls(str(name), arguments, named, operation)

    def __str__(self) -> str:
        values = Values()  # bytes may be a secret
        positional = [values.show(one) for one in self.arguments]
        named = [f"{name}={values.show(value)}" for name, value in self.keywords]
        return f"{self.name}({', '.join(positional + named)})"


@dataclass(frozen=True, slots=True)
class Program:
    """Calls on one fresh object.

    Attributes:
        prefix: Made one after the other before any thread starts.
        threads: Each makes its calls one after the other, all threads at once.
        suffix: Made one after the other once all threads have ended.
    """

    prefix: tuple[Call, ...] = ()
    threads: tuple[tuple[Call, ...], ...] = ()
    suffix: tuple[Call, ...] = ()

    @classmethod
    def of(
        cls,
        *threads: Iterable[object],
        prefix: Iterable[object] = (),
        suffix: Iterable[object] = (),
    ) -> Program:
        """Return a program of calls in short: `"get"`, `("put", 1)` or a `Call`.

        Raises:
            ArgumentError: Something is no call, or there are too many.
        """
        made = [calls_from("threads", calls) for calls in threads]
        program = cls(calls_from("prefix", prefix), tuple(made), calls_from("suffix", suffix))
        program.check()
        return program

    def check(self) -> None:
        """Check that this can be run.

        Raises:
            ArgumentError: It cannot; the error says what is wrong.
        """
        threads: object = self.threads  # whoever writes a Program may write anything
        if not isinstance(threads, tuple) or len(threads) > MAX_THREADS:
            raise ArgumentError("threads", threads, f"at most {MAX_THREADS} tuples of calls")
        parts: list[tuple[str, object]] = [("prefix", self.prefix), ("suffix", self.suffix)]
        for name, calls in (*parts, *(("threads", part) for part in threads)):
            if not isinstance(calls, tuple) or not all(isinstance(one, Call) for one in calls):
                raise ArgumentError(name, calls, "a tuple of Call values; Program.of() makes them")
        if not 1 <= len(self) <= MAX_CALLS:
            raise ArgumentError("program", len(self), f"from 1 to {MAX_CALLS} calls")

    def __len__(self) -> int:
        return len(self.prefix) + sum(map(len, self.threads)) + len(self.suffix)

    def calls(self) -> Iterator[Call]:
        """Yield its calls: the prefix, thread after thread, the suffix."""
        yield from self.prefix
        for calls in self.threads:
            yield from calls
        yield from self.suffix

    def __str__(self) -> str:
        columns = [[thread_name(number), *map(str, calls)] for number, calls in self._columns()]
        widths = [max(map(len, column)) + GAP for column in columns]
        height = max(map(len, columns), default=0)
        lines = [f"first: {'; '.join(map(str, self.prefix))}"] if self.prefix else []
        for row in range(height):
            cells = [column[row] if row < len(column) else "" for column in columns]
            line = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append(line.rstrip())
        if self.suffix:
            lines.append(f"then: {'; '.join(map(str, self.suffix))}")
        return "\n".join(lines)

    def _columns(self) -> Iterator[tuple[int, tuple[Call, ...]]]:
        return ((number, calls) for number, calls in enumerate(self.threads) if calls)


def thread_name(number: int) -> str:
    """Return what histories and stories call a thread of a program, counted from 0."""
    return f"T{number + 1}"


def calls_from(name: str, given: object) -> tuple[Call, ...]:
    """Return calls that are written in short.

    Raises:
        ArgumentError: Something is no call.
    """
    wants = 'calls: "get", ("put", 1), or Call.of("put", 1)'
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise ArgumentError(name, given, f"several {wants}")
    return tuple(_call_from(name, one, wants) for one in given)


def _call_from(name: str, given: object, wants: str) -> Call:
    if isinstance(given, Call):
        return given
    if isinstance(given, str) or callable(given):
        return Call.of(given)
    if isinstance(given, tuple) and given and (isinstance(given[0], str) or callable(given[0])):
        return Call.of(*given)
    raise ArgumentError(name, given, wants)
