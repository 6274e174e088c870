"""Puts a plan in force: stand-ins in the place of Python callables, taken out again at the end."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.faults.faulty_file import open_faulty
from harness.faults.injection import Faults
from harness.faults.replacing import (
    SPARED,
    class_standing_in,
    put_in_place,
    replace_copies,
    set_for_now,
)

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence

    from harness.faults.rule import Rule

OPEN: Final = "open"
FILE: Final = "file."
# Where `open` is looked up by programs: pathlib and tempfile have names of their own for it.
_OPEN_PLACES: Final = ("builtins", "io", "_io")


@contextlib.contextmanager
def in_force(
    rules: Sequence[Rule], seed: int, *, calls: Sequence[str], spared: Sequence[str]
) -> Iterator[Faults]:
    """Yield the plan in force; see `FaultPlan.applied`."""
    faults = Faults(rules, seed, spared=spared)
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

    def making(make: Callable[[], Any], caller: Any) -> Any:  # noqa: ANN401  # an instance; a frame
        return faults.around(name, make, caller=caller)

    def stand_in(original: Any) -> Any:  # noqa: ANN401  # a callable, of whatever kind
        if isinstance(original, type):
            return class_standing_in(name, original, making)
        return faults.standing_in(original, name)

    put_in_place(name, stand_in, undo)


def _replace_open(faults: Faults, undo: contextlib.ExitStack) -> None:
    original = sys.modules["_io"].open
    if getattr(original, "faults", None) is faults:
        return  # by an earlier rule of the same plan
    stand_in = functools.wraps(original)(functools.partial(_open, faults, original))
    stand_in.faults = faults  # type: ignore[attr-defined]  # a mark of our own
    for module in _OPEN_PLACES:
        set_for_now(sys.modules[module], OPEN, stand_in, undo)
    replace_copies(original, stand_in, undo)


def _open(faults: Faults, original: Callable[..., io.IOBase], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
    caller = sys._getframe(1)  # noqa: SLF001  # the only way to know who calls
    module = caller.f_globals.get("__name__", "")
    if module.partition(".")[0] in SPARED or faults.spares(module):
        return original(*args, **kwargs)
    faults.meet(OPEN)
    return open_faulty(faults, original, *args, **kwargs)
