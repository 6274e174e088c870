"""What stands beside asv's results: what each benchmark measures, and which machine ran them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.importers.units import unit_of
from reports.record import Direction
from reports.strict_json import parse, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from reports.fields import Fields
    from reports.importers.here import Here

BENCHMARKS: Final = "benchmarks.json"
MACHINE: Final = "machine.json"
# By asv's own rule for names: the last part begins with what is measured.
_BY_PREFIX: Final = {
    "time": ("time", "s"),
    "timeraw": ("time", "s"),
    "mem": ("memory", "bytes"),
    "peakmem": ("peak memory", "bytes"),
}
_BY_TYPE: Final = {
    "time": ("time", "s"),
    "timeraw": ("time", "s"),
    "memory": ("memory", "bytes"),
    "peakmemory": ("peak memory", "bytes"),
}
_NO_UNIT: Final = "unit"  # what asv writes for a benchmark that names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a benchmark measures; `direction` is `NEITHER` where nothing tells it."""

    metric: str
    unit: str
    direction: Direction
    param_names: tuple[str, ...] = ()


def is_companion(values: Fields) -> bool:
    """Return whether a document is one of these, which are no results."""
    if "machine" in values and "version" in values and "arch" in values:
        return True
    names = [name for name in values.names() if name != "version"]
    return "version" in values and all(
        values.is_object(name) and "param_names" in values.inner(name) for name in names
    )


def benchmarks(file: Path, *, here: Here) -> Fields | None:
    """Return the list of benchmarks of a result's folder, or None where there is none."""
    return _companion(file.parent.parent / BENCHMARKS, here)


def machine_name(file: Path, *, here: Here) -> str:
    """Return the name of the machine that the result's folder is of, or ""."""
    values = _companion(file.parent / MACHINE, here)
    return values.text("machine", default="") if values is not None else ""


def kind_of(name: str, listed: Fields | None) -> Kind:
    """Return what a benchmark measures: as listed, or else as its name says."""
    if listed is None or not listed.is_object(name):
        first = name.rpartition(".")[2].partition("_")[0].lower()
        metric, unit = _BY_PREFIX.get(first, ("value", ""))
        direction = Direction.LOWER if unit else Direction.NEITHER
        return Kind(metric=metric, unit=unit, direction=direction)
    about = listed.inner(name)
    params = about.text_list("param_names", most=limits.PARAMS) if "param_names" in about else ()
    type_name = about.text("type", default="")
    if type_name in _BY_TYPE:
        metric, unit = _BY_TYPE[type_name]
        return Kind(metric=metric, unit=unit, direction=Direction.LOWER, param_names=params)
    unit = about.text("unit", default="").removeprefix(_NO_UNIT)
    return Kind(
        metric="value",
        unit=unit,
        direction=unit_of(unit).direction or Direction.NEITHER,
        param_names=params,
    )


def _companion(path: Path, here: Here) -> Fields | None:
    if path not in here.companions:
        here.companions[path] = (
            parse(read_bytes(path), document=str(path)) if path.is_file() else None
        )
    return here.companions[path]
