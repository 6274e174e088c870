"""Hooks for attributes, items and variables.

Each is called right before the access. Alone, that is outside an execution or while nobody else
can run, it does nothing but return its first argument.
"""

from __future__ import annotations

import functools
import sys
import types
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.board import CONTENT, OPAQUE, READ, WRITE
from harness.instrument.hook_names import PREFIX
from harness.instrument.stored_names import on_change, stored
from harness.instrument.type_facts import (
    Facts,
    Kind,
    facts_of,
    is_instrumented,
    is_plain,
    underlying,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

_METHODS: Final = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType),
    *(types.WrapperDescriptorType, types.ClassMethodDescriptorType, staticmethod, classmethod),
    *(type, functools.partialmethod, functools.singledispatchmethod),
)
_KEYS: Final = frozenset((int, str, bytes, bool, type(None), float, tuple))
_MAX_REMEMBERED: Final = 8192  # pairs of type and name
_QUIET: Final = object()  # a read that can never meet a write
_OWN: Final = object()  # a read of the object itself
_ANY: Final = object()  # a read whose place depends on the object
_reads: dict[tuple[type, str], object] = {}
_own_writes: set[tuple[type, str]] = set()


# -- attributes -----------------------------------------------------------------------------------


def read(obj: Any, name: str) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Run before `obj.name` is read.

    No hook asks the object itself for anything, not even by `isinstance`, which reads `__class__`:
    that would run the author's code in the middle of a hook.
    """
    if not board.alone:
        kind = type(obj)
        way = _reads.get((kind, name))
        if way is None:
            way = _learn_read(kind, name)
        if way is _OWN:
            board.access(READ, obj, name)
        elif way is not _QUIET:
            _record_attribute(READ, obj, name)
    return obj


def write(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Run before `obj.name` is assigned or deleted."""
    if not board.alone:
        kind = type(obj)
        if (kind, name) in _own_writes:
            board.access(WRITE, obj, name)
        else:
            _learn_write(kind, name)
            _record_attribute(WRITE, obj, name)
    return obj


def _learn_read(kind: type, name: str) -> object:
    """Say what a read of `name` of a `kind` is, and remember it."""
    if len(_reads) >= _MAX_REMEMBERED:
        _reads.clear()
    way = _QUIET if _is_quiet(kind, name) else _OWN if _is_own(kind, name) else _ANY
    _reads[kind, name] = way
    return way


def _learn_write(kind: type, name: str) -> None:
    """Remember where an assignment is to the object itself, whatever the object."""
    if _is_own(kind, name):
        if len(_own_writes) >= _MAX_REMEMBERED:
            _own_writes.clear()
        _own_writes.add((kind, name))


def _is_own(kind: type, name: str) -> bool:
    """Say if `name` of a `kind` can only be found in the object: no class of it has the name."""
    return (
        name != "__dict__"
        and not issubclass(kind, type | types.ModuleType)
        and all(name not in vars(base) for base in kind.__mro__)
    )


def _forget() -> None:
    """Learn anew: what classes have was changed."""
    _reads.clear()
    _own_writes.clear()


on_change(_forget)


def _is_quiet(kind: type, name: str) -> bool:
    category = facts_of(kind).kind
    if kind is super or category is Kind.TRUSTED or category is Kind.GENERATOR:
        return True
    if name == "__dict__":
        return False
    if issubclass(kind, types.ModuleType) or (category is Kind.FROZEN and not _has_values(kind)):
        return name not in stored
    if name.startswith("__") and name.endswith("__"):
        return name not in stored and category is not Kind.INSTANCE
    found = class_attribute(kind, name)
    if isinstance(found, property):
        return is_instrumented(found.fget)  # its own code records what it reads
    return name not in stored and (name == "__class__" or isinstance(found, _METHODS))


def _has_values(kind: type) -> bool:
    """Say if objects of a frozen kind still take attributes: classes, functions, exceptions."""
    return issubclass(kind, type | types.FunctionType | BaseException)


