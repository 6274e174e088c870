"""pytest-benchmark's JSON, the layout of today and that of 2015, as a run document.

The value of a benchmark is its fastest round, or the median of them if that was chosen; the mean
moves with a single interrupted round. The five-number summary is kept, so that the choice can be
changed later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import limits
from reports.document import RunDocument
from reports.environment import UNKNOWN, Environment
from reports.errors import BadValueError
from reports.importers.choices import Statistic
from reports.importers.here import commit_or_none
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from reports.commit import Commit
    from reports.fields import Fields
    from reports.importers.here import Here

SOURCE: Final = "pytest-benchmark"
ENVIRONMENT_KEY: Final = "holdfast"  # in machine_info, when our benchmarks wrote the file


def is_pytest_benchmark(values: Fields) -> bool:
    """Return whether a document has the shape of pytest-benchmark's."""
    return "benchmarks" in values and "machine_info" in values


def runs_from_pytest_benchmark(values: Fields, *, here: Here) -> tuple[RunDocument, ...]:
    """Return the run that the file describes, dated and placed as the file says.

    Raises:
        DamagedDocumentError: A field is absent, of the wrong type or beyond its limit.
    """
    statistic = here.choices.statistic or Statistic.MIN
    benchmarks = values.objects("benchmarks", most=limits.RECORDS)
    commit = _commit(values.inner("commit_info")) if "commit_info" in values else None
    document = RunDocument(
        source=SOURCE,
        written_at=values.time("datetime"),
        environment=_environment(values.inner("machine_info")),
        commit=commit or here.named_commit,
        records=tuple(_record(one, statistic) for one in benchmarks),
    )
    return (document,)


def _record(values: Fields, statistic: Statistic) -> Record:
    try:
        return Record(
            kind=RecordKind.BENCHMARK,
            name=values.text("fullname"),
            outcome=Outcome.PASSED,
            measures=(_time(values.inner("stats"), statistic),),
            params=_params(values),
        )
    except BadValueError as error:
        values.refuse("stats", f"describes no valid measure: {error}")


def _params(values: Fields) -> dict[str, str]:
    """Return the group, the benchmark's parameters, and what it noted of itself."""
    params = {"group": values.text("group")} if "group" in values else {}
    if values.is_object("params"):
        params |= values.inner("params").texts_only()
    if values.is_object("extra_info"):
        for name, text in values.inner("extra_info").texts_only().items():
            params[f"extra_info.{name}" if name in params else name] = text
    return params


def _time(stats: Fields, statistic: Statistic) -> Measure:
    median, minimum = stats.number("median"), stats.number("min")
    return Measure(
        metric="time",
        value=median if statistic is Statistic.MEDIAN else minimum,
        unit="s",
        direction=Direction.LOWER,
        n=stats.integer("rounds", least=1),
        minimum=minimum,
        q1=stats.number_or_none("q1"),
        median=median,
        q3=stats.number_or_none("q3"),
        maximum=stats.number("max"),
    )


def _environment(machine: Fields) -> Environment:
    if ENVIRONMENT_KEY in machine:
        return Environment.from_json(machine.inner(ENVIRONMENT_KEY))
    cpu, cores = _cpu(machine)
    return Environment(
        system=machine.text("system", default=UNKNOWN),
        kernel=".".join(machine.text("release", default=UNKNOWN).split(".")[:2]),
        machine=machine.text("machine", default=UNKNOWN),
        cpu=cpu,
        cores=cores,
        implementation=machine.text("python_implementation", default=UNKNOWN),
        python=machine.text("python_version", default=UNKNOWN),
        build=machine.text("python_compiler", default=UNKNOWN),
        threads=UNKNOWN,
        hash_seed=UNKNOWN,
    )


def _cpu(machine: Fields) -> tuple[str, int]:
    fallback = machine.text("processor", default="") or UNKNOWN
    if "cpu" not in machine:  # the layout of 2015
        return fallback, 0
    cpu = machine.inner("cpu")
    brand = cpu.text("brand_raw", default="") or cpu.text("brand", default="")
    cores = cpu.integer("count", least=0) if "count" in cpu else 0
    return brand or fallback, cores


def _commit(info: Fields) -> Commit | None:
    commit_id = info.text("id", default="")
    dirty = info.flag("dirty") if "dirty" in info else False
    committed_at = info.time("time") if "time" in info else None
    return commit_or_none(commit_id, dirty=dirty, committed_at=committed_at)
