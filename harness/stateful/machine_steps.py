"""A program of a machine: which rules are applied, to what, and which at the same time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_THREADS: Final = 16  # of a program; more differ from fewer in nothing but time
MAX_STEPS: Final = 64  # of a program: judging is exponential in those that overlap
GAP: Final = 3  # blanks between two columns
WIDTH: Final = 92  # of a line of source, which is indented once more where it stands

_CONTAINERS: Final = (tuple, list, set, frozenset)
_PLAIN: Final = (int, str, bool, type(None), float, bytes, complex)


@dataclass(frozen=True, slots=True)
class Result:
    """Stands in a program for what an earlier step returned.

    Attributes:
        name: What that step's `into` calls it.
    """

    name: str

    def __repr__(self) -> str:
        return f"Result({_quoted(self.name)})"


@dataclass(frozen=True, slots=True, init=False)
class Step:
    """One application of a rule.

    Attributes:
        rule: Its name.
        arguments: By name; a `Result`, also inside of containers, stands for an earlier result.
        into: What its results are called: for each bundle that the rule feeds, one name for each.
    """

    rule: str
    arguments: Mapping[str, Any]
    into: tuple[str, ...]

    def __init__(
        self,
        rule: str,
        arguments: Mapping[str, Any] | None = None,
        into: str | Iterable[str] = (),
    ) -> None:
        checked: Any = rule  # whatever was given
        if not isinstance(checked, str):
            raise ArgumentError("rule", rule, "the name of a rule")
        given = dict(arguments or {})
        if not all(isinstance(name, str) for name in given):
            raise ArgumentError("arguments", arguments, "values by the names of arguments")
        names = (into,) if isinstance(into, str) else tuple(into)
        for name, value in (("rule", rule), ("arguments", given), ("into", names)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        parts = [_quoted(self.rule)]
        if self.arguments:
            pairs = (f"{_quoted(name)}: {_python(one)}" for name, one in self.arguments.items())
            parts.append(f"{{{', '.join(pairs)}}}")
        if self.into:
            names = ", ".join(map(_quoted, self.into))
            parts.append(f"into={names if len(self.into) == 1 else f'({names})'}")
        return f"Step({', '.join(parts)})"

    def __str__(self) -> str:
        bundles = {name.rpartition("_")[0] for name in self.into}
        between = " = " if len(bundles) == len(self.into) else ", "  # several of one: multiple()
        assigned = f"{between.join(self.into)} = " if self.into else ""
        given = ", ".join(f"{name}={shown(value)}" for name, value in self.arguments.items())
        return f"{assigned}state.{self.rule}({given})"

    def references(self) -> Iterator[str]:
        """Yield the names of the results that it takes."""
        for value in self.arguments.values():
            yield from _names_in(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineProgram:
    """Steps on one fresh machine.

    Attributes:
        prefix: Made one after the other before any thread starts.
        threads: Each makes its steps one after the other, all threads at once.
        suffix: Made one after the other once all threads have ended.
    """

    prefix: tuple[Step, ...] = ()
    threads: tuple[tuple[Step, ...], ...] = ()
    suffix: tuple[Step, ...] = ()

    @classmethod
    def of(
        cls,
        threads: Iterable[Iterable[Step]],
        *,
        prefix: Iterable[Step] = (),
        suffix: Iterable[Step] = (),
    ) -> MachineProgram:
        """Return a program.

        Raises:
            ArgumentError: Something is no step, there are too many, or a step takes a result that
                no step before it in its thread or in the prefix returns.
        """
        parts = [_steps("prefix", prefix), *_threads(threads), _steps("suffix", suffix)]
        program = cls(prefix=parts[0], threads=tuple(parts[1:-1]), suffix=parts[-1])
        if len(program) > MAX_STEPS or len(program.threads) > MAX_THREADS:
            wants = f"at most {MAX_THREADS} threads and {MAX_STEPS} steps"
            raise ArgumentError("threads", program.threads, wants)
        program.check_results()
        return program

    def __len__(self) -> int:
        return sum(map(len, self.parts()))

    def parts(self) -> tuple[tuple[Step, ...], ...]:
        """Return the prefix, each thread, the suffix."""
        return (self.prefix, *self.threads, self.suffix)

    def steps(self) -> tuple[Step, ...]:
        """Return all steps: the prefix, thread after thread, the suffix."""
        return tuple(step for part in self.parts() for step in part)

    def check_results(self) -> None:
        """Check that each step takes only what is there by then.

        Raises:
            ArgumentError: One takes what is not, or two give the same name.
        """
        first = {name for step in self.prefix for name in step.into}
        known: list[set[str]] = [set(), *(set(first) for _ in self.threads), set()]
        known[-1] = {name for part in self.parts()[:-1] for step in part for name in step.into}
        given: set[str] = set()
        for part, there in zip(self.parts(), known, strict=True):
            for step in part:
                for name in step.references():
                    if name not in there:
                        wants = "results of earlier steps of the same thread, or of the prefix"
                        raise ArgumentError(f"{step.rule}'s argument", Result(name), wants)
                if given.intersection(step.into):
                    raise ArgumentError("into", step.into, "names that no other step gives")
                there.update(step.into)
                given.update(step.into)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, machine: str = "") -> list[str]:
        """Return the program as a reader likes it: a column a thread."""
        lines = [f"state = {machine}()"] if machine else []
        lines += map(str, self.prefix)
        columns = [part for part in self.threads if part]
        if columns:
            lines += ["# at the same time:" if len(columns) > 1 else "# in a thread:"]
            lines += _side_by_side(columns)
        if self.suffix:
            lines += ["# then:", *map(str, self.suffix)]
        return lines

    def source(self) -> str:
        """Return the arguments of `run_steps` that make it, as lines of Python."""
        taken = {name for step in self.steps() for name in step.references()}

        def needed(step: Step) -> Step:
            return step if taken.intersection(step.into) else replace(step, into=())

        text = "    threads=[\n"
        for part in self.threads:
            if part:
                text += _written("        ", map(needed, part))
        text += "    ],\n"
        for name, part in (("prefix", self.prefix), ("suffix", self.suffix)):
            if part:
                text += _written(f"    {name}=", map(needed, part))
        return text

    def key(self) -> str | None:
        """Return what tells the program from every other; None where its text does not."""
        plain = all(_is_plain(value) for step in self.steps() for value in step.arguments.values())
        return repr((self.prefix, self.threads, self.suffix)) if plain else None

    def without(self, index: int) -> MachineProgram:
        """Return the program without one step, and without those that take what it returns."""
        gone: set[str] = set()
        parts: list[tuple[Step, ...]] = []
        number = 0
        for part in self.parts():
            kept = []
            for step in part:
                if number == index or gone.intersection(step.references()):
                    gone.update(step.into)
                else:
                    kept.append(step)
                number += 1
            parts.append(tuple(kept))
        return replace(self, prefix=parts[0], threads=tuple(parts[1:-1]), suffix=parts[-1])


def thread_name(number: int) -> str:
    """Return what stories call a thread of a program, counted from 0."""
    return f"T{number + 1}"


def shown(value: object) -> str:
    """Return a value as a step shows it: a result by its name."""
    if isinstance(value, Result):
        return value.name
    if type(value) is list:
        return f"[{', '.join(map(shown, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(shown, value))}{',' if len(value) == 1 else ''})"
    if type(value) is dict:
        return f"{{{', '.join(f'{shown(key)}: {shown(one)}' for key, one in value.items())}}}"
    return repr(value)


def with_results(value: Any, look_up: Callable[[str], Any]) -> Any:  # noqa: ANN401  # any argument
    """Return an argument with the results that it stands for in their places.

    Containers are made anew, so that a step may change what it gets.
    """
    if isinstance(value, Result):
        return look_up(value.name)
    if type(value) in _CONTAINERS:
        return type(value)([with_results(one, look_up) for one in value])
    if type(value) is dict:
        return {
            with_results(key, look_up): with_results(one, look_up) for key, one in value.items()
        }
    return value


def _is_plain(value: object) -> bool:
    """Say whether two values with the same text are the same."""
    if type(value) in _CONTAINERS:
        return all(map(_is_plain, value))  # type: ignore[call-overload]  # a container
    if type(value) is dict:
        return all(_is_plain(key) and _is_plain(one) for key, one in value.items())
    return type(value) in _PLAIN or isinstance(value, Result)


def _names_in(value: object) -> Iterator[str]:
    if isinstance(value, Result):
        yield value.name
    elif type(value) in _CONTAINERS:
        for one in value:  # type: ignore[attr-defined]  # a container
            yield from _names_in(one)
    elif type(value) is dict:
        for key, one in value.items():
            yield from _names_in(key)
            yield from _names_in(one)


def _steps(name: str, given: object) -> tuple[Step, ...]:
    if isinstance(given, str | Step) or not hasattr(given, "__iter__"):
        raise ArgumentError(name, given, "a list of Step values")
    steps = tuple(given)
    for one in steps:
        if not isinstance(one, Step):
            raise ArgumentError(name, one, "Step values")
    return steps


def _threads(given: object) -> list[tuple[Step, ...]]:
    if isinstance(given, str | Step) or not hasattr(given, "__iter__"):
        raise ArgumentError("threads", given, "a list of threads, each a list of Step values")
    return [_steps("threads", part) for part in given]


def _written(begin: str, steps: Iterable[Step]) -> str:
    """Return a list of steps as Python: in one line where it fits, else a step a line."""
    texts = [repr(step) for step in steps]
    line = f"{begin}[{', '.join(texts)}],\n"
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(begin) - len(begin.lstrip()))
    inner = "".join(f"{indent}    {text},\n" for text in texts)
    return f"{begin}[\n{inner}{indent}],\n"


def _quoted(text: str) -> str:
    """Return a text as a formatter would have it."""
    return repr(text) if '"' in text or "\\" in repr(text) else f'"{text}"'


def _python(value: object) -> str:
    """Return the expression for an argument."""
    return _quoted(value) if type(value) is str else repr(value)


def _side_by_side(columns: list[tuple[Step, ...]]) -> Iterator[str]:
    texts = [[thread_name(number), *map(str, part)] for number, part in enumerate(columns)]
    widths = [max(map(len, column)) + GAP for column in texts]
    for row in range(max(map(len, texts))):
        cells = [column[row] if row < len(column) else "" for column in texts]
        line = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"    {line.rstrip()}"
