"""Finds the locks that a body and the user's modules can reach without a call.

A walk over closures, defaults, partials, containers and the attributes of the user's objects. It is
bounded, because a module may hold a database; what lies beyond is met by instrumented code, by the
methods of the real classes, or by the watchdog.
"""

from __future__ import annotations

import functools
import sys
import sysconfig
from types import CellType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.primitives.adoption import KINDS, REPLACED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.primitives.adoption import Adoption

MAX_OBJECTS: Final = 2_000  # walked through in one campaign: about 1 ms
MAX_ITEMS: Final = 200  # of one container
# Their own locks must stay real: they run under every import, every switch, every report.
_UNTOUCHED: Final = frozenset(
    {
        "harness",
        "greenlet",
        "_thread",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "importlib",
        "faulthandler",
        "coverage",
        "pydevd",
        "_pydevd_bundle",
        "__holdfast__",
    }
)
_LIBRARY: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def is_untouched(module_name: str) -> bool:
    """Say whether a module keeps its real primitives."""
    return module_name.partition(".")[0] in _UNTOUCHED or module_name == "asyncio.mixins"


def is_library(module: ModuleType) -> bool:
    """Say whether a module belongs to Python or to an installed package, not to the user."""
    path = getattr(module, "__file__", None)
    return path is None or path.startswith(_LIBRARY)


class Walk:
    """One bounded walk. The order is that of the roots, breadth first."""

    __slots__ = ("_adoption", "_entered", "_left", "_seen", "_undo", "_waiting")

    def __init__(self, adoption: Adoption, undo: list[Callable[[], None]]) -> None:
        self._adoption = adoption
        self._undo = undo
        self._seen: set[int] = set()
        self._entered: dict[type, bool] = {}
        self._waiting: list[Any] = []
        self._left = MAX_OBJECTS

    def over(self, roots: Iterable[Any]) -> None:
        """Take up what can be reached from `roots`."""
        self._waiting = [root for root in roots if self._is_news(root)]
        for value in self._waiting:  # it grows on the way
            self._left -= 1
            if self._left < 0:
                return
            self._look_into(value)

    def _is_news(self, value: Any) -> bool:  # noqa: ANN401  # any object
        """Say whether to go into a value: a container, a function, an object of the user's."""
        cls = type(value)
        entered = self._entered.get(cls)
        if entered is None:
            entered = cls in _CONTAINERS or issubclass(cls, KINDS) or _is_users(cls)
            self._entered[cls] = entered
        if not entered or id(value) in self._seen:
            return False
        self._seen.add(id(value))
        return True

    def _look_into(self, value: Any) -> None:  # noqa: ANN401  # any object
        if issubclass(type(value), KINDS):
            self._adoption.take_up(value)
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, MethodType):
            self._note((value.__self__, value.__func__))
        elif isinstance(value, functools.partial):
            self._note((value.func, *value.args, *value.keywords.values()))
        elif type(value) is dict:
            self._dictionary(value)
        elif type(value) is list:
            self._list(value)
        elif type(value) in (tuple, set, frozenset):
            self._note(list(value)[:MAX_ITEMS])
        else:
            self._object(value)

    def _note(self, values: Iterable[Any]) -> None:
        for value in values:
            if self._is_news(value):
                self._waiting.append(value)

    def _function(self, function: FunctionType) -> None:
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            if type(value) in REPLACED:
                twin = self._adoption.twin_of(value)
                cell.cell_contents = twin
                self._undo.append(functools.partial(_restore_cell, cell, twin, value))
            else:
                self._note((value,))
        self._note(function.__defaults__ or ())
        self._note((function.__kwdefaults__ or {}).values())
        wrapped = getattr(function, "__wrapped__", None)
        self._note((wrapped,))

    def _dictionary(self, values: dict[Any, Any]) -> None:
        for name, value in list(values.items())[:MAX_ITEMS]:
            if type(value) in REPLACED:
                self._adoption.replace(values, name, self._adoption.twin_of(value))
            else:
                self._note((value,))

    def _list(self, values: list[Any]) -> None:
        for index, value in enumerate(values[:MAX_ITEMS]):
            if type(value) in REPLACED:
                twin = values[index] = self._adoption.twin_of(value)
                self._undo.append(functools.partial(_restore_item, values, index, twin, value))
            else:
                self._note((value,))

    def _object(self, value: Any) -> None:  # noqa: ANN401  # a user's object
        values = getattr(value, "__dict__", None)
        if type(values) is dict:
            self._dictionary(values)
        for base in type(value).__mro__:
            for name, slot in list(vars(base).items()):
                if isinstance(slot, MemberDescriptorType):
                    self._slot(value, name)

    def _slot(self, owner: Any, name: str) -> None:  # noqa: ANN401  # a user's object
        try:
            value = object.__getattribute__(owner, name)
        except AttributeError:
            return
        if type(value) not in REPLACED:
            self._note((value,))
            return
        twin = self._adoption.twin_of(value)
        try:
            setattr(owner, name, twin)
        except AttributeError:  # a frozen class
            return
        self._undo.append(functools.partial(_restore_slot, owner, name, twin, value))


_CONTAINERS: Final = frozenset(
    {dict, list, tuple, set, frozenset, FunctionType, MethodType, functools.partial}
)
_HEAP_TYPE: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, or close to it


def _is_users(cls: type) -> bool:
    if not cls.__flags__ & _HEAP_TYPE or issubclass(cls, (type, ModuleType, CellType)):
        return False
    module = sys.modules.get(cls.__module__)
    return module is not None and not is_library(module) and not is_untouched(cls.__module__)


def _restore_cell(cell: CellType, twin: object, value: object) -> None:
    if cell.cell_contents is twin:  # the user may have bound it anew
        cell.cell_contents = value


def _restore_item(values: list[Any], index: int, twin: object, value: object) -> None:
    if index < len(values) and values[index] is twin:
        values[index] = value


def _restore_slot(owner: object, name: str, twin: object, value: object) -> None:
    if object.__getattribute__(owner, name) is twin:
        setattr(owner, name, value)
