"""What somebody who brings results chooses: format, statistic, what the files do not say."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from reports.errors import BadValueError
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable


class Format(StrEnum):
    """A kind of result file that is read; the value is its name on the command line."""

    RUN = "run"
    EXPORT = "export"
    EXPLORATION = "exploration"
    PYTEST_BENCHMARK = "pytest-benchmark"
    ASV = "asv"
    PYPERF = "pyperf"
    GITHUB_ACTION = "github-action-benchmark"
    CUSTOM = "custom"
    JUNIT = "junit"


DESCRIPTIONS: dict[Format, str] = {
    Format.RUN: "holdfast.run/1",
    Format.EXPORT: "holdfast.export/1, holdfast.runs/1",
    Format.EXPLORATION: "holdfast.exploration/1",
    Format.PYTEST_BENCHMARK: "pytest-benchmark JSON",
    Format.ASV: "asv results",
    Format.PYPERF: "pyperf JSON",
    Format.GITHUB_ACTION: "github-action-benchmark data",
    Format.CUSTOM: "the list of customSmallerIsBetter and customBiggerIsBetter",
    Format.JUNIT: "JUnit XML",
}


class Statistic(StrEnum):
    """Which of a run's rounds stands for the run. The mean is none: one interruption moves it."""

    MEDIAN = "median"
    MIN = "min"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How files are read, and what is taken where they say nothing.

    Attributes:
        format: Read every file as this; None: recognise each by its content.
        statistic: Stands for a run's rounds; None: what is best for each format. The fastest round
            of pytest-benchmark, whose middle moves with whatever else the machine does, the median
            of others, whose values are means of many rounds already.
        directions: Which way metrics get better: pairs of a pattern and a direction. A pattern
            with `*` and `?` is held against the benchmark's name and against its metric's; the
            first that fits decides.
        commit: The commit of files that name none: an id, or anything that `repository` resolves.
        repository: Where positions of commits are looked up.
        environment_name: Stands for the machine of files that name none.
    """

    format: Format | None = None
    statistic: Statistic | None = None
    directions: tuple[tuple[str, Direction], ...] = ()
    commit: str = ""
    repository: Path = field(default_factory=Path)
    environment_name: str = ""

    def direction(self, benchmark: str, metric: str) -> Direction | None:
        """Return the direction that somebody gave, or None where no pattern fits."""
        for pattern, direction in self.directions:
            if any(fnmatch.fnmatchcase(name, pattern) for name in (benchmark, metric)):
                return direction
        return None


def directions_from(texts: Iterable[str]) -> tuple[tuple[str, Direction], ...]:
    """Return the pairs that texts such as "*throughput*=higher" mean.

    Raises:
        BadValueError: A text is none such.
    """
    return tuple(_direction(text) for text in texts)


def _direction(text: str) -> tuple[str, Direction]:
    pattern, _, name = text.rpartition("=")
    if not pattern or name.upper() not in Direction.__members__:
        known = ", ".join(member.name.lower() for member in Direction)
        takes = f"PATTERN=DIRECTION with a direction of {known}, such as '*rate*=higher'"
        raise BadValueError("--direction", repr(text)[:80], takes)
    return pattern, Direction[name.upper()]
