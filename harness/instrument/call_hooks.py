"""Hooks for calls: they hand back what is called, or something that records and then calls it.

The record must come after the arguments are evaluated and right before the call. Where evaluating
the arguments cannot switch, the hook on the callee records at once and the call stays native.
"""

from __future__ import annotations

import functools
import sys
import types
import weakref
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.board import CONTENT, OPAQUE, READ, WRITE
from harness.instrument.access_hooks import class_attribute, read, write
from harness.instrument.cache_hooks import call_cached, clear_cached
from harness.instrument.call_plans import effect_of
from harness.instrument.callable_table import STORING_METHODS, Effect, method_effect
from harness.instrument.content_hooks import Part, asked, contents, operand, record_all, shown
from harness.instrument.flow_hooks import REAL_LOCKS, region
from harness.instrument.stored_names import add_stored, on_change, stored
from harness.instrument.type_facts import Kind, facts_of, is_instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PYTHON: Final = (types.FunctionType, types.MethodType)
_MUTABLE: Final = frozenset((Kind.CONTAINER, Kind.INSTANCE, Kind.WINDOW, Kind.ITERATOR))
_CHANGED: Final = _MUTABLE | {Kind.GENERATOR}
_PLAIN_LOOK_UP: Final = vars(object)["__getattribute__"]
_MAX_REMEMBERED: Final = 8192  # pairs of type and name
_direct: dict[tuple[type, str], bool] = {}
on_change(_direct.clear)
_WEAK_MAKERS: Final = (weakref.ref, weakref.proxy, weakref.finalize, weakref.WeakMethod)


