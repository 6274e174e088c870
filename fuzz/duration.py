"""Times as people write and read them."""

from __future__ import annotations

import re
from typing import Any, Final

import click

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNIT_S: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
MINUTE_S: Final = 60
HOUR_S: Final = 3_600


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """Seconds, from `10s`, `5m`, `8h`, `500ms` or a bare number of seconds."""

    name = "duration"

    def convert(
        self,
        value: Any,  # noqa: ANN401  # as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the seconds."""
        match = _DURATION.fullmatch(str(value).strip())
        seconds = float(match[1]) * _UNIT_S[match[2]] if match else 0.0
        if not seconds > 0:
            self.fail(f"{value!r} is no time above 0; write 10s, 5m or 8h", param, ctx)
        return seconds


def in_words(seconds: float) -> str:
    """Return a time in its two largest units: "8 h 03 m", "12 m 05 s", "4 s"."""
    whole = int(seconds)
    if whole >= HOUR_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02} m"
    if whole >= MINUTE_S:
        return f"{whole // MINUTE_S} m {whole % MINUTE_S:02} s"
    return f"{seconds:.1f} s" if seconds < 10 and seconds != whole else f"{whole} s"  # noqa: PLR2004  # one digit
