"""Twin of `threading.local`: a dictionary a task instead of a dictionary an OS thread."""

from __future__ import annotations

from typing import Any

from harness.engine import board
from harness.primitives import real

_get = object.__getattribute__
_set = object.__setattr__


class Local:
    """Twin of `threading.local`; subclasses run their `__init__` once a task, as there."""

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Local:  # noqa: ANN401  # the subclass's own
        """Keep the arguments for the tasks to come."""
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError("Initialization arguments are not supported")
        self = object.__new__(cls)
        _set(self, "_holdfast_state", (args, kwargs, real.LocalType()))
        values = _values_of_current(self)
        assert values is not None
        return self

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  # any attribute
        _swap(self)
        return _get(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "__dict__":
            raise AttributeError(
                f"{type(self).__name__!r} object attribute '__dict__' is read-only"
            )
        _swap(self)
        _set(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name == "__dict__":
            raise AttributeError(
                f"{type(self).__name__!r} object attribute '__dict__' is read-only"
            )
        _swap(self)
        object.__delattr__(self, name)


def adopt_local(local: Any) -> Local:  # noqa: ANN401  # a real threading.local
    """Return a twin that starts with what a real local holds in this OS thread."""
    twin = Local()
    vars(twin).update(local.__dict__)
    return twin


def _values_of_current(self: Local) -> dict[str, Any] | None:
    """Return the values of whoever asks; make them, uninitialised, at the first time."""
    state = _get(self, "_holdfast_state")
    execution = board.current()
    if execution is None:
        real_local = state[2]
        values: dict[str, Any] | None = getattr(real_local, "values", None)
        if values is None:
            real_local.values = values = {"_holdfast_state": state}
            _set(self, "__dict__", values)
        return values
    task = execution.current
    if task.locals is None:
        task.locals = {}
    key = id(self)
    values = task.locals.get(key)
    if values is None:
        values = task.locals[key] = {"_holdfast_state": state, "_holdfast_owner": self}
        _set(self, "__dict__", values)
    return values


def _swap(self: Local) -> None:
    """Put the values of whoever asks in the object's dictionary."""
    state = _get(self, "_holdfast_state")
    execution = board.current()
    if execution is None:
        known = getattr(state[2], "values", None)
    else:
        known = (execution.current.locals or {}).get(id(self))
    if known is not None:
        _set(self, "__dict__", known)
        return
    _values_of_current(self)
    cls = type(self)
    if cls.__init__ is not object.__init__:
        args, kwargs, _ = state
        cls.__init__(self, *args, **kwargs)