def class_attribute(kind: type, name: str) -> Any:  # noqa: ANN401  # as above
    """Return what a class or its bases bind to `name`, without running a descriptor."""
    for base in kind.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def _record_attribute(kind: int, obj: Any, name: str) -> None:  # noqa: ANN401  # as above
    cls = type(obj)
    if name == "__dict__":
        board.access(WRITE, obj, CONTENT)  # whoever holds it can change every attribute
    elif issubclass(cls, type):
        if kind == WRITE:
            _forget()
        quiet = name not in stored and isinstance(class_attribute(obj, name), _METHODS)
        if kind == WRITE or not quiet:
            board.access(kind, obj, name)
            if kind == READ:
                _record_base(obj, name)
    elif kind == READ and not issubclass(cls, types.ModuleType):
        # It looks into the object first, where somebody may put a value in the meantime.
        board.access(READ, obj, name)
        home = _home(obj, cls, name)
        if home is not obj:
            board.also(READ, home, name)
    elif not _runs_own_code(cls, name):
        board.access(kind, obj, name)


def _record_base(cls: type, name: str) -> None:
    """Record that a class is read that `cls` has a name from."""
    for base in cls.__mro__[1:]:
        if name in vars(base):
            board.also(READ, base, name)
            return


def _home(obj: Any, cls: type, name: str) -> Any:  # noqa: ANN401  # as above
    """Return where a read finds its value: the instance, or the class that holds it for all."""
    for base in cls.__mro__:
        if name in vars(base):
            if hasattr(type(vars(base)[name]), "__get__"):
                return obj
            try:
                return obj if name in object.__getattribute__(obj, "__dict__") else base
            except AttributeError:  # slots only
                return base
    return obj


def _runs_own_code(cls: type, name: str) -> bool:
    """Say if assigning `name` only runs a property's rewritten setter."""
    found = class_attribute(cls, name)
    return isinstance(found, property) and is_instrumented(found.fset)


