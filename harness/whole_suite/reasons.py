"""Why a test could not be controlled: from an error of ours to words that can be grouped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import (
    BlockedInRegionError,
    NestedExplorationError,
    StuckExecutionError,
    TaskRefusesToEndError,
    ToolFaultError,
    UncontrolledError,
)
from harness.verdict_errors import FixtureError
from harness.whole_suite.errors import NeverPassesError, NotSetUpError, OvertimeError

if TYPE_CHECKING:
    from collections.abc import Callable

_FRAME: Final = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)')
_FOREIGN: Final = re.compile(r"[/\\](?:harness|_pytest|pluggy|threading\.py)\b")
STUCK_REMEDY: Final = (
    "Instrument the package that is waiting (holdfast_instrument), replace the call in the test, "
    "or test this part with real threads: holdfast stress."
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a test could not be controlled.

    Attributes:
        what: In the same words for every test that met the same.
        where: The line, if it is known.
        remedy: What to do about it.
        doubtful: The test failed; another reason may lie behind it.
    """

    what: str
    where: str = ""
    remedy: str = ""
    doubtful: bool = False


STATE_REMEDY: Final = (
    "Make it new in each execution (in the test, or in a function-scoped fixture), or put it back "
    "at the end of the test."
)
ALWAYS_FAILS: Final = (
    "it passes with real threads, and under the engine fails whatever the schedule: it rests on "
    "something that is not the same there (real time, addresses, real I/O)"
)
ALWAYS_REMEDY: Final = "Look at the message; if the test is right, please report it."
HYPOTHESIS: Final = Reason(
    "a test of Hypothesis, which draws other examples in every execution",
    remedy="Write the concurrent program as a harness.stateful.ConcurrentStateMachine.",
)
SUBTESTS: Final = Reason(
    "a test with the fixture subtests, to which alone a subtest tells that it has failed",
    remedy="Make each subtest a test of its own: pytest.mark.parametrize.",
)
COROUTINE: Final = Reason(
    "a coroutine function, which another plugin runs in its own event loop",
    remedy="Decorate it with @harness.interleaved, which runs coroutine functions by itself.",
)
TOO_LONG: Final = Reason(
    "one exploration took longer than its time allows",
    remedy="Give it more (--holdfast-time), or make the test smaller: fewer threads, fewer rounds.",
)


def reason_of(error: BaseException) -> Reason:
    """Return why an error of an exploration ended it."""
    for kind, tell in _TOLD.items():
        if isinstance(error, kind):
            return tell(error)
    first = next(iter(str(error).splitlines()), "(no message)")
    return Reason(f"{type(error).__name__}: {first}")


def stuck(stack: str) -> Reason:
    """Return the reason of an execution that made no step, from the stack that was seen."""
    frames = [
        (match["path"], f"{match['path'].rpartition('/')[2]}:{match['line']} in {match['name']}")
        for match in _FRAME.finditer(stack)
    ]
    own = [text for path, text in frames if not _FOREIGN.search(path)]
    what = "a call that waits, or computes for long, out of the engine's sight"
    return Reason(what, own[-1] if own else "", STUCK_REMEDY)


def always_fails(message: str) -> Reason:
    """Return the reason of a test that passes with real threads, and with no schedule."""
    return Reason(ALWAYS_FAILS, message, ALWAYS_REMEDY, doubtful=True)


def keeps_state(message: str, changed: str) -> Reason:
    """Return the reason of a test that fails only after other executions of it.

    Args:
        changed: What the executions have changed of what they share, in words.
    """
    what = "it keeps state between executions: what failed passes in a fresh process"
    return Reason(what, changed or message, STATE_REMEDY, doubtful=not changed)


def unsteady(message: str, changed: str) -> Reason:
    """Return the reason of a test that does not do the same under the same schedule."""
    kept = "Likely cause: state kept between executions" in message
    what = (
        "it keeps state between executions, and so does not do the same twice"
        if changed or kept
        else "it does not do the same twice under the same schedule"
    )
    return Reason(what, changed or message, STATE_REMEDY, doubtful=not changed)


def real_threads(names: str, message: str) -> Reason:
    """Return the reason of a test that shares threads which were started before it."""
    return Reason(
        f"real threads that were started before ({names}) and are missing in an execution",
        message,
        "Start them in the test or in a function-scoped fixture, and join them there.",
    )


def skips(text: str) -> Reason:
    """Return the reason of a test that skips itself only when it is explored."""
    return Reason("it skips itself under the engine", text)


def _blocked(error: Any) -> Reason:  # noqa: ANN401  # by its class in the table below
    what = f"{error.region} would block on {error.waits_for}"
    return Reason(what, error.where, "Do not wait there, or take the lock before it starts.")


def _fixture(error: Any) -> Reason:  # noqa: ANN401  # as above
    what = f"a fixture whose {error.doing} fails when it is made again"
    return Reason(what, f"{error.fixture!r}: {error.error}", STATE_REMEDY, doubtful=True)


# The first that fits: a subclass stands before its base.
_TOLD: Final[dict[type[BaseException], Callable[[Any], Reason]]] = {
    BlockedInRegionError: _blocked,
    UncontrolledError: lambda error: Reason(error.what, error.where, error.remedy),
    StuckExecutionError: lambda error: stuck(error.stack),
    TaskRefusesToEndError: lambda error: Reason(
        "a task that catches what ends it and goes on",
        error.where,
        "Catch Exception there instead of BaseException, or raise again.",
    ),
    ToolFaultError: lambda error: Reason(
        f"a fault of holdfast itself: {error.error}",
        error.where,
        "Please report it with these words.",
    ),
    NestedExplorationError: lambda _: Reason(
        "a test that explores by itself", remedy="Nothing: it is explored already."
    ),
    NeverPassesError: lambda error: always_fails(error.message),
    OvertimeError: lambda _: TOO_LONG,
    FixtureError: _fixture,
    NotSetUpError: lambda error: Reason(
        "a set-up that fails the second time", str(error), STATE_REMEDY
    ),
}
