"""Histories as files: JSON lines, a record an operation.

The first line may be a header, an object without `op`:

    {"history": "etcd_000", "model": "cas-register", "expected": "illegal", "ops": 85}

`expected` is `ok` or `illegal`, `ops` how many records follow; other fields are for readers. Then
come the records, in any order:

    {"client": 0, "op": "cas", "key": null, "input": [0, 3], "output": true, "status": "ok",
     "call": 26, "ret": 28}

- `client`: a whole number or text. `op`: the name of the operation.
- `key`: which object it was called on; null or absent: the only one.
- `input`: its arguments by place. Null or absent: none; an array: each of them; anything else: the
  only one. So one argument that is an array is written `[[1, 2]]`. `keywords`: an object with
  arguments by name.
- `output`: the result; `{"raised": "queue.Empty"}` for an exception. See `history_values` for the
  values that JSON does not have.
- `status`: `ok` (or absent): the result is known; `unknown`: nobody learnt it, and it may have
  taken effect at any time after `call`, or never; `fail`: it is known not to have happened, and is
  left out.
- `call`, `ret`: when it began and came back, in any unit; `ret` null or absent: it never did.

Anything else is an error that names the line: a field with a typing error would else be ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.frozen import Frozen
from harness.linearizability.history import History
from harness.linearizability.history_lines import FileLimits, ObjectLines
from harness.linearizability.history_values import BadValueError, from_json, to_json
from harness.linearizability.operation import Operation, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Final = frozenset(
    {"client", "op", "key", "input", "keywords", "output", "status", "call", "ret"}
)
EXPECTED: Final = {"ok": True, "illegal": False}
_STATUSES: Final = ("ok", "unknown", "fail")
_LIMITS: Final = FileLimits()


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """What a file holds.

    Attributes:
        history: Its operations, without those that are known not to have happened.
        model: The name of the model that its header gives; empty where it gives none.
        expected: Whether its header says that the history is right; None where it says nothing.
        left_out: How many operations are known not to have happened.
        lines: The line of each operation of the history, from 1.
    """

    history: History
    model: str = ""
    expected: bool | None = None
    left_out: int = 0
    lines: tuple[int, ...] = field(default=(), repr=False)


def read_history(
    source: str | Path | IO[bytes], *, name: str = "", limits: FileLimits = _LIMITS
) -> HistoryFile:
    """Read a file of operations.

    Args:
        source: A path, or an open file in binary mode, which stays open.
        name: What errors call the source, and the history if its header does not say.
        limits: What it may hold at most.

    Raises:
        HistoryFileError: A line is no record, or too much; it says which, and what it takes.
        OSError: It cannot be read.
    """
    if not isinstance(limits, FileLimits):
        raise ArgumentError("limits", limits, "FileLimits")
    if isinstance(source, str | Path):
        with Path(source).open("rb") as stream:
            return _Reading(stream, name or str(source), limits).file()
    if not hasattr(source, "readline"):
        raise ArgumentError("source", source, "a path, or a file in binary mode")
    return _Reading(source, name or str(getattr(source, "name", "history")), limits).file()


class _Reading:
    """One file while it is read."""

    def __init__(self, stream: IO[bytes], source: str, limits: FileLimits) -> None:
        self._lines = ObjectLines(stream, source=source, limits=limits)
        self._source = source
        self._limits = limits
        self._values = 0
        self._left_out = 0
        self._shared: dict[Any, Any] = {}  # names, clients and keys come again and again

    def file(self) -> HistoryFile:
        header: Mapping[str, Any] = {}
        found: list[tuple[Operation, int]] = []
        records = 0
        for number, record in enumerate(self._lines):
            if number == 0 and "op" not in record:
                header = record
                self._check_header(header)
                continue
            records += 1
            if records > self._limits.operations:
                self._lines.fail(f"more than {self._limits.operations} operations", "fewer")
            operation = self._operation(record)
            if operation is not None:
                found.append((operation, self._lines.line))
        self._check_count(header, records)
        found.sort(key=lambda one: one[0].call)
        history = History(tuple([one for one, _ in found]), header.get("history") or self._source)
        return HistoryFile(
            history=history,
            model=header.get("model") or "",
            expected=EXPECTED.get(header.get("expected") or ""),
            left_out=self._left_out,
            lines=tuple([line for _, line in found]),
        )

    def _check_header(self, header: Mapping[str, Any]) -> None:
        for name in ("history", "model"):
            if not isinstance(header.get(name, ""), str):
                self._lines.fail(f"the header's {name} is {header[name]!r:.60}", "text")
        if not {"history", "model", "expected", "ops"} & header.keys() and FIELDS & header.keys():
            self._lines.fail("the field op is missing", "the name of an operation")
        expected = header.get("expected")
        if expected is not None and not (isinstance(expected, str) and expected in EXPECTED):
            self._lines.fail(f"the header's expected is {expected!r:.60}", "ok or illegal")
        if "ops" in header and not _is_count(header["ops"]):
            self._lines.fail(f"the header's ops is {header['ops']!r:.60}", "a whole number")

    def _check_count(self, header: Mapping[str, Any], records: int) -> None:
        if "ops" in header and header["ops"] != records:
            self._lines.fail(
                f"the file ends after {records} operations, and its header tells of "
                f"{header['ops']}",
                "a file that is whole",
            )

    def _operation(self, record: Mapping[str, Any]) -> Operation | None:
        unknown = record.keys() - FIELDS
        if unknown:
            some = ", ".join(repr(name)[:60] for name in sorted(unknown)[:3])
            self._lines.fail(f"unknown field {some}", f"the fields {', '.join(sorted(FIELDS))}")
        name = self._name(record)
        status = self._status(record)
        call, ret = self._interval(record, status)
        output = self._value(record, "output")
        if status != "ok" and output is not None:
            self._lines.fail(f"the output of an operation with status {status}", "null there")
        operation = Operation(
            client=self._client(record),
            name=name,
            arguments=self._arguments(record),
            keywords=self._keywords(record),
            output=output,
            status=Status.OK if status == "ok" else Status.UNKNOWN,
            call=call,
            ret=ret,
            key=self._again(self._value(record, "key")),
        )
        if status == "fail":
            self._left_out += 1
            return None
        return operation

    def _status(self, record: Mapping[str, Any]) -> str:
        status = record.get("status", "ok")
        if not isinstance(status, str) or status not in _STATUSES:
            self._lines.fail(f"the status {status!r:.60}", ", ".join(_STATUSES))
        return status

    def _interval(self, record: Mapping[str, Any], status: str) -> tuple[float, float | None]:
        if "call" not in record:
            self._lines.fail("the field call is missing", "when the operation began, a number")
        call, ret = record["call"], record.get("ret")
        if not _is_number(call):
            self._lines.fail(f"the call is {call!r:.60}", "a number")
        if ret is None:
            if status == "ok":
                takes = 'a ret, or the status "unknown" for what never came back'
                self._lines.fail("the result is known, and ret is null or missing", takes)
        elif not _is_number(ret) or ret < call:
            self._lines.fail(f"the ret is {ret!r:.60}", f"a number from the call on, {call!r:.60}")
        return call, ret

    def _client(self, record: Mapping[str, Any]) -> int | str:
        client = record.get("client")
        if isinstance(client, bool) or not isinstance(client, int | str):
            self._lines.fail(f"the client is {client!r:.60}", "a whole number or text")
        found: int | str = self._again(self._value(record, "client"))
        return found

    def _name(self, record: Mapping[str, Any]) -> str:
        name = record.get("op")
        if not isinstance(name, str) or not name:
            self._lines.fail(f"the op is {name!r:.60}", "the name of an operation")
        found: str = self._again(self._value(record, "op"))
        return found

    def _arguments(self, record: Mapping[str, Any]) -> tuple[Any, ...]:
        given = record.get("input")
        if given is None:
            return ()
        value = self._value(record, "input")
        if isinstance(given, list):
            assert isinstance(value, Frozen), "an array is read as a list"
            return tuple(value.content)
        return (value,)

    def _keywords(self, record: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        given = record.get("keywords")
        if not given:
            return ()
        if not isinstance(given, dict):
            self._lines.fail(f"the keywords are {given!r:.60}", "an object")
        return tuple(sorted((name, self._value(given, name)) for name in given))

    def _value(self, record: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # any value
        value = record.get(name)
        if value is None:
            return None
        if isinstance(value, list | dict):
            self._count(value)
        try:
            return from_json(value)
        except BadValueError as error:
            self._lines.fail(f"the {name} stands for no value", str(error))

    def _count(self, value: list[Any] | dict[str, Any]) -> None:
        """Count what is in a value."""
        waiting: list[Any] = [value]
        while waiting:
            one = waiting.pop()
            inner = one.values() if isinstance(one, dict) else one
            self._values += len(one)
            waiting.extend(each for each in inner if isinstance(each, list | dict))
        if self._values > self._limits.values:
            self._lines.fail(f"more than {self._limits.values} values in arrays", "fewer")

    def _again(self, value: Any) -> Any:  # noqa: ANN401  # any value
        """Return the same object for equal values of one type."""
        return None if value is None else self._shared.setdefault((type(value), value), value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def write_history(
    history: History, target: str | Path | IO[str], *, model: str = "", expected: bool | None = None
) -> None:
    """Write a history as `read_history` reads it: what comes back is equal.

    Args:
        target: A path, or an open file in text mode, which stays open.
        model: The name of a model, for the header.
        expected: Whether the history is right, for the header.

    Raises:
        HistoryValueError: An argument or result is of a class that files do not hold.
    """
    if not isinstance(history, History):
        raise ArgumentError("history", history, "a History: History.of(operations)")
    if isinstance(target, str | Path):
        with Path(target).open("w", encoding="utf-8", newline="\n") as stream:
            write_history(history, stream, model=model, expected=expected)
        return
    header: dict[str, Any] = {"history": history.name, "model": model}
    if expected is not None:
        header["expected"] = "ok" if expected else "illegal"
    header["ops"] = len(history)
    target.write(json.dumps(header) + "\n")
    for operation in history:
        target.write(json.dumps(_record(operation)) + "\n")


def _record(operation: Operation) -> dict[str, Any]:
    arguments = operation.arguments
    given: Any = [to_json(one) for one in arguments] if arguments else None
    if len(arguments) == 1 and given[0] is not None and not isinstance(given[0], list):
        given = given[0]
    record = {
        "client": to_json(operation.client),
        "op": operation.name,
        "key": to_json(operation.key),
        "input": given,
        "output": to_json(operation.output),
        "status": operation.status.value,
        "call": operation.call,
        "ret": operation.ret,
    }
    if operation.keywords:
        record["keywords"] = {name: to_json(value) for name, value in operation.keywords}
    return record
