"""What can change inside an object, told from its type and remembered."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import types
import weakref
from array import array
from collections import OrderedDict, defaultdict, deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from harness.engine.board import OPAQUE, READ
from harness.engine.class_name import CACHED
from harness.instrument.hook_names import ENTER, REGION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Kind(Enum):
    """How an object holds what it holds."""

    FROZEN = auto()  # nothing in it changes: numbers, text, code, modules, types
    TUPLE = auto()  # does not change, but what it holds may
    CONTAINER = auto()  # a builtin container or a subclass
    WINDOW = auto()  # shows another object's content: memoryview, views of dicts
    ITERATOR = auto()  # is used up while it walks another object
    GENERATOR = auto()  # runs code of its own, which records for itself
    FILE = auto()  # io objects
    TRUSTED = auto()  # twins and what the engine looks after
    INSTANCE = auto()  # anything else


CONTAINERS: Final[tuple[type, ...]] = (
    list,
    dict,
    set,
    bytearray,
    deque,
    defaultdict,
    OrderedDict,
    array,
)
_KEYED: Final = (dict, list, bytearray, array)
_FROZEN: Final[tuple[type, ...]] = (
    *(int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented)),
    *(range, slice, frozenset, type, types.ModuleType, types.FunctionType, types.MethodType),
    *(types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType),
    *(types.MethodDescriptorType, types.ClassMethodDescriptorType, types.CodeType, Enum),
    *(property, staticmethod, classmethod, BaseException, types.GenericAlias, types.UnionType),
    *(types.CellType, types.FrameType, types.TracebackType),
)
_WINDOWS: Final[tuple[type, ...]] = (
    *(memoryview, type({}.keys()), type({}.values()), type({}.items())),
    *(type(OrderedDict().keys()), type(OrderedDict().values()), type(OrderedDict().items())),
    types.MappingProxyType,
)
_ITERATORS: Final[tuple[type, ...]] = (
    *(type(iter([])), type(reversed([])), type(iter({})), type(iter({}.values()))),
    *(type(iter({}.items())), type(reversed({})), type(iter(set())), type(iter(bytearray()))),
    *(
        type(iter(deque())),
        type(reversed(deque())),
        type(iter(OrderedDict())),
        type(iter(array("b"))),
    ),
    *(enumerate, zip, map, filter, reversed, type(iter(int, 1))),
    *(value for value in vars(itertools).values() if isinstance(value, type)),
)
_GENERATORS: Final = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
TRUSTED_ROOTS: Final = frozenset(
    [
        "harness",
        "threading",
        "queue",
        "_queue",
        "_thread",
        "time",
        "concurrent",
        "greenlet",
        "contextlib",
        "functools",
        "contextvars",
        "_contextvars",
        "weakref",
        "_weakref",
        "_weakrefset",
        "abc",
        "_abc",
        "types",
        "typing",
        "enum",
        "asyncio",
        "_asyncio",
        "pytest",
        "_pytest",
        "pluggy",
        "hypothesis",
        "_hypothesis",
        "importlib",
        "selectors",
    ]
)
_FROZEN_ROOTS: Final = frozenset(
    [
        "datetime",
        "decimal",
        "_decimal",
        "fractions",
        "uuid",
        "pathlib",
        "re",
        "ipaddress",
        "zoneinfo",
        "numbers",
        "_pydecimal",
        "_pydatetime",
    ]
)
# Of trusted modules, and yet with a content that no lock guards: their methods are many steps.
UNGUARDED: Final = (
    *(weakref.WeakValueDictionary, weakref.WeakKeyDictionary, weakref.WeakSet),
    *(contextlib.ExitStack, contextlib.AsyncExitStack),
)
_NOT_TRUSTED: Final[frozenset[type]] = frozenset([*UNGUARDED, CACHED, types.SimpleNamespace])
_INSTRUMENTED_ENTRIES: Final = (ENTER, REGION)
GENERATED: Final = ("<string>", "<attrs generated>")  # the files of methods nobody wrote
_MAX_REMEMBERED: Final = 4096  # types; a test run that makes classes must not keep them all
_MAX_DEPTH: Final = 3  # enumerate(zip(map(...))): deeper chains are walked no further


class Facts:
    """What is known about a type. Never changes."""

    __slots__ = ("keyed", "kind", "operands", "reading", "text", "truth")

    def __init__(self, cls: type) -> None:
        kind = self.kind = _kind(cls)
        inside = kind in (Kind.CONTAINER, Kind.WINDOW, Kind.ITERATOR)
        other = kind is Kind.INSTANCE
        self.keyed = issubclass(cls, _KEYED) and not _overrides(cls, ("__getitem__",))
        # Rewritten methods record for themselves; what they do not cover is recorded here.
        self.truth = inside or (other and _has_foreign(cls, ("__bool__", "__len__")))
        self.operands = inside or kind is Kind.TUPLE or (other and _has_foreign(cls, _OPERATORS))
        self.text = inside or kind is Kind.TUPLE or (other and _has_foreign(cls, _TEXTS))
        # What reading it is: one step in C, several in Python code that nobody sees into.
        self.reading = OPAQUE if other and _has_plain(cls, _OPERATORS) else READ


_TEXTS: Final = ("__str__", "__repr__", "__format__")
_OPERATORS: Final = tuple(
    f"__{name}__"
    for name in [
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "lshift",
        "rshift",
        "or",
        "xor",
        "and",
        "radd",
        "rsub",
        "rmul",
        "rtruediv",
        "rmod",
        "ror",
        "rxor",
        "rand",
        "iter",
        "contains",
        "len",
        "neg",
        "pos",
        "invert",
    ]
)
_facts: dict[type, Facts] = {}


def facts_of(cls: type) -> Facts:
    """Return what is known about a type."""
    known = _facts.get(cls)
    if known is None:
        if len(_facts) >= _MAX_REMEMBERED:
            _facts.clear()
        known = _facts[cls] = Facts(cls)
    return known


def is_instrumented(function: object) -> bool:
    """Say if a Python function's own code was rewritten."""
    code = getattr(function, "__code__", None)
    return type(code) is types.CodeType and is_instrumented_code(code)


