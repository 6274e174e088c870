"""pyperf's JSON, of one benchmark or a suite, as run documents.

The value is the median of all values of all processes; warm-ups and runs that only calibrated are
left out. A suite may join benchmarks of several machines or Pythons: each environment gets a
document of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.document import RunDocument
from reports.environment import UNKNOWN, Environment
from reports.errors import BadValueError
from reports.importers.choices import Statistic
from reports.importers.here import modified_at
from reports.importers.summaries import summed_up
from reports.record import Direction, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reports.fields import Fields
    from reports.importers.here import Here
    from reports.record import Measure

SOURCE: Final = "pyperf"
_RUNS: Final = 10_000  # processes of one benchmark; pyperf starts 20
_VALUES: Final = 1_000_000
_UNITS: Final = {
    "second": ("time", "s", Direction.LOWER),
    "byte": ("memory", "bytes", Direction.LOWER),
    "integer": ("value", "", Direction.NEITHER),
}
_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)+\S*")


def is_pyperf(values: Fields) -> bool:
    """Return whether a document has the shape of pyperf's."""
    if not values.is_list("benchmarks") or "version" not in values:
        return False
    benchmarks = values.objects("benchmarks", most=limits.RECORDS)
    return bool(benchmarks) and all("runs" in one for one in benchmarks)


def runs_from_pyperf(values: Fields, *, file: Path, here: Here) -> tuple[RunDocument, ...]:
    """Return the runs that the file describes, one for each environment.

    Raises:
        DamagedDocumentError: A field is absent, of the wrong type or beyond its limit.
    """
    shared = _metadata(values)
    groups: dict[Environment, list[tuple[Record, datetime | None]]] = {}
    for one in values.objects("benchmarks", most=limits.RECORDS):
        benchmark = _Benchmark(one, shared)
        record = (benchmark.record(here), benchmark.began_at())
        groups.setdefault(benchmark.environment(), []).append(record)
    if not groups:
        values.refuse("benchmarks", "is empty")
    return tuple(
        RunDocument(
            source=SOURCE,
            written_at=min((at for _, at in found if at), default=modified_at(file)),
            environment=environment,
            commit=here.named_commit,
            records=tuple(record for record, _ in found),
        )
        for environment, found in groups.items()
    )


class _Benchmark:
    """One benchmark with its metadata: those of the suite, of its own, and of its first run."""

    def __init__(self, values: Fields, shared: list[Fields]) -> None:
        self._values = values
        self._runs = values.objects("runs", most=_RUNS)
        if not self._runs:
            values.refuse("runs", "is empty")
        # The innermost says more: pyperf moves up what all have in common.
        self._about = [*_metadata(self._runs[0]), *_metadata(values), *shared]

    def record(self, here: Here) -> Record:
        """Return what it measured."""
        name = self._text("name")
        if not name:
            self._values.refuse("metadata", "has no name of the benchmark")
        description = self._text("description")
        try:
            return Record(
                kind=RecordKind.BENCHMARK,
                name=name,
                outcome=Outcome.PASSED,
                measures=self._measures(here),
                params={"description": description} if description else {},
            )
        except BadValueError as error:
            self._values.refuse("runs", f"describe no valid measure: {error}")

    def began_at(self) -> datetime | None:
        """Return the date of its first process."""
        dates = [one.time("date") for run in self._runs for one in _metadata(run) if "date" in one]
        return min(dates, default=None)

    def environment(self) -> Environment:
        """Return where it ran."""
        system, kernel, machine = _platform(self._text("platform"))
        version = _VERSION.search(self._text("python_version"))
        implementation = self._text("python_implementation")
        return Environment(
            system=system,
            kernel=kernel,
            machine=machine,
            cpu=self._text("cpu_model_name") or UNKNOWN,
            cores=self._count("cpu_count"),
            implementation={"cpython": "CPython", "pypy": "PyPy"}.get(
                implementation, implementation or UNKNOWN
            ),
            python=version.group() if version else UNKNOWN,
            build=self._text("python_compiler") or UNKNOWN,
            threads=UNKNOWN,
            hash_seed=self._text("python_hash_seed") or UNKNOWN,
        )

    def _measures(self, here: Here) -> tuple[Measure, ...]:
        values = [value for run in self._runs for value in _values(run)]
        if not values:
            self._values.refuse("runs", "only calibrate: not one holds a value")
        unit = self._text("unit") or "second"
        if unit not in _UNITS:
            self._values.refuse("metadata", f"has the unit {unit[:40]!r}; pyperf has {[*_UNITS]}")
        metric, symbol, direction = _UNITS[unit]
        statistic = here.choices.statistic or Statistic.MEDIAN
        found = [
            summed_up(values, metric=metric, unit=symbol, direction=direction, statistic=statistic)
        ]
        peaks = [
            one.number("mem_max_rss")
            for run in self._runs
            if "values" in run
            for one in _metadata(run)
            if "mem_max_rss" in one
        ]
        if peaks:
            found.append(
                summed_up(
                    peaks,
                    metric="peak memory",
                    unit="bytes",
                    direction=Direction.LOWER,
                    statistic=statistic,
                )
            )
        return tuple(found)

    def _text(self, name: str) -> str:
        for one in self._about:
            if name in one:
                return one.text_or_number(name)
        return ""

    def _count(self, name: str) -> int:
        for one in self._about:
            if name in one:
                return one.integer(name, least=0)
        return 0


def _metadata(values: Fields) -> list[Fields]:
    """Return the metadata of a level; `common_metadata` was their name until pyperf 0.9.5."""
    return [values.inner(name) for name in ("metadata", "common_metadata") if name in values]


def _values(run: Fields) -> tuple[float, ...]:
    """Return a run's values, none for one that calibrated; `samples` was their name."""
    name = "values" if "values" in run else "samples"
    return run.numbers(name, most=_VALUES) if name in run else ()


def _platform(text: str) -> tuple[str, str, str]:
    """Return system, kernel and machine of a platform such as Linux-6.1.0-13-x86_64-with-x."""
    system, _, rest = text.partition("-")
    version, _, rest = rest.partition("-")
    words = rest.partition("-with-")[0].split("-")
    return system or UNKNOWN, ".".join(version.split(".")[:2]) or UNKNOWN, words[-1] or UNKNOWN
