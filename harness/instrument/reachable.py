"""Finds the functions that a body reaches without a name of its module: captured, bound, local.

A test often defines a class and a helper beside its body, inside one function. No namespace holds
them, yet it is their accesses that race.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

from harness.engine.class_name import CACHED
from harness.instrument.type_facts import is_instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Replace = Callable[[Any], None]

_MAX_VISITED = 10_000  # objects: a body that captures a large structure must not cost seconds


class Holder:
    """A place that holds a function, and can hold another one for a while."""

    __slots__ = ("function", "replace")

    def __init__(self, function: types.FunctionType, replace: Replace | None) -> None:
        self.function = function
        self.replace = replace  # None: it cannot be replaced, only given other code


def holders_from(body: object, filename: str) -> Iterator[Holder]:
    """Yield every place from which `body` reaches a plain function of `filename`, the body first.

    Followed are captured variables, defaults, partials, bound methods, classes, and the attributes
    and items of what is captured.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, Replace | None]] = [(body, None)]
    while waiting and len(seen) < _MAX_VISITED:
        value, replace = waiting.pop()
        if id(value) in seen and not isinstance(value, types.FunctionType):
            continue
        known = id(value) in seen
        seen.add(id(value))
        if isinstance(value, types.FunctionType):
            if value.__code__.co_filename != filename:
                continue
            if not is_instrumented(value):
                yield Holder(value, replace)
            if known:
                continue
        waiting.extend(_parts(value, filename))


def _parts(value: Any, filename: str) -> Iterator[tuple[Any, Replace | None]]:  # noqa: ANN401  # whatever is captured
    """Yield what a value refers to, and how each could be replaced."""
    if isinstance(value, types.FunctionType):
        yield from _function_parts(value)
    elif isinstance(value, type):
        if not _is_foreign(value, filename):
            yield from _class_parts(value)
    else:
        for part in _held(value, filename):
            yield part, None


def _function_parts(function: types.FunctionType) -> Iterator[tuple[Any, Replace | None]]:
    for cell in function.__closure__ or ():
        content = _content(cell)
        if content is not cell:
            yield content, functools.partial(setattr, cell, "cell_contents")
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield default, None
    yield getattr(function, "__wrapped__", None), None


def _held(value: Any, filename: str) -> list[Any]:  # noqa: ANN401  # as above
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if type(value) is dict:
        return list(value.values())
    if isinstance(value, CACHED):
        return [getattr(value, "__wrapped__", None)]
    return [] if _is_foreign(type(value), filename) else _instance_parts(value)


def _instance_parts(value: Any) -> list[Any]:  # noqa: ANN401  # as above
    own = getattr(value, "__dict__", None)
    return [type(value), *(own.values() if type(own) is dict else ())]


def _class_parts(cls: type) -> Iterator[tuple[Any, Replace | None]]:
    for base in cls.__bases__:
        yield base, None
    for name, member in list(vars(cls).items()):
        if isinstance(member, property):
            for accessor in (member.fget, member.fset, member.fdel):
                yield accessor, None
        elif isinstance(member, staticmethod | classmethod):
            wrap = functools.partial(_set_wrapped, cls, name, type(member))
            yield member.__func__, wrap
        elif isinstance(member, functools.cached_property | functools.partialmethod):
            yield member.func, None
        elif isinstance(member, types.FunctionType):
            yield member, functools.partial(setattr, cls, name)
        elif isinstance(member, type | CACHED):
            yield member, None


def _set_wrapped(cls: type, name: str, wrapper: type, function: Any) -> None:  # noqa: ANN401  # staticmethod or classmethod
    setattr(cls, name, wrapper(function))


def _content(cell: types.CellType) -> Any:  # noqa: ANN401  # whatever is captured
    """Return what a cell holds; the cell itself while it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return cell


def _is_foreign(cls: type, filename: str) -> bool:
    """Say if no function of a class comes from `filename`: nothing of it can be made visible."""
    if cls.__module__ == "builtins":
        return True
    for member in vars(cls).values():
        plain = getattr(
            member, "__func__", getattr(member, "fget", getattr(member, "func", member))
        )
        plain = getattr(plain, "__wrapped__", plain)
        code = getattr(plain, "__code__", None)
        if code is not None and code.co_filename == filename:
            return False
    return all(_is_foreign(base, filename) for base in cls.__bases__)
