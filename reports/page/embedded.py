"""Values for the page's script: JSON that can stand inside a script element of an HTML file."""

from __future__ import annotations

import json
import math
from typing import Final

_DIGITS: Final = 5  # a figure is 600 pixels wide; five digits are exact to a hundredth of one

# `</script>` ends the element wherever it stands, `<!--` changes how the rest is read, and the
# two line separators end a line in old readers of JavaScript. None means anything else in JSON.
_ESCAPES: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def embedded_json(value: object) -> str:
    """Return `value` as JSON of which nothing can end the script element or begin another."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.translate(_ESCAPES)


def rounded(value: float | None, *, digits: int = _DIGITS) -> float | None:
    """Return a number in as many digits as can be seen; None for what is no finite number."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short  # noqa: PLR2004
