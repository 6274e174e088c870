"""Which of the known formats a file is, by its content, and the runs that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reports.document import RUN_SCHEMA, RunDocument
from reports.errors import BadValueError, DamagedDocumentError, UnknownDocumentError
from reports.importers import (
    asv,
    asv_folder,
    export_files,
    github_action,
    junit,
    pyperf,
    pytest_benchmark,
)
from reports.importers.choices import DESCRIPTIONS, Format
from reports.importers.exploration import EXPLORATION_SCHEMA, run_from_exploration
from reports.strict_json import parse, parse_list, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from reports.fields import Fields
    from reports.importers.here import Here

_STORE_SCHEMA: Final = "holdfast.store/1"
_UTF16_XML: Final = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")
_UTF8_XML: Final = (b"<", b"\xef\xbb\xbf<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a file was recognised as, and its runs.

    `run_ids` are the ids that runs had in the store they were exported from, in their order.
    """

    format: Format
    documents: tuple[RunDocument, ...]
    run_ids: tuple[str, ...] = ()


def read_result(file: Path, *, here: Here) -> Result:
    """Return the runs of a result file, all of them or none.

    Raises:
        DamagedDocumentError: The file is cut short, malformed or beyond a limit.
        UnknownDocumentError: It is of none of the known kinds.
    """
    try:
        return _read(file, here)
    except BadValueError as error:
        raise DamagedDocumentError(str(file), f"it describes no valid run: {error}") from error


def _read(file: Path, here: Here) -> Result:
    data = read_bytes(file)
    chosen = here.choices.format or _format_of_bytes(data, file)
    if chosen is Format.JUNIT:
        found = junit.runs_from_junit(data, document=str(file), file=file, here=here)
        return Result(format=chosen, documents=found)
    if chosen is Format.CUSTOM:
        entries = parse_list(data, document=str(file))
        if here.choices.format is None and not entries.are_objects_with("", "name", "value"):
            raise _unknown(file, "a JSON list of an unknown kind")
        found = github_action.runs_from_custom(entries, file=file, here=here)
        return Result(format=chosen, documents=found)
    values = parse(github_action.without_prefix(data), document=str(file), nan=True)
    chosen = chosen or _format_of_fields(values, file)
    if values.source.nan and chosen is not Format.ASV:
        values.source.refuse_nan()
    if chosen is Format.EXPORT:
        return _export(values, file)
    return Result(format=chosen, documents=_runs(values, chosen, file, here))


def _export(values: Fields, file: Path) -> Result:
    if values.text("schema", default="") == export_files.RUNS_SCHEMA:
        found = export_files.runs_from_documents(values, document=str(file))
        return Result(format=Format.EXPORT, documents=tuple(found.values()))
    runs = export_files.runs_from_series(values)
    return Result(format=Format.EXPORT, documents=tuple(runs.values()), run_ids=tuple(runs))


def is_no_result(error: UnknownDocumentError) -> bool:
    """Return whether the document is no result at all, rather than one of another version."""
    return not error.schema.startswith("holdfast.") or error.schema == _STORE_SCHEMA


def _runs(values: Fields, chosen: Format, file: Path, here: Here) -> tuple[RunDocument, ...]:
    match chosen:
        case Format.RUN:
            return (RunDocument.from_fields(values, document=str(file)),)
        case Format.EXPLORATION:
            return (run_from_exploration(values, file=file, here=here),)
        case Format.PYTEST_BENCHMARK:
            return pytest_benchmark.runs_from_pytest_benchmark(values, here=here)
        case Format.ASV:
            return asv.runs_from_asv(values, file=file, here=here)
        case Format.PYPERF:
            return pyperf.runs_from_pyperf(values, file=file, here=here)
        case Format.GITHUB_ACTION:
            return github_action.runs_from_github_action(values, here=here)
        case Format.CUSTOM | Format.JUNIT | Format.EXPORT:
            raise AssertionError("these were read before")
        case _:
            assert_never(chosen)


def _format_of_bytes(data: bytes, file: Path) -> Format | None:
    """Return the format of what is no JSON object, or None where that has to be parsed first.

    Raises:
        UnknownDocumentError: It is XML or a script of another kind.
    """
    if file.suffix.lower() == ".js" and not github_action.is_script(data):
        raise _unknown(file, "a script that does not begin with window.BENCHMARK_DATA")
    if (root := junit.foreign_root(data)) is not None:
        raise _unknown(file, f"XML of an unknown kind (<{root}>)")
    if data.startswith(_UTF16_XML) or data[:200].lstrip().startswith(_UTF8_XML):
        return Format.JUNIT
    return Format.CUSTOM if data[:200].lstrip().startswith(b"[") else None


def _format_of_fields(values: Fields, file: Path) -> Format:
    if "schema" in values:
        return _by_schema(values.text("schema"), file)
    if pytest_benchmark.is_pytest_benchmark(values):
        return Format.PYTEST_BENCHMARK
    if github_action.is_github_action(values):
        return Format.GITHUB_ACTION
    if asv.is_asv(values):
        return Format.ASV
    if pyperf.is_pyperf(values):
        return Format.PYPERF
    if asv_folder.is_companion(values):
        raise _unknown(file, "a file that belongs to asv's results and holds none")
    raise _unknown(file, "JSON of an unknown kind")


def _by_schema(schema: str, file: Path) -> Format:
    if schema == RUN_SCHEMA:
        return Format.RUN
    if schema == EXPLORATION_SCHEMA:
        return Format.EXPLORATION
    if schema in {export_files.EXPORT_SCHEMA, export_files.RUNS_SCHEMA}:
        return Format.EXPORT
    raise _unknown(file, schema)


def _unknown(file: Path, what: str) -> UnknownDocumentError:
    return UnknownDocumentError(str(file), what, tuple(DESCRIPTIONS.values()))
