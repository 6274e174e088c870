"""What well-known callables do to the objects they are given."""

from __future__ import annotations

import bisect
import builtins
import copy
import heapq
import itertools
import json
import operator
import random
import time
import weakref
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from enum import Enum, auto
from typing import Any, Final


class Effect(Enum):
    """What a call does to what it is given."""

    NATIVE = auto()  # nothing, or it is rewritten code that records for itself
    READS = auto()  # reads the content of its arguments
    READS_TEXT = auto()  # turns its arguments into text
    READS_TRUTH = auto()  # asks for their length or truth
    CHANGES_FIRST = auto()  # changes the first argument, reads the others
    CONTAINER_READ = auto()  # a method that reads the container it is bound to
    CONTAINER_WRITE = auto()  # a method that may change the container it is bound to
    ATTRIBUTE_READ = auto()  # getattr, hasattr
    ATTRIBUTE_WRITE = auto()  # setattr, delattr
    CACHED = auto()  # looks into the cache, and changes it
    CACHE_CLEAR = auto()  # empties the cache it is bound to
    ONE_STEP = auto()  # print, io objects
    LOGGING = auto()  # one step, and it looks at its caller's frame
    WARNING = auto()  # the same, `stacklevel` being its third argument
    OPAQUE = auto()  # unknown


def _from(module: object, names: str) -> list[Any]:
    return [getattr(module, name) for name in names.split() if hasattr(module, name)]


# Touch no content: they look at types and identities, or make a lazy iterator.
_NATIVE: Final = (
    *_from(builtins, "callable chr hash id isinstance issubclass object property range slice"),
    *_from(
        builtins, "staticmethod classmethod super type memoryview iter enumerate zip map filter"
    ),
    *_from(builtins, "reversed open aiter anext globals locals dir vars eval exec __import__"),
    *_from(builtins, "breakpoint input compile"),
    *_from(
        itertools, "count cycle repeat chain islice tee zip_longest product takewhile dropwhile"
    ),
    *_from(itertools, "accumulate compress filterfalse groupby pairwise starmap batched"),
    *_from(operator, "attrgetter itemgetter methodcaller is_ is_not"),
    *_from(time, "gmtime localtime strftime mktime"),
    *_from(weakref, "getweakrefcount getweakrefs"),
)
_READS: Final = (
    *_from(builtins, "abs all any bin bytes complex dict divmod float frozenset hex int list max"),
    *_from(builtins, "min oct ord pow round set sorted sum tuple bytearray"),
    *_from(operator, "add sub mul eq ne lt le gt ge contains countOf indexOf concat getitem"),
    *_from(operator, "length_hint truth not_ neg pos mod or_ and_ xor"),
    *_from(copy, "copy deepcopy"),
    *_from(json, "dumps"),
    *_from(bisect, "bisect bisect_left bisect_right"),
    *_from(heapq, "nlargest nsmallest merge"),
    *(deque, defaultdict, OrderedDict, Counter, array),
)
_CHANGES_FIRST: Final = (
    *_from(heapq, "heappush heappop heapify heapreplace heappushpop"),
    *_from(bisect, "insort insort_left insort_right"),
    *_from(operator, "setitem delitem iadd iconcat imul ior iand isub ixor"),
    random.shuffle,
    builtins.next,
)


def _known() -> dict[int, tuple[Effect, Any]]:
    table: dict[int, tuple[Effect, Any]] = {}
    for effect, functions in (
        (Effect.NATIVE, _NATIVE),
        (Effect.READS, _READS),
        (Effect.CHANGES_FIRST, _CHANGES_FIRST),
        (Effect.READS_TEXT, _from(builtins, "str repr format ascii")),
        (Effect.READS_TRUTH, _from(builtins, "len bool")),
        (Effect.ATTRIBUTE_READ, _from(builtins, "getattr hasattr")),
        (Effect.ATTRIBUTE_WRITE, _from(builtins, "setattr delattr")),
        (Effect.ONE_STEP, _from(builtins, "print")),
    ):
        table.update({id(function): (effect, function) for function in functions})
    return table


KNOWN: Final = _known()

_READING_METHODS: Final = frozenset(
    [
        "copy",
        "count",
        "index",
        "get",
        "items",
        "keys",
        "values",
        "isdisjoint",
        "issubset",
        "issuperset",
        "union",
        "intersection",
        "difference",
        "symmetric_difference",
        "most_common",
        "elements",
        "total",
        "hex",
        "decode",
        "find",
        "rfind",
        "split",
        "rsplit",
        "startswith",
        "endswith",
        "join",
        "strip",
        "lstrip",
        "rstrip",
        "upper",
        "lower",
        "title",
        "replace",
        "partition",
        "rpartition",
        "splitlines",
        "translate",
        "tobytes",
        "tolist",
        "buffer_info",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isspace",
        "isupper",
        "expandtabs",
        "center",
        "ljust",
        "rjust",
        "zfill",
        "swapcase",
        "capitalize",
        "fromkeys",
        "__contains__",
        "__len__",
        "__getitem__",
        "__iter__",
        "__reversed__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__add__",
        "__or__",
        "__and__",
        "__sub__",
        "__xor__",
        "__mul__",
        "__repr__",
        "__str__",
        "__sizeof__",
        "__reduce__",
        "__reduce_ex__",
        "__missing__",
        "__bool__",
        "__copy__",
    ]
)
# Making a view or an iterator reads nothing; walking it does, and is recorded there.
_LAZY_METHODS: Final = frozenset(("items", "keys", "values", "__iter__", "__reversed__"))
# These keep their arguments as they are and never look inside.
STORING_METHODS: Final = frozenset(
    ["append", "appendleft", "insert", "setdefault", "put", "__setitem__", "get", "pop", "popitem"]
)


def method_effect(name: str) -> Effect:
    """Return what the method `name` of a builtin container does to the container."""
    if name in _LAZY_METHODS:
        return Effect.NATIVE
    return Effect.CONTAINER_READ if name in _READING_METHODS else Effect.CONTAINER_WRITE


def known_effect(function: Any, default: Effect) -> Effect:  # noqa: ANN401  # any callable
    """Return what a well-known callable does, or `default`."""
    known = KNOWN.get(id(function))  # by identity: a hash may be the author's code
    return default if known is None else known[0]
