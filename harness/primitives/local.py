"""`threading.local` in tasks: a dictionary a task instead of a dictionary an OS thread.

`Local` is a real local whose attributes are looked up in the task's dictionary while an execution
runs. Subclasses of the real class that were made before a campaign are given the same three
methods while it lasts. The body goes on with the values of the thread that called explore, on a
copy; every other task starts fresh and runs the subclass's `__init__`, as a new thread does.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.primitives import real

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.execution import Execution

_get: Final = real.LocalType.__getattribute__
_set: Final = real.LocalType.__setattr__
_delete: Final = real.LocalType.__delattr__
_ABSENT: Final = object()


def getattribute(self: Any, name: str) -> Any:  # noqa: ANN401  # any local, any attribute
    """Stand in for `local.__getattribute__`."""
    execution = board.current()
    if execution is None:
        return _get(self, name)
    values = _values(self, execution)
    value = values.get(name, _ABSENT)
    if value is not _ABSENT:
        return value
    return values if name == "__dict__" else _class_attribute(self, name)


def setattribute(self: Any, name: str, value: object) -> None:  # noqa: ANN401  # any local
    """Stand in for `local.__setattr__`."""
    execution = board.current()
    if execution is None or name == "__dict__":
        _set(self, name, value)
        return
    setter = getattr(_on_class(self, name), "__set__", None)
    if setter is not None:
        setter(self, value)
    else:
        _values(self, execution)[name] = value


def delattribute(self: Any, name: str) -> None:  # noqa: ANN401  # any local
    """Stand in for `local.__delattr__`."""
    execution = board.current()
    if execution is None or name == "__dict__":
        _delete(self, name)
        return
    deleter = getattr(_on_class(self, name), "__delete__", None)
    if deleter is not None:
        deleter(self)
    elif _values(self, execution).pop(name, _ABSENT) is _ABSENT:
        raise AttributeError(_missing(self, name))


class Local(real.LocalType):
    """Twin of `threading.local`; subclasses run their `__init__` once a task, as there."""

    __getattribute__ = getattribute
    __setattr__ = setattribute
    __delattr__ = delattribute


class LocalAround:
    """Stands for a real local that a module holds: outside an execution it passes all on."""

    __slots__ = ("__weakref__", "_real")

    def __init__(self, local: Any) -> None:  # noqa: ANN401  # a real threading.local
        object.__setattr__(self, "_real", local)

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  # any attribute
        return getattribute_around(object.__getattribute__(self, "_real"), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattribute(object.__getattribute__(self, "_real"), name, value)

    def __delattr__(self, name: str) -> None:
        delattribute(object.__getattribute__(self, "_real"), name)


def getattribute_around(local: Any, name: str) -> Any:  # noqa: ANN401  # any local, any attribute
    """Read an attribute of a real local for whoever asks."""
    return local.__class__ if name == "__class__" else getattribute(local, name)


def local_classes() -> Iterator[Any]:
    """Yield the classes made directly from the real `threading.local` by anybody else."""
    for cls in real.LocalType.__subclasses__():
        if cls is not Local and "__getattribute__" not in vars(cls):
            yield cls


def _values(self: Any, execution: Execution) -> dict[str, Any]:  # noqa: ANN401  # any local
    """Return the values of the current task; make them at the first time."""
    task = execution.current.carrier  # coroutines are one thread
    if task.locals is None:
        task.locals = {}
    known = task.locals.get(id(self))
    if known is not None:
        return known[1]
    outside: dict[str, Any] = {} if task.id else _get(self, "__dict__")
    values = dict(outside)
    task.locals[id(self)] = (self, values)  # holds the local: its id stays taken
    cls = type(self)
    if task.id and cls.__init__ is not object.__init__:
        args, kwargs = _arguments(self)
        cls.__init__(self, *args, **kwargs)
    return values


def _arguments(self: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:  # noqa: ANN401  # any local
    """Return what the local was made with; it keeps them for new threads, out of sight."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    for held in gc.get_referents(self):
        if type(held) is tuple:
            args = held
        elif type(held) is dict and all(type(key) is str for key in held):
            kwargs = held
    return args, kwargs


def _on_class(self: Any, name: str) -> Any:  # noqa: ANN401  # any local, any attribute
    for base in type(self).__mro__:
        found = base.__dict__.get(name, _ABSENT)
        if found is not _ABSENT:
            return found
    return _ABSENT


def _class_attribute(self: Any, name: str) -> Any:  # noqa: ANN401  # any local, any attribute
    found = _on_class(self, name)
    if found is _ABSENT:
        raise AttributeError(_missing(self, name))
    getter = getattr(type(found), "__get__", None)
    return found if getter is None else getter(found, self, type(self))


def _missing(self: Any, name: str) -> str:  # noqa: ANN401  # any local
    return f"{type(self).__name__!r} object has no attribute {name!r}"
