"""asv's results, formats 1 and 2, as run documents: one file is one run of one commit.

A benchmark with parameters becomes one record for each combination, named as asv shows it:
`time_sort(1000, 'list')`. asv drops results that an older version of a benchmark's code made; here
the version is part of the name (`time_sort@3f2a91bc`), so that results of two versions are two
series, whatever `benchmarks.json` says today. Null is a failure, NaN is a skip.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.commit import Commit
from reports.document import RunDocument
from reports.environment import UNKNOWN, Environment
from reports.errors import BadValueError
from reports.importers import asv_folder
from reports.importers.choices import Statistic
from reports.importers.here import name_digest
from reports.record import Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from reports.fields import Fields
    from reports.importers.asv_folder import Kind
    from reports.importers.here import Here

SOURCE: Final = "asv"
_VERSIONS: Final = (1, 2)
_SHOWN_VERSION: Final = 8
_PARAMETERS: Final = 50
_NO_COLUMNS: Final = ("result",)  # of format 1, whose rows are objects or single numbers
_ROUNDED: Final = 1e-4  # five significant digits


def is_asv(values: Fields) -> bool:
    """Return whether a document has the shape of asv's results."""
    return "commit_hash" in values and values.is_object("results")


def runs_from_asv(values: Fields, *, file: Path, here: Here) -> tuple[RunDocument, ...]:
    """Return the run that the file describes.

    Raises:
        DamagedDocumentError: A field is absent, of the wrong type or beyond its limit, or the
            machine is another than `machine.json` beside it says.
    """
    if values.integer("version", least=0) not in _VERSIONS:
        values.refuse("version", f"is none of asv's formats {_VERSIONS}")
    results = values.inner("results")
    results.check_names()
    reader = _Reader(values, file=file, here=here)
    committed_at = values.epoch_time("date")
    records = tuple(record for name in results.names() for record in reader.records(name))
    document = RunDocument(
        source=SOURCE,
        written_at=max([committed_at, *reader.started_at]),
        environment=_environment(values, file=file, here=here),
        commit=_commit(values, committed_at),
        records=records,
    )
    return (document,)


