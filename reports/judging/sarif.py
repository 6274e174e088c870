"""What was found as SARIF 2.1.0: regressions with their alert ids, failed checks with their replay.

The format is OASIS "Static Analysis Results Interchange Format Version 2.1.0". A result's
fingerprint is the alert's id, so that a viewer knows it again from run to run; what somebody
accepted is there too, with a suppression that gives the reason.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from reports.change_points.analysis import ChangeKind
from reports.judging.change_words import (
    ack_command,
    between_words,
    evidence_words,
    level_words,
    name_words,
    size_words,
)
from reports.judging.escaping import file_of, many_lines, one_line
from reports.quantities import MICRO, MINUS, THIN, TIMES
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.judging.decision import Decision
    from reports.judging.verdict import SeriesChange
    from reports.record import Record

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT: Final = "SRCROOT"  # what paths are relative to: the checkout
_MOST_CHARS: Final = 20_000  # of a story; viewers show less
_PLAIN: Final = {ord(THIN): " ", ord(MINUS): "-", ord(TIMES): "x", ord(MICRO): "u"}
_RULES: Final = {
    "benchmark/step": "A benchmark got worse at one commit or within a range of commits.",
    "benchmark/drift": "A benchmark got worse bit by bit, over many commits.",
    **{
        f"{kind.value}/failed": f"A check of kind {kind.value} failed."
        for kind in RecordKind
        if kind is not RecordKind.BENCHMARK
    },
}


def sarif_bytes(decision: Decision, records: Iterable[Record]) -> bytes:
    """Return the log's bytes.

    Args:
        records: The newest code's records; those that failed become results.
    """
    changes = (*decision.regressions, *decision.acknowledged)
    failed = [
        record
        for record in records
        if record.outcome is Outcome.FAILED and record.kind is not RecordKind.BENCHMARK
    ]
    family = len(decision.judgement.current)
    results = [_of_change(change, family=family) for change in changes]
    results += [_of_record(record) for record in failed]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(results)]}
    return json.dumps(log, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def _run(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    rules = [
        {
            "id": name,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": "error"},
        }
        for name, text in _RULES.items()
    ]
    return {
        "tool": {"driver": {"name": "holdfast", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the project"}}},
        "results": list(results),
    }


def _of_change(change: SeriesChange, *, family: int) -> dict[str, Any]:
    rule = "benchmark/drift" if change.kind is ChangeKind.DRIFT else "benchmark/step"
    words = (
        f"{name_words(change.key)} got worse: {size_words(change)}, {level_words(change)}, "
        f"{between_words(change)}; {evidence_words(change, family=family)}. "
        f"To accept it: {ack_command(change)}"
    )
    result = _result(rule, words, name=change.key.benchmark, fingerprint=change.alert_id)
    if change.acknowledged is not None:
        entry = change.acknowledged
        why = one_line(f"{entry.who} on {entry.day}: {entry.why}", most=1000)
        accepted = {"kind": "external", "status": "accepted", "justification": why}
        result["suppressions"] = [accepted]
    return result


def _of_record(record: Record) -> dict[str, Any]:
    lead = record.message.strip() or "It failed without a message."
    replay = f"\n\nReplay: {record.replay}" if record.replay else ""
    story = many_lines(lead)[:_MOST_CHARS] + many_lines(replay)
    name = one_line(record.name)
    # The message may hold addresses and times; what was checked and how does not change.
    telling = (record.kind.value, record.name, record.params.get("method", ""))
    print_ = hashlib.sha256("\0".join(telling).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return _result(
        f"{record.kind.value}/failed", f"{name}: {story}", name=record.name, fingerprint=print_
    )


def _result(rule: str, words: str, *, name: str, fingerprint: str) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": one_line(name, most=500)}]
    }
    file = file_of(name)
    if file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": file, "uriBaseId": _ROOT},
            "region": {"startLine": 1},
        }
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": "error",
        "message": {"text": words.translate(_PLAIN)},
        "locations": [location],
        "fingerprints": {"holdfastAlert/v1": fingerprint},
        "partialFingerprints": {"holdfastAlert/v1": fingerprint},
    }
