"""Instruments single functions and loose source, for code that was imported already."""

from __future__ import annotations

import functools
import inspect
import linecache
import types
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import ArgumentError
from harness.instrument.errors import BadSourceError, FunctionNotFoundError, NoSourceError
from harness.instrument.hook_names import marker_name
from harness.instrument.installation import install_hooks
from harness.instrument.rewriter import compile_instrumented
from harness.instrument.stored_names import add_stored
from harness.instrument.type_facts import is_instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Function = TypeVar("Function", bound="Callable[..., Any]")


def instrument_source(
    source: str | bytes, filename: str = "<source>", module_name: str = "__main__"
) -> types.CodeType:
    """Return the code of `source` with its shared accesses visible, ready for `exec`.

    Raises:
        BadSourceError: The source does not compile.
    """
    if not isinstance(source, str | bytes):
        raise ArgumentError("source", source, "Python source as str or bytes")
    install_hooks()
    return compile_instrumented(source, filename, module_name=module_name)


def instrument_function(function: Function) -> Function:
    """Return a copy of `function` whose shared accesses are visible.

    It shares globals, defaults and closure with the original. What it calls stays as it is:
    instrument the module to reach that, too.

    Raises:
        ArgumentError: `function` is no Python function.
        NoSourceError: Its source cannot be read.
        FunctionNotFoundError: The source at hand is not the one it was made from.
    """
    if isinstance(function, types.MethodType):
        inner = instrument_function(function.__func__)
        return types.MethodType(inner, function.__self__)  # type: ignore[return-value]  # for a method
    if not isinstance(function, types.FunctionType):
        raise ArgumentError("function", function, "a function or method written in Python")
    if is_instrumented(function):
        return function
    install_hooks()
    module_code = rewritten_module(function)
    return with_code(function, _matching_code(module_code, function))  # type: ignore[return-value]  # a copy


def rewritten_module(function: types.FunctionType) -> types.CodeType:
    """Return the rewritten code of the file that defines `function`.

    The whole file, because only it tells which variables and names are shared.

    Raises:
        NoSourceError: The file cannot be read or does not compile.
    """
    filename = inspect.getsourcefile(function) or function.__code__.co_filename
    linecache.checkcache(filename)
    source = "".join(linecache.getlines(filename, function.__globals__))
    if not source:
        raise NoSourceError(function.__qualname__, f"the source {filename} cannot be read")
    try:
        code = _compiled(source, filename, function.__module__)
    except BadSourceError as error:
        raise NoSourceError(function.__qualname__, str(error)) from error
    _register_stored(code)
    return code


@functools.lru_cache(maxsize=32)  # explorations of one file follow each other
def _compiled(source: str, filename: str, module_name: str) -> types.CodeType:
    return compile_instrumented(source, filename, module_name=module_name)


def _register_stored(module_code: types.CodeType) -> None:
    """Note what the module assigns, as running its first statement would."""
    if "__hf_stored__" in module_code.co_names:
        names = next((value for value in module_code.co_consts if _are_names(value)), ())
        add_stored(names)


def _are_names(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and value != ()
        and all(isinstance(part, str) for part in value)
        and list(value) == sorted(value)
    )


def _matching_code(module_code: types.CodeType, function: types.FunctionType) -> types.CodeType:
    found = code_like(module_code, function)
    if found is None:
        code = function.__code__
        raise FunctionNotFoundError(function.__qualname__, code.co_filename, code.co_firstlineno)
    return found


def code_like(module_code: types.CodeType, function: types.FunctionType) -> types.CodeType | None:
    """Return the rewritten code of `function` among that of its module; None if it is not there."""
    wanted = function.__code__
    found = [
        code
        for code in _codes_in(module_code)
        if (code.co_qualname, code.co_firstlineno) == (wanted.co_qualname, wanted.co_firstlineno)
    ]
    if not found:
        return None
    return max(found, key=functools.partial(_likeness, wanted))


def _likeness(wanted: types.CodeType, code: types.CodeType) -> int:
    """Return how much of a function's code is found in `code`: tells apart lambdas of one line.

    Places alone do not: since 3.12 a lambda that returns a literal has none of its own.
    """
    values = {repr(value) for value in wanted.co_consts if not isinstance(value, types.CodeType)}
    common = values.intersection(map(repr, code.co_consts))
    names = {*wanted.co_names, *wanted.co_varnames, *wanted.co_freevars}
    known = names.intersection({*code.co_names, *code.co_varnames, *code.co_freevars})
    places = set(wanted.co_positions()).intersection(code.co_positions())
    return len(common) + len(known) + len(places)


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield inner
            yield from _codes_in(inner)


def with_code(function: types.FunctionType, code: types.CodeType) -> types.FunctionType:
    """Return `function` with other code and the same cells."""
    old = function.__code__.co_freevars
    cells = dict(zip(old, function.__closure__ or (), strict=True))
    # The owner of a captured variable made no marker for it; the cell itself serves as one, the
    # same for every function that shares it.
    for name in old:
        cells.setdefault(marker_name(name), types.CellType(cells[name]))
    missing = [name for name in code.co_freevars if name not in cells]
    if missing:
        raise FunctionNotFoundError(function.__qualname__, code.co_filename, code.co_firstlineno)
    closure = tuple(cells[name] for name in code.co_freevars)
    copy = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, closure
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__dict__.update(function.__dict__)
    copy.__annotations__ = function.__annotations__
    for attribute in ("__doc__", "__module__", "__qualname__", "__type_params__"):
        if hasattr(function, attribute):
            setattr(copy, attribute, getattr(function, attribute))
    return copy
