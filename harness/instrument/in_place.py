"""Makes the accesses of a body's own module visible for as long as an exploration runs.

A body that was imported in the ordinary way is explored as its author expects: `counter.value += 1`
can be interrupted. The functions and methods of its module get rewritten code and keep their
identity, so everybody who holds one runs it; afterwards they get their own code back.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from harness.engine.class_name import CACHED
from harness.instrument.errors import InstrumentError
from harness.instrument.functions import (
    code_like,
    instrument_function,
    rewritten_module,
    with_code,
)
from harness.instrument.installation import install_hooks
from harness.instrument.reachable import holders_from
from harness.instrument.type_facts import TRUSTED_ROOTS, is_instrumented, root_of
from harness.wrapped_body import wrapped_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_COPYABLE = (types.FunctionType, types.MethodType)


@contextmanager
def visible(body: Callable[[], Any]) -> Iterator[tuple[Callable[[], Any], str]]:
    """Yield the body to run, and why its accesses stay invisible if they do.

    Args:
        body: A function, method, partial or object with `__call__`; a callable written in C, or
            of the standard library, is run as it is.
    """
    wrapped = wrapped_by(body)
    if wrapped is not None:
        with visible(wrapped.function) as (inner, words), wrapped.running(inner):
            yield body, words
        return
    function = _function_of(body)
    if function is None or is_instrumented(function) or _is_of_stdlib(function):
        yield body, ""
        return
    try:
        module_code = rewritten_module(function)
        chosen = _with_visible_function(body)
    except InstrumentError as error:
        yield body, f"its plain accesses are not switching points: {error}"
        return
    install_hooks()
    with ExitStack() as undo:
        for target, code in _swap(function.__globals__, module_code):
            undo.callback(setattr, target, "__code__", code)
        _swap_reachable(body, function, module_code, undo)
        yield chosen, _still_invisible(chosen)


@contextmanager
def visible_parts(parts: Iterable[Any]) -> Iterator[tuple[list[Any], str]]:
    """Make visible what several functions, classes and objects run.

    Yields what to run in the place of each, and why something is not seen, if it is not. For each
    module that defines a method or a base of theirs this is what `visible` does for a body.
    """
    why: list[str] = []
    chosen: list[Any] = []
    with ExitStack() as undo:
        for part in parts:
            for function in _methods_of(part):
                if not is_instrumented(function):
                    why += _swap_module_of(function, part, undo)
            chosen.append(part if isinstance(part, type) or why else _with_visible_function(part))
            if not why:
                unseen = [one for one in _methods_of(chosen[-1]) if not is_instrumented(one)]
                why += [_cannot_replace(one) for one in unseen[:1]]
        yield chosen, "; ".join(dict.fromkeys(why))


def _swap_module_of(function: types.FunctionType, part: Any, undo: ExitStack) -> list[str]:  # noqa: ANN401  # as above
    try:
        module_code = rewritten_module(function)
    except InstrumentError as error:
        return [f"its plain accesses are not switching points: {error}"]
    install_hooks()
    for target, code in _swap(function.__globals__, module_code):
        undo.callback(setattr, target, "__code__", code)
    _swap_reachable(part, function, module_code, undo)
    return []


def _methods_of(part: object) -> list[types.FunctionType]:
    """Return the functions of a class and its bases, or the one behind a callable."""
    if not isinstance(part, type):
        function = _function_of(part)
        return [function] if function is not None and _is_the_users(function) else []
    found = [
        function
        for base in part.__mro__
        for member in list(vars(base).values())
        for function in _behind(member)
        # By its globals: a wrapper, such as a context manager's, only says it is of this module.
        if function.__globals__.get("__name__") == base.__module__ and _is_the_users(function)
    ]
    written = [one for one in found if not one.__code__.co_filename.startswith("<")]
    return written or found  # a dataclass has methods that nobody wrote, which touch what others do


def _function_of(body: object) -> types.FunctionType | None:
    """Return the Python function behind a body; None where there is none."""
    while isinstance(body, functools.partial):
        body = body.func
    if isinstance(body, types.MethodType):
        body = body.__func__
    if not isinstance(body, types.FunctionType):
        body = getattr(type(body), "__call__", None)  # noqa: B004  # the function, not if there is one
    return body if isinstance(body, types.FunctionType) else None


def _is_the_users(function: types.FunctionType) -> bool:
    """Say whether a function is neither the standard library's nor a twin of that."""
    return not _is_of_stdlib(function) and root_of(function.__module__) not in TRUSTED_ROOTS


def _is_of_stdlib(function: types.FunctionType) -> bool:
    root = root_of(function.__module__)
    return root in sys.stdlib_module_names and "site-packages" not in function.__code__.co_filename


def _still_invisible(body: object) -> str:
    """Say why a body's accesses are not seen although its source was found."""
    function = _function_of(body)
    if function is None or is_instrumented(function):
        return ""
    return _cannot_replace(function)


def _cannot_replace(function: types.FunctionType) -> str:
    return (
        "its plain accesses are not switching points: the code of "
        f"{function.__qualname__} cannot be replaced while it captures variables"
    )


def _swap_reachable(
    body: object, known: types.FunctionType, module_code: types.CodeType, undo: ExitStack
) -> None:
    """Make visible what the body reaches without a name of the module."""
    for holder in list(holders_from(body, known.__code__.co_filename)):
        function = holder.function
        if is_instrumented(function):
            continue  # swapped at another holder
        code = code_like(module_code, function)
        if code is None:
            continue
        if code.co_freevars == function.__code__.co_freevars:
            undo.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = code
        elif holder.replace is not None:
            undo.callback(holder.replace, function)
            holder.replace(with_code(function, code))


def _with_visible_function(body: Any) -> Any:  # noqa: ANN401  # a body for a body
    """Return a body that captures variables with rewritten code; others are swapped in place."""
    if isinstance(body, functools.partial):
        inner = _with_visible_function(body.func)
        return functools.partial(inner, *body.args, **body.keywords)
    function = _function_of(body) if isinstance(body, _COPYABLE) else None
    # A function made by a call is in no namespace, whether it captures variables or not.
    if function is not None and (function.__closure__ or "<locals>" in function.__qualname__):
        return instrument_function(body)
    return body


def _swap(
    namespace: dict[str, Any], module_code: types.CodeType
) -> list[tuple[types.FunctionType, types.CodeType]]:
    """Give every function of a module its rewritten code; return what they had."""
    swapped = []
    module = namespace.get("__name__")
    for function in _functions_in(list(namespace.values()), module, set()):
        code = code_like(module_code, function)
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            swapped.append((function, function.__code__))
            function.__code__ = code
    return swapped


def _functions_in(
    values: list[Any], module: object, seen: set[int]
) -> Iterator[types.FunctionType]:
    """Yield the functions of a namespace and of its classes, each once."""
    for value in values:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, type) and value.__module__ == module:
            yield from _functions_in(list(vars(value).values()), module, seen)
            continue
        for function in _behind(value):
            if function.__module__ == module and not is_instrumented(function):
                yield function


def _behind(value: Any) -> list[types.FunctionType]:  # noqa: ANN401  # whatever a namespace holds
    """Return the functions behind a function, method, property or wrapper."""
    found: list[Any] = [value]
    if isinstance(value, property):
        found = [value.fget, value.fset, value.fdel]
    elif isinstance(value, staticmethod | classmethod):
        found = [value.__func__]
    elif isinstance(value, types.FunctionType | CACHED) or hasattr(type(value), "__wrapped__"):
        found.append(inspect.unwrap(value))
    return [part for part in found if isinstance(part, types.FunctionType)]
