"""A finding: one way in which the code under test went wrong, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.analyses import NOTHING_SHOWN, Analyses
from harness.engine.ending import Ending, EndingKind
from harness.engine.place import Site, is_ours

if TYPE_CHECKING:
    from harness.engine.recorder import Event


MAX_STACK: Final = 12  # lines of a failing task's stack that a story shows


class FindingKind(StrEnum):
    """What went wrong; the value is the sentence a reader gets."""

    EXCEPTION = "an exception left a task"
    ASSERTION = "an assertion failed"
    DEADLOCK = "deadlock: tasks wait for each other"
    LOST_WAKEUP = "lost wakeup: every task waits, and nobody is left to wake one"
    LIVELOCK = "livelock: tasks run and make no progress"
    LEAKED_TASK = "leaked task: the body returned, and a task waits for ever"
    DATA_RACE = "data race: two unordered accesses, one of them a write"
    LOCK_ORDER = (
        "lock-order inversion: tasks take the same locks in orders that can block each other"
    )
    LOCK_HELD = "lock held too long: a task waited or called out with a lock held"
    NOT_LINEARIZABLE = "the history is not linearizable"
    NONDETERMINISM = "nondeterminism: the same schedule did something else the second time"
    CRASH = "crash: a signal ended the process"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a failing execution did, in order.

    Attributes:
        events: In the order in which they happened.
        truncated: Events left out in the middle, because there were too many.
    """

    events: tuple[Event, ...] = ()
    truncated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One failure with everything that is needed to see it again.

    Attributes:
        message: What happened, in a line or a few.
        token: The schedule; `harness.replay(body, token)` runs it again.
        gil_reachable: What is known of the failure under the GIL, in words. Where it was shown, the
            token and the trace are of that run: see docs/gil-model.md.
        shrunk: How far the schedule was made smaller, in words; empty where it was not.
        command: The exact command line that runs it again; empty where none is known.
        places: Where each task stood that had not ended.
        stack: The failing task's own lines, innermost last, for an exception.
        error: The exception itself, where there is one in this process.
        analyses: What the recorded run shows beside the failure: data races, lock orders that can
            deadlock, locks kept while waiting or calling out, and the cycle of a deadlock.
    """

    kind: FindingKind
    message: str
    token: str
    trace: Trace = field(repr=False)
    gil_reachable: str = ""
    shrunk: str = ""
    command: str = ""
    places: tuple[str, ...] = ()
    stack: tuple[str, ...] = ()
    error: BaseException | None = field(default=None, repr=False, compare=False)
    analyses: Analyses = field(default=NOTHING_SHOWN, repr=False)

    def __str__(self) -> str:
        from harness.render.story import tell  # noqa: PLC0415  # only a failure pays for it

        return tell(self)

    def explain(self) -> str:
        """Return the run as numbered sentences: who did what to what, and what that made wrong."""
        from harness.render.explain import explain  # noqa: PLC0415  # only a failure pays for it

        return explain(self)

    def to_html(self) -> str:
        """Return the run as one self-contained page: a time line with a column a task."""
        from harness.render.timeline import timeline  # noqa: PLC0415  # as above

        return timeline(self)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "kind": self.kind.name,
            "message": self.message,
            "token": self.token,
            "gil_reachable": self.gil_reachable,
            "command": self.command,
            **self.analyses.to_json(),
            "story": str(self),
        }


_KINDS: Final = {
    EndingKind.DEADLOCK: FindingKind.DEADLOCK,
    EndingKind.LOST_WAKEUP: FindingKind.LOST_WAKEUP,
    EndingKind.LEAKED_TASK: FindingKind.LEAKED_TASK,
}


def kind_of(ending: Ending) -> FindingKind | None:
    """Return what kind of finding an ending is; None for one that shows nothing wrong."""
    match ending.kind:
        case EndingKind.FINISHED | EndingKind.STEP_BOUND:
            return None
        case EndingKind.BREACH:
            return None if ending.breach is None else FindingKind[ending.breach.finding]
        case EndingKind.RAISED:
            if isinstance(ending.error, AssertionError):
                return FindingKind.ASSERTION
            return FindingKind.EXCEPTION
        case EndingKind.DEADLOCK | EndingKind.LOST_WAKEUP | EndingKind.LEAKED_TASK:
            return _KINDS[ending.kind]


def message_of(ending: Ending) -> str:
    """Return what happened, in words."""
    if ending.breach is not None:
        return ending.breach.message
    if ending.error is not None:
        who = ending.task.name if ending.task is not None else "a task"
        text = str(ending.error).strip() or "(no message)"
        return f"{type(ending.error).__name__} in {who}: {text}"
    if ending.cycle:
        return "; ".join(ending.cycle)
    return "; ".join(ending.places)


def stack_of(error: BaseException | None) -> tuple[str, ...]:
    """Return the user's lines of a traceback, innermost last; ours are left out."""
    lines: list[str] = []
    traceback = error.__traceback__ if error is not None else None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_ours(code.co_filename):
            site = Site(code.co_filename, traceback.tb_lineno, code.co_qualname)
            lines.append(f"{site.text()}: {site.source()}")
        traceback = traceback.tb_next
    return tuple(lines[-MAX_STACK:])


def signature_of(ending: Ending) -> tuple[object, ...]:
    """Return what makes two failures the same one, for shrinking and replay."""
    error = ending.error
    if ending.breach is not None:
        return (ending.kind, ending.breach.finding, ending.breach.signature)
    if error is None:
        return (ending.kind, _cycle_sites(ending))
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_ours(code.co_filename):  # a recorded run goes through other hooks than a fast one
            line = (code.co_name, traceback.tb_lineno)
        traceback = traceback.tb_next
    return (ending.kind, type(error), line)


def _cycle_sites(ending: Ending) -> frozenset[str]:
    """Return the lines at which the tasks of a cycle wait; the others of a deadlock only suffer.

    Which task stands at which line makes no other deadlock: several may do the same.
    """
    waiting = {step.partition(" waits for ")[0] for step in ending.cycle}
    told = (place.partition(" waits for ") for place in ending.places)
    return frozenset(rest.rpartition(" at ")[2] for name, _, rest in told if name in waiting)
