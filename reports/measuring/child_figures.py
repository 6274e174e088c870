"""What the plugin in the measured Python wrote, as measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.record import Direction, Measure
from reports.strict_json import parse, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.strict_json import Fields

_PYTHON: Final = ("implementation", "python", "build", "threads", "hash_seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFigures:
    """The figures of each benchmark by its name, and the Python they were taken with.

    Attributes:
        failed: Benchmarks whose function did not stand another call, with what it said.
    """

    benchmarks: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    python: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    def measures(self, benchmark: str) -> tuple[Measure, ...]:
        """Return what was taken of a benchmark beside its time."""
        return self.benchmarks.get(benchmark, ())


def read_figures(file: Path) -> ChildFigures:
    """Return what the plugin wrote; nothing where it did not run, as in a command without pytest.

    Raises:
        DamagedDocumentError: The file is not what the plugin writes.
    """
    if not file.is_file():
        return ChildFigures()
    values = parse(read_bytes(file), document=str(file))
    python, benchmarks = values.inner("python"), values.inner("benchmarks")
    taken = {name: benchmarks.inner(name) for name in benchmarks.names()}
    return ChildFigures(
        benchmarks={name: _measures(one) for name, one in taken.items()},
        failed={name: one.text("failed") for name, one in taken.items() if "failed" in one},
        python={name: python.text(name) for name in _PYTHON},
        packages=python.texts("packages", most=limits.PARAMS),
    )


def _measures(values: Fields) -> tuple[Measure, ...]:
    found = []
    if "cpu" in values:
        calls = values.integer("cpu_calls", least=1)
        found.append(_measure("CPU time", values.number("cpu"), "s", n=calls))
    if "peak" in values:
        found.append(_measure("peak memory", values.number("peak"), "B"))
    if "blocks" in values:
        found.append(_measure("blocks kept", values.number("blocks"), "blocks"))
    return tuple(found)


def _measure(metric: str, value: float, unit: str, *, n: int = 1) -> Measure:
    return Measure(metric=metric, value=value, unit=unit, direction=Direction.LOWER, n=n)
