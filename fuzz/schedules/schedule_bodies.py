"""Makes a target of anything that can be explored: a function without arguments, a scenario."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from fuzz.errors import BadTargetError
from fuzz.fuzz_target import Target
from fuzz.schedules.controlled_run import ControlledRun
from fuzz.schedules.schedule_rules import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Body = Callable[[], object]

HANG_S = 20.0
TAKES = "a function that can be called without arguments, as harness.explore takes it"


def schedule_target(  # noqa: PLR0913  # those of a Target, all but one keyword-only
    body: Body,
    /,
    *,
    name: str | None = None,
    what: str | None = None,
    instrument: Iterable[str] | None = None,
    seeds: Iterable[bytes] = (),
    hang_s: float = HANG_S,
) -> Target:
    """Return a target whose whole input is the schedule that `body` runs under.

    Args:
        body: What `harness.explore` takes: starts ordinary threads, joins them, asserts; leaves
            nothing behind. A stress scenario runs at its exploration's scale. A coroutine function
            is run in an event loop.
        name: The body's own, unless given; `what`, the first line of its docstring likewise.
        instrument: Modules whose accesses are switching points; the top package of the body's
            module, unless given.

    Raises:
        BadTargetError: `body` cannot be called without arguments, or a field is wrong.
    """
    if not is_body(body):
        raise BadTargetError("run", body, TAKES)
    if isinstance(instrument, str):  # each of its letters would be a module
        raise BadTargetError("instrument", instrument, "a list of module names")
    function = _function_of(body)
    text = inspect.getdoc(function) or ""
    called = name or str(getattr(body, "name", "") or getattr(function, "__name__", "body"))
    return Target(
        name=called,
        run=ControlledRun(body, None),
        what=what or text.partition("\n")[0] or called.replace("_", " "),
        instrument=(
            (str(function.__module__).partition(".")[0],)
            if instrument is None
            else tuple(instrument)
        ),
        controlled=True,
        compares=False,
        seeds=tuple(seeds),
        max_bytes=MOST_BYTES,
        hang_s=hang_s,
    )


def is_body(found: object) -> bool:
    """Say whether something can be explored: called without arguments, and no class."""
    if isinstance(found, type) or not callable(found):
        return False
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):  # of a function in C nothing may be known
        return False
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(
        one.default is not inspect.Parameter.empty or one.kind in optional for one in parameters
    )


def _function_of(body: Any) -> Any:  # noqa: ANN401  # functions, partials, scenarios share no type
    """Return the user's function behind a body."""
    while True:
        if isinstance(body, functools.partial):
            body = body.func
        elif inspect.isroutine(body) or not hasattr(body, "function"):
            return body
        else:
            body = body.function
