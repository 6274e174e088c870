"""Decides what calling an object means for the objects it is given.

Only code outside the instrumented modules needs a plan: rewritten functions record what they do
themselves. What nobody knows is opaque: it may read and write all that it is given.
"""

# ruff: noqa: PLR0911  # a decision table in prose: one return a kind

from __future__ import annotations

import functools
import io
import logging
import operator
import types
import warnings
import weakref
from typing import Any, Final

from harness.engine.class_name import CACHED
from harness.instrument.callable_table import Effect, known_effect, method_effect
from harness.instrument.type_facts import (
    CONTAINERS,
    GENERATED,
    TRUSTED_ROOTS,
    UNGUARDED,
    Kind,
    facts_of,
    is_instrumented,
    root_of,
)

_BOUND_C: Final = (types.BuiltinMethodType, types.MethodWrapperType)
_UNBOUND_C: Final = (types.MethodDescriptorType, types.WrapperDescriptorType)
_LOGGING_METHODS: Final = frozenset(
    ["debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"]
)
# They find out who called them: their answer must not be the hook.
_FRAME_READERS: Final = frozenset(
    [
        "_getframe",
        "_getframemodulename",
        "currentframe",
        "stack",
        "namedtuple",
        "NamedTuple",
        "NewType",
        "TypeVar",
        "ParamSpec",
        "TypeVarTuple",
        "TypedDict",
        "make_dataclass",
        "format_stack",
        "print_stack",
        "extract_stack",
        "getcallerargs",
    ]
)
_OBJECT_METHODS: Final = {
    "__setattr__": Effect.ATTRIBUTE_WRITE,
    "__delattr__": Effect.ATTRIBUTE_WRITE,
    "__getattribute__": Effect.ATTRIBUTE_READ,
}
_CACHE_METHODS: Final = {
    "cache_clear": Effect.CACHE_CLEAR,
    "cache_info": Effect.CONTAINER_READ,
    "cache_parameters": Effect.NATIVE,
}
_MAX_REMEMBERED: Final = 4096  # classes
_classes: dict[type, Effect] = {}


def effect_of(function: Any) -> Effect:  # noqa: ANN401  # any callable
    """Return what calling `function` does to its arguments and to what it is bound to."""
    kind = type(function)
    if kind is types.FunctionType:
        return _function_effect(function)
    if kind is types.MethodType:
        return _method_effect(function)
    if issubclass(kind, type):
        return _class_effect(function)
    if kind in _BOUND_C:
        return _builtin_effect(function)
    if kind in _UNBOUND_C:
        return _descriptor_effect(function)
    if kind is functools.partial:
        return effect_of(function.func)
    return _object_effect(function)


def _function_effect(function: types.FunctionType) -> Effect:
    if is_instrumented(function) or function.__name__ in _FRAME_READERS:
        return Effect.NATIVE
    known = known_effect(function, Effect.OPAQUE)
    if known is not Effect.OPAQUE:
        return known
    root = root_of(function.__module__)
    if root in TRUSTED_ROOTS or function.__code__.co_filename == "<string>":
        return Effect.NATIVE  # <string>: made by dataclasses or namedtuple
    if root == "logging" and function.__name__ in _LOGGING_METHODS:
        return Effect.LOGGING
    if function is warnings.warn:
        return Effect.WARNING
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None and is_instrumented(wrapped):
        return Effect.NATIVE  # a decorator passes its arguments on to rewritten code
    return Effect.OPAQUE


def _method_effect(method: types.MethodType) -> Effect:
    if is_instrumented(method.__func__):
        return Effect.NATIVE
    owner = method.__self__
    kind = facts_of(type(owner)).kind
    if kind is Kind.TRUSTED:
        return Effect.NATIVE
    if issubclass(type(owner), logging.Logger):
        return Effect.LOGGING if method.__name__ in _LOGGING_METHODS else Effect.ONE_STEP
    if kind is Kind.FILE or issubclass(type(owner), (logging.Handler, io.IOBase)):
        return Effect.ONE_STEP
    if kind is Kind.CONTAINER:
        return method_effect(method.__name__)
    if type(method.__func__) is not types.FunctionType:
        return effect_of(method.__func__)
    if issubclass(type(owner), UNGUARDED):
        return Effect.OPAQUE
    return _function_effect(method.__func__)


