"""Bytes to files of histories: refused with the line that is wrong, or read, judged and written.

Half of the inputs are the file as it stands. The others are records of a register, made of a few
bytes each, so that most of them can be judged.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

from fuzz.byte_reader import ByteReader
from fuzz.fuzz_target import Target
from harness.linearizability import (
    History,
    HistoryFileError,
    Verdict,
    check,
    make_model,
    read_history,
    write_history,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.fuzz_target import Run
    from harness.linearizability import HistoryFile

MOST_JUDGED: Final = 10  # operations; a judgement of more may take its time rightly
BUDGET_S: Final = 2.0


def file_of(data: bytes) -> bytes:
    """Return the file that an input stands for."""
    if not data or data[0] % 2:
        return data[1:]
    reader = ByteReader(data[1:])
    lines = []
    while reader.left:
        lines.append(json.dumps(_record(reader)))
    return "\n".join(lines).encode()


def _record(reader: ByteReader) -> dict[str, Any]:
    call = reader.byte()
    value = reader.below(3)
    reads = bool(reader.below(2))
    record: dict[str, Any] = {
        "client": reader.below(4),
        "op": "read" if reads else "write",
        "input": [] if reads else [value],
        "output": value if reads else None,
        "call": call,
        "ret": call + 1 + reader.below(40),
        "status": ("ok", "ok", "unknown", "fail")[reader.below(4)],
    }
    if not reader.below(8):
        record["ret"] = None
    return record


def history_run(
    read: Callable[..., HistoryFile] = read_history, judge: Callable[..., Any] = check
) -> Run:
    """Return the `run` of this target for another reader, or another checker."""

    def run(data: bytes) -> None:
        try:
            found = read(io.BytesIO(file_of(data)), name="input")
        except HistoryFileError as error:
            if not str(error):
                raise AssertionError("a refusal without a word") from error
            return
        written = io.StringIO()
        write_history(found.history, written)
        again = read(io.BytesIO(written.getvalue().encode()), name="again")
        assert again.history.operations == found.history.operations, (
            "a history that is written and read is another one"
        )
        if len(found.history.operations) <= MOST_JUDGED and _is_register(found):
            _judge(found, judge)

    return run


def _is_register(found: HistoryFile) -> bool:
    return all(
        one.name in ("read", "write") and len(one.arguments) == (one.name == "write")
        for one in found.history.operations
    )


def _judge(found: HistoryFile, judge: Callable[..., Any]) -> None:
    """Judge the history, and again without each of its reads.

    A read changes nothing, so an order of all operations is one of all but a read.
    """
    model = make_model("register")
    if judge(found.history, model, budget_s=BUDGET_S).verdict is not Verdict.LINEARIZABLE:
        return
    operations = found.history.operations
    for left_out in (one for one in operations if one.name == "read"):
        fewer = History.of([one for one in operations if one is not left_out])
        verdict = judge(fewer, model, budget_s=BUDGET_S).verdict
        assert verdict is not Verdict.NOT_LINEARIZABLE, (
            "a right history is wrong without one of its reads"
        )


HISTORY_FILES: Final = Target(
    name="history_files",
    run=history_run(),
    what="any file is refused with a line, or reads and writes as one history, which is judged",
    instrument=(
        "harness.linearizability.history_file", "harness.linearizability.history_lines",
        "harness.linearizability.history_values", "harness.linearizability.checker",
        "harness.linearizability.interval_search",
    ),
    seeds=(
        (
            b'\x01{"history": "h", "model": "register", "ops": 1}\n'
            b'{"client": 0, "op": "read", "output": null, "call": 1, "ret": 2}'
        ),
        bytes((0, 1, 1, 0, 0, 9, 0, 1, 4, 1, 1, 1, 9, 0, 1)),
    ),
    dictionary=(
        b'"client"', b'"op"', b'"key"', b'"input"', b'"keywords"', b'"output"', b'"status"',
        b'"call"', b'"ret"', b'"raised"', b'"unknown"', b'"fail"', b"null", b"1e999", b"NaN",
    ),
    max_bytes=1_024,
)  # fmt: skip
