"""One entry of `.holdfast/accepted.toml`, between its TOML table and its value."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any, Final

from reports.errors import BadValueError
from reports.judging.accepted import Accepted, Reset

CHANGES: Final = "accepted"
RESETS: Final = "reset"
_TEXTS: Final = ("benchmark", "metric", "environment", "commit", "author", "reason")


def accepted_from(values: dict[str, Any]) -> Accepted:
    """Return the accepted change of a table; raise BadValueError when it is none."""
    _check_keys(values, (*_TEXTS, "alert", "change", "date"))
    change = values.get("change")
    if change is not None and (isinstance(change, bool) or not isinstance(change, int | float)):
        raise BadValueError("change", repr(change), "a number: 0.15 is 15 %")
    return Accepted(
        alert=_of(values, "alert", ""),
        benchmark=_of(values, "benchmark", "*"),
        metric=_of(values, "metric", "*"),
        environment=_of(values, "environment", ""),
        commit=_of(values, "commit", ""),
        change=None if change is None else float(change),
        author=_of(values, "author", None),
        day=_day(values),
        reason=_of(values, "reason", None),
    )


def reset_from(values: dict[str, Any]) -> Reset:
    """Return the reset of a table; raise BadValueError when it is none."""
    _check_keys(values, (*_TEXTS, "position", "committed_at", "date"))
    position, committed_at = values.get("position"), values.get("committed_at")
    if position is not None and (isinstance(position, bool) or not isinstance(position, int)):
        raise BadValueError("position", repr(position), "a whole number")
    if committed_at is not None and (
        not isinstance(committed_at, datetime) or committed_at.tzinfo is None
    ):
        raise BadValueError("committed_at", repr(committed_at), "a time with its zone")
    return Reset(
        benchmark=_of(values, "benchmark", None),
        metric=_of(values, "metric", "*"),
        environment=_of(values, "environment", ""),
        commit=_of(values, "commit", None),
        position=position,
        committed_at=committed_at,
        author=_of(values, "author", None),
        day=_day(values),
        reason=_of(values, "reason", None),
    )


def _check_keys(values: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in values:
        if name not in known:
            raise BadValueError("an entry", f"the key {name!r}", f"{', '.join(sorted(known))}")


def _of(values: dict[str, Any], name: str, default: str | None) -> str:
    value = values.get(name, default)
    if value is None:
        raise BadValueError("an entry", f"no {name}", f'a text {name} = "..."')
    if not isinstance(value, str):
        raise BadValueError(name, repr(value)[:80], "a text")
    return value


def _day(values: dict[str, Any]) -> date:
    value = values.get("date")
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        got = "no date" if value is None else repr(value)[:80]
        raise BadValueError("date", got, "a day such as date = 2026-05-04, without quotes")
    return value


def spelled(entry: Accepted | Reset) -> str:
    """Return the entry as a table of TOML, with its header and a line end."""
    kind = CHANGES if isinstance(entry, Accepted) else RESETS
    fields: dict[str, object] = {
        "alert": getattr(entry, "alert", ""),
        "benchmark": entry.benchmark,
        "metric": entry.metric,
        "environment": entry.environment,
        "commit": entry.commit,
        "change": getattr(entry, "change", None),
        "position": getattr(entry, "position", None),
        "committed_at": getattr(entry, "committed_at", None),
        "author": entry.author,
        "date": entry.day,
        "reason": entry.reason,
    }
    lines = [f"{name} = {_value(one)}" for name, one in fields.items() if one not in {"", None}]
    return "\n".join([f"[[{kind}]]", *lines]) + "\n"


def _value(value: object) -> str:
    if isinstance(value, str):
        return f'"{"".join(_escaped(char) for char in value)}"'
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, float):
        return "inf" if value == math.inf else "-inf" if value == -math.inf else repr(value)
    return str(value)


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # TOML's two