def _builtin_effect(function: Any) -> Effect:  # noqa: ANN401  # as above
    owner = function.__self__
    if owner is None or issubclass(type(owner), types.ModuleType):
        return _module_function_effect(function)
    if getattr(function, "__objclass__", None) is object:
        return _OBJECT_METHODS.get(function.__name__, Effect.NATIVE)  # super().__setattr__
    facts = facts_of(type(owner))
    if facts.kind is Kind.CONTAINER:
        return method_effect(function.__name__)
    if type(owner) is CACHED:
        return _CACHE_METHODS.get(function.__name__, Effect.OPAQUE)
    if facts.kind in (Kind.FILE, Kind.TRUSTED):
        return Effect.ONE_STEP if facts.kind is Kind.FILE else Effect.NATIVE
    if facts.kind is Kind.WINDOW:
        return Effect.CONTAINER_READ
    if issubclass(type(owner), type):
        return Effect.READS  # dict.fromkeys, bytes.fromhex, object.__new__
    if facts.kind is Kind.GENERATOR:
        return Effect.CONTAINER_WRITE  # send, throw, close
    if facts.kind is Kind.FROZEN or facts.kind is Kind.TUPLE:
        return Effect.READS  # ", ".join(items)
    return known_effect(function, Effect.OPAQUE)


def _module_function_effect(function: Any) -> Effect:  # noqa: ANN401  # as above
    known = known_effect(function, Effect.OPAQUE)
    if known is not Effect.OPAQUE:
        return known
    if function is warnings.warn:
        return Effect.WARNING
    if function.__name__ in _FRAME_READERS or root_of(function.__module__) in TRUSTED_ROOTS:
        return Effect.NATIVE
    pure = root_of(function.__module__) in ("math", "_operator", "_struct", "zlib", "binascii")
    return Effect.READS if pure else Effect.OPAQUE


def _descriptor_effect(function: Any) -> Effect:  # noqa: ANN401  # as above
    """Return what `list.append(items, 1)` does: the container is the first argument."""
    owner = function.__objclass__
    if owner is object:
        return _OBJECT_METHODS.get(function.__name__, Effect.NATIVE)
    if issubclass(owner, BaseException | type):
        return Effect.NATIVE
    if issubclass(owner, CONTAINERS):
        reading = method_effect(function.__name__)
        return Effect.CHANGES_FIRST if reading is Effect.CONTAINER_WRITE else Effect.READS
    frozen = facts_of(owner).kind in (Kind.FROZEN, Kind.TUPLE)
    return Effect.READS if frozen else Effect.OPAQUE


def _object_effect(function: Any) -> Effect:  # noqa: ANN401  # as above
    """Return what calling an object of any other class does."""
    kind = type(function)
    if kind is CACHED:
        return Effect.CACHED
    if kind in (operator.attrgetter, operator.itemgetter, operator.methodcaller):
        return Effect.READS
    if issubclass(kind, weakref.ref) or facts_of(kind).kind is Kind.TRUSTED:
        return _wrapped_effect(function)
    call = next((vars(base)["__call__"] for base in kind.__mro__ if "__call__" in vars(base)), None)
    return Effect.NATIVE if is_instrumented(call) else known_effect(function, Effect.OPAQUE)


def _wrapped_effect(function: Any) -> Effect:  # noqa: ANN401  # as above
    """Return what a callable of `functools` or a twin does: what it wraps does."""
    wrapped = getattr(function, "__wrapped__", None)
    return Effect.NATIVE if wrapped is None else effect_of(wrapped)


# -- classes --------------------------------------------------------------------------------------


def _class_effect(cls: type) -> Effect:
    known = _classes.get(cls)
    if known is None:
        if len(_classes) >= _MAX_REMEMBERED:
            _classes.clear()
        known = _classes[cls] = _judge_class(cls)
    return known


def _judge_class(cls: type) -> Effect:
    """Return what making an instance does to the arguments."""
    known = known_effect(cls, Effect.OPAQUE)
    if known is not Effect.OPAQUE:
        return known
    facts = facts_of(cls)
    harmless = facts.kind in (Kind.TRUSTED, Kind.FILE)
    if harmless or issubclass(cls, BaseException | type):
        return Effect.NATIVE
    makers = [_maker(cls, "__new__"), _maker(cls, "__init__")]
    if all(_is_harmless(maker) for maker in makers):
        return Effect.NATIVE
    builtin = facts.kind in (Kind.CONTAINER, Kind.FROZEN, Kind.TUPLE, Kind.ITERATOR, Kind.WINDOW)
    return Effect.READS if builtin else Effect.OPAQUE


def _maker(cls: type, name: str) -> Any:  # noqa: ANN401  # as above
    for base in cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            return found.__func__ if isinstance(found, staticmethod) else found
    return None


def _is_harmless(maker: Any) -> bool:  # noqa: ANN401  # as above
    """Say if a constructor is rewritten, generated, or the one of `object`."""
    if maker in (object.__new__, object.__init__, None) or is_instrumented(maker):
        return True
    code = getattr(maker, "__code__", None)
    generated = code is not None and code.co_filename in GENERATED
    trusted = root_of(getattr(maker, "__module__", "")) in TRUSTED_ROOTS
    return generated or trusted
