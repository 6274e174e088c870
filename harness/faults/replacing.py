"""Standing in for Python callables by name, for a while: functions, methods and classes."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.faults.errors import UnknownCallError

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

SOCKET: Final = "socket.socket"
_STANDS_FOR: Final = "_holdfast_stands_for"
_ABSENT: Final = object()
# The tools that watch the subject: their calls are not the subject's.
SPARED: Final = ("harness", "_pytest", "pytest", "pluggy", "execnet", "xdist", "coverage")


def put_in_place(name: str, stand_in: Callable[[Any], Any], undo: contextlib.ExitStack) -> None:
    """Put what `stand_in` makes of the callable `name` in its place until `undo` ends.

    Names that modules took over (`from os import write`) are served, too.

    Raises:
        UnknownCallError: There is no such callable, or it cannot be replaced.
    """
    owner, attribute, original = _found(name)
    made = stand_in(original)
    set_for_now(owner, attribute, made, undo)
    if isinstance(owner, ModuleType):
        replace_copies(original, made, undo)


def _found(name: str) -> tuple[Any, str, Any]:
    """Return what holds the callable `name`, under which attribute, and the callable."""
    path = name.split(".")
    owner: Any = None
    for size in range(len(path) - 1, 0, -1):
        try:
            owner = importlib.import_module(".".join(path[:size]))
        except ImportError:
            continue
        break
    if owner is None:
        raise UnknownCallError(name, f"there is no module {path[0]}")
    try:
        for part in path[size:-1]:
            owner = getattr(owner, part)
            # A class whose making is stood in for makes instances of the class it stands for.
            owner = vars(owner).get(_STANDS_FOR, owner)
        original = getattr(owner, path[-1])
    except AttributeError as error:
        raise UnknownCallError(name, str(error)) from error
    if not callable(original):
        raise UnknownCallError(name, f"it is a {type(original).__name__}, nothing to call")
    return owner, path[-1], original


def class_standing_in(
    name: str, original: type, making: Callable[[Callable[[], Any], Any], Any]
) -> type:
    """Return a class that hands the making of an instance to `making`.

    To isinstance and issubclass it is `original`. `making` gets what makes the instance, and the
    frame that asks.

    Raises:
        UnknownCallError: The class cannot be derived from.
    """

    class Standing(type(original)):  # type: ignore[misc]  # a class that is an argument
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
            if cls is not stand_in:
                return super().__call__(*args, **kwargs)  # a class that somebody derived meanwhile
            caller = sys._getframe(1)  # noqa: SLF001  # the only way to know who calls
            if name == SOCKET and kwargs.get("fileno") is not None:
                return original(*args, **kwargs)  # around what is there: no call of the system
            return making(lambda: original(*args, **kwargs), caller)

        def __instancecheck__(cls, instance: object) -> bool:
            if cls is stand_in:
                return isinstance(instance, original)
            return bool(super().__instancecheck__(instance))

        def __subclasscheck__(cls, subclass: type) -> bool:
            if cls is stand_in:
                return issubclass(subclass, original)
            return bool(super().__subclasscheck__(subclass))

    try:
        stand_in: type = Standing(
            original.__name__, (original,), {"__slots__": (), _STANDS_FOR: original}
        )
    except TypeError as error:
        raise UnknownCallError(name, f"the class cannot be derived from ({error})") from error
    return stand_in


def replace_copies(original: object, stand_in: object, undo: contextlib.ExitStack) -> None:
    """Stand in for the names that modules made by `from os import write`."""
    for module_name, module in list(sys.modules.items()):
        top = module_name.partition(".")[0]
        if top in sys.stdlib_module_names or top in SPARED or type(module) is not ModuleType:
            continue
        for key in [key for key, value in list(vars(module).items()) if value is original]:
            set_for_now(module, key, stand_in, undo)


def set_for_now(owner: Any, name: str, value: object, undo: contextlib.ExitStack) -> None:  # noqa: ANN401  # a module or a class
    """Set an attribute until `undo` ends; what somebody else has put there since then stays.

    Raises:
        UnknownCallError: It cannot be set: a class of C.
    """
    before = vars(owner).get(name, _ABSENT)
    try:
        setattr(owner, name, value)
    except TypeError as error:
        raise UnknownCallError(f"{owner.__name__}.{name}", str(error)) from error
    undo.callback(_restore, owner, name, value, before)


def _restore(owner: Any, name: str, value: object, before: object) -> None:  # noqa: ANN401  # a module or a class
    if vars(owner).get(name) is not value:
        return  # somebody else has put something there since, and takes care of it
    if before is _ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, before)
