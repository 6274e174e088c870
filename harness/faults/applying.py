"""Puts a plan in force: stand-ins in the place of Python callables, taken out again at the end."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.faults.errors import UnknownCallError
from harness.faults.faulty_file import open_faulty
from harness.faults.injection import Faults

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence

    from harness.faults.rule import Rule

OPEN: Final = "open"
FILE: Final = "file."
_ABSENT: Final = object()
# Where `open` is looked up by programs: pathlib and tempfile have names of their own for it.
_OPEN_PLACES: Final = ("builtins", "io", "_io")
# The tools that watch the subject: their calls are not the subject's.
_SPARED: Final = ("harness", "_pytest", "pytest", "pluggy", "execnet", "xdist", "coverage")


@contextlib.contextmanager
def in_force(rules: Sequence[Rule], seed: int, *, calls: Sequence[str]) -> Iterator[Faults]:
    """Yield the plan in force; see `FaultPlan.applied`."""
    faults = Faults(rules, seed)
    names = dict.fromkeys([*calls, *(rule.call for rule in rules)])
    with contextlib.ExitStack() as undo:
        undo.callback(faults.end)
        for name in names:
            _put_in_place(faults, name, undo)
        yield faults


def _put_in_place(faults: Faults, name: str, undo: contextlib.ExitStack) -> None:
    if "*" in name or ("." not in name and name != OPEN):
        return  # a pattern reaches what `calls` names; a port's or a callback's call is no patch
    if name == OPEN or name.startswith(FILE):
        _replace_open(faults, undo)
        return
    owner, attribute, original = _found(name)
    stand_in: Any
    if isinstance(original, type):
        stand_in = _class_standing_in(faults, name, original)
    else:
        stand_in = faults.standing_in(original, name)
    _set(owner, attribute, stand_in, undo)
    if isinstance(owner, ModuleType):
        _replace_copies(original, stand_in, undo)


def _replace_open(faults: Faults, undo: contextlib.ExitStack) -> None:
    original = sys.modules["_io"].open
    if getattr(original, "faults", None) is faults:
        return  # by an earlier rule of the same plan
    stand_in = functools.wraps(original)(functools.partial(_open, faults, original))
    stand_in.faults = faults  # type: ignore[attr-defined]  # a mark of our own
    for module in _OPEN_PLACES:
        _set(sys.modules[module], OPEN, stand_in, undo)
    _replace_copies(original, stand_in, undo)


def _open(faults: Faults, original: Callable[..., io.IOBase], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
    caller = sys._getframe(1)  # noqa: SLF001  # the only way to know who calls
    if caller.f_globals.get("__name__", "").partition(".")[0] in _SPARED:
        return original(*args, **kwargs)
    faults.meet(OPEN)
    return open_faulty(faults, original, *args, **kwargs)


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
        original = getattr(owner, path[-1])
    except AttributeError as error:
        raise UnknownCallError(name, str(error)) from error
    if not callable(original):
        raise UnknownCallError(name, f"it is a {type(original).__name__}, nothing to call")
    return owner, path[-1], original


def _class_standing_in(faults: Faults, name: str, original: type) -> type:
    """Return a class whose making of an instance is the call; to isinstance it is `original`."""

    class Standing(type(original)):  # type: ignore[misc]  # a class that is an argument
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
            if cls is not stand_in:
                return super().__call__(*args, **kwargs)  # a class that somebody derived meanwhile
            caller = sys._getframe(1)  # noqa: SLF001  # the only way to know who calls
            return faults.around(name, lambda: original(*args, **kwargs), caller=caller)

        def __instancecheck__(cls, instance: object) -> bool:
            if cls is stand_in:
                return isinstance(instance, original)
            return bool(super().__instancecheck__(instance))

        def __subclasscheck__(cls, subclass: type) -> bool:
            if cls is stand_in:
                return issubclass(subclass, original)
            return bool(super().__subclasscheck__(subclass))

    try:
        stand_in: type = Standing(original.__name__, (original,), {"__slots__": ()})
    except TypeError as error:
        raise UnknownCallError(name, f"the class cannot be derived from ({error})") from error
    return stand_in


def _replace_copies(original: object, stand_in: object, undo: contextlib.ExitStack) -> None:
    """Stand in for the names that modules made by `from os import write`."""
    for module_name, module in list(sys.modules.items()):
        top = module_name.partition(".")[0]
        if top in sys.stdlib_module_names or top in _SPARED or type(module) is not ModuleType:
            continue
        for key in [key for key, value in list(vars(module).items()) if value is original]:
            _set(module, key, stand_in, undo)


def _set(owner: Any, name: str, value: object, undo: contextlib.ExitStack) -> None:  # noqa: ANN401  # a module or a class
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
