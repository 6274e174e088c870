"""Values of operations as JSON, both ways.

What JSON has is written as it is; an array is a list. The rest is an object with one field that
names its kind: `{"tuple": [1, 2]}`, `{"bytes": "aGk="}` (base64), `{"set": [1]}`,
`{"dict": [["k", 1]]}` (for keys that are no text), `{"deque": [1]}`, `{"float": "nan"}`,
`{"raised": "queue.Empty"}`. Any other object is a dict whose keys are text.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, Final

from harness.linearizability.errors import HistoryValueError
from harness.linearizability.frozen import Frozen, frozen
from harness.linearizability.operation import Raised

KINDS: Final = ("tuple", "bytes", "set", "frozenset", "dict", "deque", "float", "raised")
_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class BadValueError(ValueError):
    """JSON that stands for no value; says what it takes."""


def to_json(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return a value as what `json.dumps` takes.

    Raises:
        HistoryValueError: It is of a class that files do not hold.
    """
    if value is None or isinstance(value, bool | int | str):
        return value if type(value) in (type(None), bool, int, str) else _plain(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, Raised):
        return {"raised": value.type}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, tuple):
        return {"tuple": [to_json(one) for one in value]}
    return _container_to_json(value if isinstance(value, Frozen) else frozen(value), value)


def _plain(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return the plain value of an int or str of a derived class, such as an IntEnum."""
    return int(value) if isinstance(value, int) else str.__str__(value)


def _container_to_json(kept: object, value: object) -> Any:  # noqa: ANN401  # JSON
    if isinstance(kept, frozenset):
        return {"frozenset": sorted((to_json(one) for one in kept), key=repr)}
    if not isinstance(kept, Frozen):
        raise HistoryValueError(value)
    match kept.kind:
        case "list":
            return [to_json(one) for one in kept.content]
        case "set":
            return {"set": sorted((to_json(one) for one in kept.content), key=repr)}
        case "deque":
            return {"deque": [to_json(one) for one in kept.content]}
        case "dict":
            return _dict_to_json(kept)
        case _:
            raise HistoryValueError(value)


def _dict_to_json(kept: Frozen) -> dict[str, Any]:
    names = [key for key, _ in kept.content]
    if all(type(name) is str for name in names) and not (len(names) == 1 and names[0] in KINDS):
        return {key: to_json(one) for key, one in kept.content}
    return {"dict": [[to_json(key), to_json(one)] for key, one in kept.content]}


def from_json(value: Any) -> Any:  # noqa: ANN401  # JSON, and what it stands for
    """Return the value that JSON stands for, frozen.

    Raises:
        BadValueError: It stands for none.
    """
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value)
        return value
    if isinstance(value, list):
        return Frozen("list", tuple([from_json(one) for one in value]))
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, content),) = value.items()
        if kind in KINDS:
            return _of_kind(kind, content)
    for name in value:
        _check_text(name)
    return Frozen("dict", tuple([(name, from_json(one)) for name, one in value.items()]))


def _of_kind(kind: str, content: Any) -> Any:  # noqa: ANN401  # as above
    if kind in ("bytes", "float", "raised"):
        if not isinstance(content, str):
            raise BadValueError(f'{{"{kind}": ...}} with a string')
        return _of_text(kind, content)
    if not isinstance(content, list):
        raise BadValueError(f'{{"{kind}": ...}} with an array')
    items = tuple([from_json(one) for one in content])
    if kind == "tuple":
        return items
    if kind == "dict":
        return Frozen("dict", _pairs(items))
    if kind == "frozenset":
        return frozenset(items)
    return Frozen(kind, frozenset(items) if kind == "set" else items)


def _of_text(kind: str, content: str) -> Any:  # noqa: ANN401  # as above
    if kind == "raised":
        _check_text(content)
        return Raised(content)
    if kind == "float":
        if content not in _FLOATS:
            raise BadValueError(f'{{"float": ...}} with one of {", ".join(_FLOATS)}')
        return _FLOATS[content]
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadValueError('{"bytes": ...} with base64') from error


def _pairs(items: tuple[Any, ...]) -> tuple[Any, ...]:
    pairs: dict[Any, Any] = {}
    for item in items:
        if not isinstance(item, Frozen) or item.kind != "list" or len(item.content) != 2:  # noqa: PLR2004  # a pair
            raise BadValueError('{"dict": ...} with an array of [key, value]')
        key, one = item.content
        pairs[key] = one
    return tuple(pairs.items())


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadValueError("text without half of a surrogate pair") from error