class _Reader:
    """Reads the rows of one file, whatever its format.

    Attributes:
        started_at: When each benchmark was started, where that is said.
    """

    def __init__(self, values: Fields, *, file: Path, here: Here) -> None:
        self._values = values
        self._results = values.inner("results")
        self._here = here
        self._benchmarks = asv_folder.benchmarks(file, here=here)
        self._columns = (
            values.text_list("result_columns", most=100)
            if "result_columns" in values
            else _NO_COLUMNS
        )
        self.started_at: list[datetime] = []
        self._records = 0

    def records(self, name: str) -> list[Record]:
        """Return a record for each combination of a benchmark's parameters."""
        row = self._results.row(name, self._columns, only="result")
        kind = asv_folder.kind_of(name, self._benchmarks)
        lists = row.text_lists("params", most=_PARAMETERS)
        combinations = self._combinations(name, lists)
        results = row.cells("result", most=limits.RECORDS)
        if "result" not in row:
            results = (None,) * len(combinations)  # asv's short form of: every one failed
        if len(results) != len(combinations):
            wanted = f"{len(combinations)} combinations of parameters"
            self._results.refuse(name, f"has {len(results)} results for {wanted}")
        version = self._version(name, row)
        self._note_start(name, row)
        spread = _Spread(row, len(results))
        try:
            return [
                self._record(
                    name,
                    outcome=_outcome(result),
                    measures=self._measures(at, result, kind=kind, spread=spread),
                    values=combinations[at],
                    version=version,
                    kind=kind,
                )
                for at, result in enumerate(results)
            ]
        except BadValueError as error:
            self._results.refuse(name, f"describes no valid measure: {error}")

    def _record(  # noqa: PLR0913  # what one cell of the table is made of
        self,
        name: str,
        *,
        outcome: Outcome,
        measures: tuple[Measure, ...],
        values: Sequence[str],
        version: str,
        kind: Kind,
    ) -> Record:
        shown = f"{name}({', '.join(values)})" if values else name
        if version:
            shown += f"@{version[:_SHOWN_VERSION]}"
        names = [*kind.param_names, *(f"param{n + 1}" for n in range(len(kind.param_names), 99))]
        params = dict(zip(names, values, strict=False))
        return Record(
            kind=RecordKind.BENCHMARK,
            name=_shortened(shown),
            outcome=outcome,
            measures=measures,
            params=params | ({"version": version} if version else {}),
        )

    def _measures(
        self, at: int, result: float | None, *, kind: Kind, spread: _Spread
    ) -> tuple[Measure, ...]:
        if result is None or math.isnan(result):
            return ()
        low, high = spread.quartiles(at, result)
        minimum, maximum, count = spread.range(at)
        low, high = _within(low, minimum, None), _within(high, None, maximum)
        value = result
        if self._here.choices.statistic is Statistic.MIN and (low is not None or count > 1):
            if minimum is None:
                self._values.refuse(
                    "results", "keep no samples, so there is no minimum; leave --statistic out"
                )
            value = minimum
        measure = Measure(
            metric=kind.metric,
            value=value,
            unit=kind.unit,
            direction=kind.direction,
            n=count,
            minimum=minimum,
            q1=low,
            median=result if low is not None or minimum is not None else None,
            q3=high,
            maximum=maximum,
        )
        return (measure,)

    def _combinations(self, name: str, lists: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        # Counted before they are made: a few lists of a hostile file make billions.
        self._records += math.prod(len(one) for one in lists)
        if self._records > limits.RECORDS:
            self._results.refuse(name, f"has more than {limits.RECORDS:,} combinations")
        return list(itertools.product(*lists))

    def _version(self, name: str, row: Fields) -> str:
        if "version" in row:
            return row.text_or_number("version")
        if "benchmark_version" in self._values:  # format 1
            versions = self._values.inner("benchmark_version")
            return versions.text_or_number(name) if name in versions else ""
        return ""

    def _note_start(self, name: str, row: Fields) -> None:
        if "started_at" in row:
            self.started_at.append(row.epoch_time("started_at"))
        elif self._values.is_object("started_at"):
            starts = self._values.inner("started_at")
            if name in starts:
                self.started_at.append(starts.epoch_time(name))


class _Spread:
    """What a row says of the rounds behind its results."""

    def __init__(self, row: Fields, count: int) -> None:
        self._row = row
        self._stats = row.objects_or_none("stats", most=count) if "stats" in row else []
        self._columns = {
            name: row.cells(name, most=limits.RECORDS)
            for name in ("stats_q_25", "stats_q_75", "stats_repeat")
            if name in row
        }

    def quartiles(self, at: int, result: float) -> tuple[float | None, float | None]:
        """Return the quartiles of the result at a place, None where they are not told."""
        low, high = self._number("stats_q_25", at), self._number("stats_q_75", at)
        # asv rounds them to five digits, and not the result, which may lie between.
        if low is not None and result < low <= result + abs(result) * _ROUNDED:
            low = result
        if high is not None and result - abs(result) * _ROUNDED <= high < result:
            high = result
        return low, high

    def range(self, at: int) -> tuple[float | None, float | None, int]:
        """Return the least, the most, and how many rounds there were."""
        samples = self._row.samples("samples", at)
        if samples:
            return min(samples), max(samples), len(samples)
        stats = self._of(at)
        if stats is not None:
            count = stats.integer("n", least=1) if "n" in stats else 1
            return stats.number_or_none("min"), stats.number_or_none("max"), count
        return None, None, max(1, int(self._number("stats_repeat", at) or 1))

    def _number(self, column: str, at: int) -> float | None:
        """Return a cell of format 2, or what format 1 calls the same."""
        if column in self._columns:
            cells = self._columns[column]
            found = cells[at] if at < len(cells) else None
            return None if found is None or math.isnan(found) else found
        stats = self._of(at)
        return stats.number_or_none(column.removeprefix("stats_")) if stats is not None else None

    def _of(self, at: int) -> Fields | None:
        return self._stats[at] if at < len(self._stats) else None


def _within(value: float | None, least: float | None, most: float | None) -> float | None:
    """Return a quartile that rounding put a little outside of the samples, inside."""
    if value is None:
        return None
    if least is not None and least - abs(least) * _ROUNDED <= value < least:
        return least
    if most is not None and most < value <= most + abs(most) * _ROUNDED:
        return most
    return value


def _outcome(result: float | None) -> Outcome:
    if result is None:
        return Outcome.FAILED
    return Outcome.SKIPPED if math.isnan(result) else Outcome.PASSED


def _shortened(name: str) -> str:
    """Return a name that fits; a long one is cut and still differs from others cut alike."""
    if len(name) <= limits.NAME_CHARS:
        return name
    return f"{name[: limits.NAME_CHARS - 12]}... {name_digest(name)}"


def _commit(values: Fields, committed_at: datetime) -> Commit:
    try:
        return Commit(commit_id=values.text("commit_hash"), committed_at=committed_at)
    except BadValueError as error:
        values.refuse("commit_hash", f"is no commit: {error}")


def _environment(values: Fields, *, file: Path, here: Here) -> Environment:
    params = values.inner("params")
    name = params.text("machine", default="")
    expected = asv_folder.machine_name(file, here=here)
    if expected and name != expected:
        params.refuse("machine", f"is {name[:40]!r}, but machine.json beside it says {expected!r}")
    cores = params.text_or_number("num_cpu") if "num_cpu" in params else ""
    python = values.text("python", default="") or params.text("python", default="")
    return Environment(
        system=params.text("os", default=UNKNOWN),
        kernel=UNKNOWN,
        machine=params.text("arch", default=UNKNOWN),
        cpu=params.text("cpu", default=UNKNOWN),
        cores=int(cores) if cores.isdecimal() and len(cores) < 9 else 0,  # noqa: PLR2004
        implementation="PyPy" if "pypy" in python.lower() else "CPython",
        python=python or UNKNOWN,
        build=UNKNOWN,
        threads=UNKNOWN,
        hash_seed=UNKNOWN,
        packages=_packages(values, name),
    )


def _packages(values: Fields, machine: str) -> dict[str, str]:
    """Return what asv installed and set; a machine's name may be a person's, a digest is not."""
    found = {"asv machine": name_digest(machine)} if machine else {}
    for group, mark in (("requirements", ""), ("env_vars", "env ")):
        if not values.is_object(group):
            continue
        for name, version in values.inner(group).texts_only().items():
            found[f"{mark}{name}"] = version or "latest"
    return found