def call(function: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Return what to call in place of `function`."""
    if board.alone:
        return function
    effect = effect_of(function)
    if effect is not Effect.NATIVE:
        return functools.partial(_HANDLERS[effect], function)
    if board.gil and type(function) not in _PYTHON and function is not super:
        return functools.partial(_then_point, function)  # also where warm code has no switch
    return function


def method(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Return what stands for `obj` in `obj.name(...)`, whose arguments cannot switch."""
    if board.alone:
        return obj
    if facts_of(type(obj)).kind is Kind.CONTAINER and not board.gil:
        return _container_method(obj, name)
    return _method(obj, name)


def late_method(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Return what stands for `obj` in `obj.name(...)`, whose arguments may switch."""
    return obj if board.alone else _method(obj, name)


def _container_method(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Record the method call of a builtin container, which follows at once, and leave it native."""
    if type(obj).__module__ in ("builtins", "collections", "array") and name in STORING_METHODS:
        effect = method_effect(name)
        board.access(READ if effect is Effect.CONTAINER_READ else WRITE, obj, CONTENT)
        return obj
    return _method(obj, name)


class _Standing:
    """Has every attribute, and each is the one function that the call hook put there."""

    __slots__ = ("function",)
    function: Any

    def __getattribute__(self, _name: str) -> Any:  # noqa: ANN401  # as above
        return _get_function(self)


_set_function: Final = vars(_Standing)["function"].__set__
_get_function: Final = vars(_Standing)["function"].__get__


def _method(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    kind = type(obj)
    direct = _direct.get((kind, name))
    if direct is None:
        direct = _learn(kind, name)
    if direct and not board.gil:
        return obj
    read(obj, name)
    try:
        function = getattr(obj, name)
    except AttributeError:
        return obj  # the call itself raises, on the author's line
    return _standing(call(function))


def _learn(kind: type, name: str) -> bool:
    """Say if `obj.name()` of a `kind` always runs one rewritten method, and remember it."""
    if len(_direct) >= _MAX_REMEMBERED:
        _direct.clear()
    result = _direct[kind, name] = _is_direct(kind, name)
    return result


def _is_direct(kind: type, name: str) -> bool:
    if facts_of(kind).kind is Kind.TRUSTED:
        return True
    if name in stored or class_attribute(kind, "__getattribute__") is not _PLAIN_LOOK_UP:
        return False
    found = class_attribute(kind, name)
    if type(found) in (staticmethod, classmethod):
        found = found.__func__
    return type(found) is types.FunctionType and is_instrumented(found)


def _standing(function: Any) -> Any:  # noqa: ANN401  # as above
    standing = _Standing()
    _set_function(standing, function)
    return standing


def lock_method(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Return what stands for `obj` in `obj.acquire()`: for a real lock, its twin."""
    if type(obj) in REAL_LOCKS:
        return obj if board.execution is None else board.stand_in(obj)
    return late_method(obj, name)


def call_weak(function: Any) -> Any:  # noqa: ANN401  # as above
    """Return what to call in place of `weakref.ref` and its kin: callbacks run as one step."""
    if any(function is maker for maker in _WEAK_MAKERS):
        return functools.partial(_make_weak, function)
    return call(function)


def _make_weak(maker: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    if len(args) > 1 and callable(args[1]):
        callback = functools.partial(_run_callback, args[1])
        return maker(args[0], callback, *args[2:], **kwargs)
    return maker(*args, **kwargs)


def _run_callback(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    with region(f"the weakref callback {getattr(callback, '__qualname__', callback)}"):
        return callback(*args, **kwargs)


# -- handlers: each records, then calls -----------------------------------------------------------


def _then_point(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    """Call C code; CPython may switch when it returns."""
    __tracebackhide__ = True
    result = function(*args, **kwargs)
    if not board.alone:
        board.gil_point()
    return result


def _run(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], parts: list[Part]) -> Any:  # noqa: ANN401  # as above
    """Call what was recorded to access `parts`, in one step.

    If it called back code of the author's, and somebody else could have run there, it was not one
    step: `max(items, key=...)` reads on after each call of the key. Nobody sees these accesses, so
    they count as opaque, and a search does not call itself exhausted.
    """
    __tracebackhide__ = True
    execution = board.execution
    choices = None if execution is None else execution.schedule
    before = 0 if choices is None else len(choices)
    result = function(*args, **kwargs)
    if choices is not None and len(choices) != before:
        for _, obj in parts:
            board.also(OPAQUE, obj, CONTENT)
    return result


def _reading(parts: Callable[[Any], Iterable[Part]]) -> Callable[..., Any]:
    """Return the handler of functions that read those parts of their arguments."""

    def handle(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
        __tracebackhide__ = True
        done: list[Part] = []
        if not board.alone:
            done = record_all(part for arg in (*args, *kwargs.values()) for part in parts(arg))
        if board.gil:
            return _then_point(function, *args, **kwargs)
        return _run(function, args, kwargs, done) if done else function(*args, **kwargs)

    return handle


def _changing_first(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    done: list[Part] = []
    if not board.alone:
        parts: Iterable[Part] = ()
        if args and facts_of(type(args[0])).kind is Kind.ITERATOR:
            parts = contents(args[0])
        elif args and facts_of(type(args[0])).kind in _CHANGED:
            parts = [(WRITE, args[0])]
        others = (*args[1:], *kwargs.values())
        done = record_all(chain((part for arg in others for part in operand(arg)), parts))
    if board.gil:
        return _then_point(function, *args, **kwargs)
    return _run(function, args, kwargs, done) if done else function(*args, **kwargs)


def _on_container(kind: int) -> Callable[..., Any]:
    """Return the handler of a container's methods."""

    def handle(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
        __tracebackhide__ = True
        done: list[Part] = []
        if not board.alone:
            given = () if function.__name__ in STORING_METHODS else (*args, *kwargs.values())
            owner = function.__self__
            window = facts_of(type(owner)).kind is Kind.WINDOW
            own = contents(owner) if window else [(kind, owner)]
            done = record_all(chain((part for arg in given for part in operand(arg)), own))
        if board.gil:
            return _then_point(function, *args, **kwargs)
        return _run(function, args, kwargs, done) if done else function(*args, **kwargs)

    return handle


def _named_attribute(function: Any, args: tuple[Any, ...]) -> tuple[Any, str] | None:  # noqa: ANN401  # as above
    """Return object and name of `setattr(obj, name, ...)` or `super().__setattr__(name, ...)`."""
    if type(function) is types.MethodWrapperType:
        args = (function.__self__, *args)
    return (args[0], args[1]) if len(args) > 1 and type(args[1]) is str else None


def _attribute_read(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    named = _named_attribute(function, args)
    if named is not None:
        read(*named)
    if board.gil:
        return _then_point(function, *args, **kwargs)
    return function(*args, **kwargs)


def _attribute_write(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    named = _named_attribute(function, args)
    if named is not None:
        add_stored((named[1],))
        write(*named)
    if board.gil:
        return _then_point(function, *args, **kwargs)
    return function(*args, **kwargs)


def _in_one_step(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    owner = getattr(function, "__self__", None)
    if not board.alone:
        parts = [part for arg in (*args, *kwargs.values()) for part in shown(arg)]
        if owner is not None and facts_of(type(owner)).kind is Kind.FILE:
            parts.append((WRITE, owner))
        record_all(parts)
    with region(f"{getattr(function, '__qualname__', function)}()"):
        return function(*args, **kwargs)


def _log(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # past this frame, to the author's
    with region(f"{getattr(function, '__qualname__', function)}()"):
        return function(*args, **kwargs)


def _warn(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    __tracebackhide__ = True
    if len(args) > 2:  # noqa: PLR2004  # message, category, stacklevel
        args = (*args[:2], args[2] + 1, *args[3:])
    else:
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
    with region("warnings.warn()"):
        return function(*args, **kwargs)


def _opaque(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    """Call what nobody knows: it may do anything to what it is given and to what it is bound to."""
    __tracebackhide__ = True
    if not board.alone:
        parts = _opaque_parts(getattr(function, "__self__", None))
        parts += _foreign_module(function)
        for arg in (*args, *kwargs.values()):
            parts += _opaque_parts(arg)
        record_all(parts)
    if board.gil:
        return _then_point(function, *args, **kwargs)
    return function(*args, **kwargs)


def _foreign_module(function: Any) -> list[Part]:  # noqa: ANN401  # as above
    """Count what a module that is not instrumented keeps for itself as touched by its functions.

    Not for the standard library, whose functions keep no state that two tasks could tell.
    """
    name = getattr(function, "__module__", None)
    if isinstance(name, str) and name.partition(".")[0] not in sys.stdlib_module_names:
        module = sys.modules.get(name)
        if module is not None:
            return [(OPAQUE, module)]
    return []


def _opaque_parts(obj: Any) -> list[Part]:  # noqa: ANN401  # as above
    kind = facts_of(type(obj)).kind
    if kind in _MUTABLE:
        return [(OPAQUE, obj)]
    if kind is Kind.TUPLE:
        return [(OPAQUE, part) for part in obj if facts_of(type(part)).kind in _MUTABLE]
    return []


_HANDLERS: Final[dict[Effect, Callable[..., Any]]] = {
    Effect.READS: _reading(operand),
    Effect.READS_TEXT: _reading(shown),
    Effect.READS_TRUTH: _reading(asked),
    Effect.CHANGES_FIRST: _changing_first,
    Effect.CONTAINER_READ: _on_container(READ),
    Effect.CONTAINER_WRITE: _on_container(WRITE),
    Effect.ATTRIBUTE_READ: _attribute_read,
    Effect.ATTRIBUTE_WRITE: _attribute_write,
    Effect.CACHED: call_cached,
    Effect.CACHE_CLEAR: clear_cached,
    Effect.ONE_STEP: _in_one_step,
    Effect.LOGGING: _log,
    Effect.WARNING: _warn,
    Effect.OPAQUE: _opaque,
}
