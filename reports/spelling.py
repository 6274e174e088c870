"""A run's one spelling as JSON text, written quickly.

The text is exactly that of `json.dumps(values, indent=1, sort_keys=True)`, whose indentation is
pure Python and takes twice as long. A document is named after its bytes, so a test holds every
shape against the standard library's.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING, Any, Final

from reports import limits
from reports.record import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.record import Measure, Record

# Stands once in the text: a line break inside any text of it is written as two characters.
_NO_RECORDS: Final = '\n "records": [],\n'
_NUMBERS: Final = tuple(sorted((*SUMMARY, "value")))


def document_text(head: Mapping[str, Any], records: Sequence[Record]) -> str:
    """Return the text of a document: all fields but the records in `head`, as JSON values."""
    text = json.dumps(
        {**head, "records": []}, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False
    )
    if not records:
        return text
    before, _, after = text.partition(_NO_RECORDS)
    body = ",\n".join(_record_text(record) for record in records)
    return f'{before}\n "records": [\n{body}\n ],\n{after}'


def clean(text: str) -> str:
    """Return text that every reader takes: whole characters, no longer than a document's limit."""
    if text.isascii() and len(text) <= limits.TEXT_CHARS:
        return text
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(whole) <= limits.TEXT_CHARS:
        return whole
    # A finding must reach the store even when its story is absurdly long, and say it was cut.
    mark = f"\n... cut here: the whole text has {len(whole):,} characters"
    return whole[: limits.TEXT_CHARS - len(mark)] + mark


def _text(value: str) -> str:
    return _quoted(clean(value))


def _record_text(record: Record) -> str:
    measures = ",\n".join(_measure_text(measure) for measure in record.measures)
    # By the names as they are written: cleaning may change their order.
    params = sorted((clean(name), clean(value)) for name, value in record.params.items())
    named = ",\n".join(f"    {_quoted(name)}: {_quoted(value)}" for name, value in params)
    return (
        "  {\n"
        f'   "kind": {_quoted(record.kind.value)},\n'
        f'   "measures": {_block("[", measures, "]")},\n'
        f'   "message": {_text(record.message)},\n'
        f'   "name": {_text(record.name)},\n'
        f'   "outcome": {_quoted(record.outcome.value)},\n'
        f'   "params": {_block("{", named, "}")},\n'
        f'   "replay": {_text(record.replay)}\n'
        "  }"
    )


def _block(opening: str, inner: str, closing: str) -> str:
    return f"{opening}\n{inner}\n   {closing}" if inner else opening + closing


def _measure_text(measure: Measure) -> str:
    fields = {name: float(at) for name in _NUMBERS if (at := getattr(measure, name)) is not None}
    texts = {name: float.__repr__(value) for name, value in fields.items()}
    texts["direction"] = f'"{measure.direction.name.lower()}"'
    texts["metric"] = _text(measure.metric)
    texts["unit"] = _text(measure.unit)
    texts["n"] = int.__repr__(measure.n)
    if measure.curve:
        pairs = (f"      [\n       {float(at)!r},\n       {float(value)!r}\n      ]"
                 for at, value in measure.curve)  # fmt: skip
        texts["curve"] = "[\n" + ",\n".join(pairs) + "\n     ]"
    inner = ",\n".join(f'     "{name}": {texts[name]}' for name in sorted(texts))
    return "    {\n" + inner + "\n    }"