def is_instrumented_code(code: types.CodeType) -> bool:
    """Say if code was rewritten: its first global name is then a hook."""
    return code.co_names[:1] != () and code.co_names[0] in _INSTRUMENTED_ENTRIES


def root_of(module_name: object) -> str:
    """Return the top-level package of a dotted name."""
    return module_name.partition(".")[0] if isinstance(module_name, str) else ""


_module_name: Final = vars(type)["__module__"].__get__  # past any metaclass of the author's


def _kind(cls: type) -> Kind:  # noqa: PLR0911  # a decision table: one return a kind
    root = root_of(_module_name(cls))
    if issubclass(cls, CONTAINERS):
        return Kind.CONTAINER
    if issubclass(cls, tuple):
        return Kind.TUPLE
    if root in TRUSTED_ROOTS and cls not in _NOT_TRUSTED:
        return Kind.TRUSTED
    if root in _FROZEN_ROOTS or issubclass(cls, _FROZEN):
        return Kind.FROZEN
    if issubclass(cls, _GENERATORS):
        return Kind.GENERATOR
    if issubclass(cls, _WINDOWS):
        return Kind.WINDOW
    if issubclass(cls, _ITERATORS):
        return Kind.ITERATOR
    return Kind.FILE if issubclass(cls, io.IOBase) else Kind.INSTANCE


def _overrides(cls: type, names: Iterable[str]) -> bool:
    """Say if a Python class between `cls` and its builtin base defines one of `names`."""
    for base in cls.__mro__:
        if base.__module__ == "builtins" or base in CONTAINERS:
            return False
        if any(name in vars(base) for name in names):
            return True
    return False


def _has_foreign(cls: type, names: Iterable[str]) -> bool:
    """Say if one of these methods is neither `object`'s own nor rewritten code."""
    return any(not is_instrumented(method) for method in _methods(cls, names))


def _has_plain(cls: type, names: Iterable[str]) -> bool:
    """Say if one of these methods is Python code that was not rewritten.

    Generated methods, as a dataclass has, look at each field once: they are taken for one step.
    """
    return any(is_plain(method) for method in _methods(cls, names))


def _methods(cls: type, names: Iterable[str]) -> Iterator[object]:
    for name in names:
        for base in cls.__mro__[:-1]:
            method = vars(base).get(name)
            if method is not None:
                yield method
                break


def is_plain(function: object) -> bool:
    """Say if a function is somebody's Python code that was not rewritten."""
    if type(function) is not types.FunctionType or is_instrumented(function):
        return False
    return function.__code__.co_filename not in GENERATED


def underlying(obj: Any) -> list[Any]:  # noqa: ANN401  # any object has a content
    """Return the containers whose content `obj` holds or shows; itself when it is one."""
    kind = facts_of(type(obj)).kind
    if kind is Kind.CONTAINER or kind is Kind.INSTANCE:
        return [obj]
    if type(obj) is memoryview:
        try:
            return underlying(obj.obj)
        except ValueError:  # released: the access itself will say so
            return []
    if kind is Kind.WINDOW or kind is Kind.ITERATOR or kind is Kind.TUPLE:
        found: list[Any] = []
        _collect(obj, found, depth=_MAX_DEPTH)
        if kind is Kind.ITERATOR:
            found.append(obj)  # walking it uses it up
        return found
    return []


def _collect(obj: Any, found: list[Any], *, depth: int) -> None:  # noqa: ANN401  # as above
    """Add the containers that a tuple, a view or an iterator refers to.

    An iterator tells nobody what it walks; the garbage collector knows.
    """
    if not depth:
        return
    inner: Iterable[Any] = obj if issubclass(type(obj), tuple) else gc.get_referents(obj)
    for held in inner:
        kind = facts_of(type(held)).kind
        if kind is Kind.CONTAINER:
            found.append(held)
        elif kind in (Kind.TUPLE, Kind.ITERATOR, Kind.WINDOW):
            _collect(held, found, depth=depth - 1)