def whole(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `vars(obj)`, which hands out every attribute."""
    if not board.alone:
        board.access(WRITE, obj, CONTENT)
    return obj


# -- items ----------------------------------------------------------------------------------------


def read_item(obj: Any, key: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj[key]` is read."""
    if not board.alone:
        _record_item(READ, obj, key)
    return obj


def write_item(obj: Any, key: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj[key]` is assigned."""
    if not board.alone:
        _record_item(WRITE, obj, key)
    return obj


def del_item(obj: Any, key: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj[key]` is deleted: in a list, what stands behind it moves."""
    if not board.alone:
        _record_item(WRITE, obj, key if issubclass(type(obj), dict) else ...)
    return obj


def read_key(key: Any, obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run after the key of `obj[key]` is known and before the item is read."""
    if not board.alone:
        _record_item(READ, obj, key)
    return key


def write_key(key: Any, obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run after the key of `obj[key]` is known and before the item is assigned."""
    if not board.alone:
        _record_item(WRITE, obj, key)
    return key


def del_key(key: Any, obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run after the key of `obj[key]` is known and before the item is deleted."""
    del_item(obj, key)
    return key


def get_item(obj: Any, key: Any) -> Any:  # noqa: ANN401  # as above
    """Read `obj[key]` where both come from expressions that can switch."""
    __tracebackhide__ = True
    if not board.alone:
        _record_item(READ, obj, key)
    return obj[key]


class Slot:
    """`obj[key]` as a target, where both come from expressions that can switch."""

    __slots__ = ("_key", "_obj")

    def __init__(self, obj: Any, key: Any) -> None:  # noqa: ANN401  # as above
        self._obj = obj
        self._key = key

    def _store(self, value: Any) -> None:  # noqa: ANN401  # as above
        __tracebackhide__ = True
        if not board.alone:
            _record_item(WRITE, self._obj, self._key)
        self._obj[self._key] = value

    def _delete(self) -> None:
        __tracebackhide__ = True
        del del_item(self._obj, self._key)[self._key]

    value = property(None, _store, _delete)


def _record_item(kind: int, obj: Any, key: Any) -> None:  # noqa: ANN401  # as above
    facts = facts_of(type(obj))
    if facts.kind is Kind.CONTAINER:
        if issubclass(type(obj), dict):
            _record_entry(kind, obj, key)
        else:
            board.access(kind, obj, _place(key, facts))
    elif facts.kind is Kind.INSTANCE:
        name = "__getitem__" if kind == READ else "__setitem__"
        method = class_attribute(type(obj), name)
        if method is not None and not is_instrumented(method):
            board.access(OPAQUE if is_plain(method) else kind, obj, CONTENT)
    elif facts.kind is Kind.WINDOW:
        record = board.access
        for inner in underlying(obj):
            record(kind, inner, CONTENT)
            record = board.also


def _place(key: Any, facts: Facts) -> Hashable:  # noqa: ANN401  # as above
    """Return what an index of a sequence reaches; one from the end moves with the length."""
    if type(key) is int and key >= 0 and facts.keyed:
        return ("item", key)
    return CONTENT


def _record_entry(kind: int, obj: dict[Any, Any], key: Any) -> None:  # noqa: ANN401  # as above
    if type(key) not in _KEYS or (type(key) is tuple and not _is_plain(key)):
        board.access(kind, obj, CONTENT)  # comparing the key would run the user's code here
        return
    if type(key) is str and "__builtins__" in obj and "__name__" in obj:
        board.access(kind, namespace(obj), key)
        return
    if kind == READ and issubclass(type(obj), defaultdict):
        kind = WRITE  # a missing key is added
    board.access(kind, obj, ("item", key))


def _is_plain(key: tuple[Any, ...]) -> bool:
    return all(type(part) in _KEYS and (type(part) is not tuple or _is_plain(part)) for part in key)


# -- variables ------------------------------------------------------------------------------------


class Variable:
    """Stands for one captured variable of one call, wherever closures carry it."""

    __slots__ = ("__weakref__", "function")

    def __init__(self, _name: str, function: str) -> None:
        self.function = function

    def record_name(self) -> str:
        """Return what a trace calls the place of this variable."""
        return f"{self.function}()"


def author_names(found: Any) -> Any:  # noqa: ANN401  # a dictionary or list of names
    """Return what `locals()` or `dir()` gave in a function without the names of hooks."""
    if type(found) is list:
        return [name for name in found if not name.startswith(PREFIX)]
    if type(found) is dict:
        for name in [name for name in found if name.startswith(PREFIX)]:
            del found[name]
    return found


def namespace(values: dict[str, Any]) -> Any:  # noqa: ANN401  # a module or its dictionary
    """Return the object whose attributes these globals are."""
    module = sys.modules.get(values.get("__name__", ""))
    return module if module is not None and vars(module) is values else values


def cell(marker: object, name: str) -> bool:
    """Run before a captured variable is read."""
    if not board.alone:
        board.access(READ, marker, name)
    return True


def set_cell(value: Any, marker: object, name: str) -> Any:  # noqa: ANN401  # as above
    """Run before a captured variable is bound to `value`."""
    if not board.alone:
        board.access(WRITE, marker, name)
    return value


def read_global(name: str) -> bool:
    """Run before a module's variable is read."""
    if not board.alone:
        board.access(READ, namespace(sys._getframe(1).f_globals), name)  # noqa: SLF001  # the one way
    return True


def read_settled(name: str) -> bool:
    """Run before a variable is read that its own module binds once; others may assign it."""
    if not board.alone and name in stored:
        board.access(READ, namespace(sys._getframe(1).f_globals), name)  # noqa: SLF001  # the one way
    return True


def set_global(value: Any, name: str) -> Any:  # noqa: ANN401  # as above
    """Run before a module's variable is bound to `value`."""
    if not board.alone:
        board.access(WRITE, namespace(sys._getframe(1).f_globals), name)  # noqa: SLF001  # the one way
    return value
