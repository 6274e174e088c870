"""Checks what makes the objects under test, and that they have the operations, before a search."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.errors import ArgumentError
from harness.finding import message_of
from harness.stateful.errors import FactoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.stateful.operations import CallKind
    from harness.stateful.program import Call, Program

STEPS: Final = 20_000  # of making two objects
MAX_NAMES: Final = 20  # methods that an error lists
_FRESH: Final = (
    "Give it a function that makes a new object each time it is called: every execution has to "
    "begin with the same state"
)


def sample_of(make: Callable[[], Any]) -> Any:  # noqa: ANN401  # any object
    """Return an object, made as in an execution.

    Raises:
        FactoryError: It cannot be made, or is not another one each time.
    """
    made: list[Any] = []

    def make_two() -> None:
        made.extend((make(), make()))

    with Campaign(model="free-threaded", max_steps=STEPS, body=make) as campaign:
        ending = campaign.run_alone(make_two)
    name = name_of(make)
    if ending.kind is EndingKind.RAISED:
        what = f"raised {type(ending.error).__name__}: {ending.error}"
        raise FactoryError(name, what, "It has to return a new object") from ending.error
    if len(made) != 2:  # noqa: PLR2004  # both; what they do in the background is theirs
        what = f"did not come back: {message_of(ending) or ending.kind.value}"
        raise FactoryError(name, what, "It has to return a new object")
    first, second = made
    if first is None:
        raise FactoryError(name, "returned None", "It has to return the object under test")
    if first is second:
        raise FactoryError(name, "returned the same object twice", _FRESH)
    return first


def check_operations(
    sample: object,
    kinds: Sequence[CallKind],
    programs: Sequence[Program] = (),
    *,
    who: str = "operations",
) -> None:
    """Check that an object has the operations, and that they take the arguments.

    Args:
        who: The argument that is wrong if they are not there.

    Raises:
        ArgumentError: It has not, or they do not.
    """
    asked: dict[str, CallKind | Call] = {kind.name: kind for kind in kinds}
    for call in (call for program in programs for call in program.calls()):
        asked.setdefault(call.name, call)
    for one in (*kinds, *(one for one in asked.values() if one not in kinds)):
        if one.function is not None:
            _check_binds(one, one.function, (sample,), who)
            continue
        method = getattr(sample, one.name, None)
        if not callable(method):
            wants = f"methods that a {type(sample).__name__} has: {_methods_of(sample)}"
            if who != "operations":
                wants = f"something with all operations; this one has {_methods_of(sample)}"
            raise ArgumentError(who, one.name, wants)
        _check_binds(one, method, (), who)


def _check_binds(
    kind: CallKind | Call,
    function: Callable[..., object],
    before: tuple[object, ...],
    who: str,
) -> None:
    if inspect.iscoroutinefunction(function):
        wants = f"functions that threads can call; {kind.name} is a coroutine function"
        raise ArgumentError(who, kind.name, wants)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # written in C: the call itself will tell
    given = (*before, *kind.arguments)
    try:
        signature.bind(*given, **dict(kind.keywords))
    except TypeError as error:
        shown = f'("{kind.name}", [1, 2])' if kind.function is None else f"({kind.name}, [1, 2])"
        wants = (
            f"what {kind.name}{signature} can be called with ({error}); values for its arguments "
            f"follow its name: {shown}"
        )
        raise ArgumentError(who, kind.name, wants) from None


def _methods_of(sample: object) -> str:
    names = [
        name
        for name in dir(type(sample))
        if not name.startswith("_") and callable(getattr(type(sample), name, None))
    ]
    shown = names[:MAX_NAMES]
    return ", ".join((*shown, "...") if len(names) > MAX_NAMES else shown) or "none"


def name_of(make: object, made: type | None = None) -> str:
    """Return what a reader calls the objects of a factory.

    Args:
        made: Their class, where it is known: it says more than the name of a lambda.
    """
    while hasattr(make, "func") and not hasattr(make, "__qualname__"):
        make = make.func  # a partial
    name = str(getattr(make, "__qualname__", type(make).__name__)).rpartition("<locals>.")[2]
    return name if made is None or name != "<lambda>" else made.__qualname__.rpartition(".")[2]
