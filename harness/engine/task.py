"""A task: one logical thread of an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from harness.engine.pool import Worker

# Task identities as `threading.get_ident` shows them. Above every real identity on Linux, where
# they are addresses below 2**47, so that no table keyed by identity mixes the two kinds.
FIRST_IDENT = 1 << 52


# What a task does at a step: (kind, object, key). A plain access has an int kind of the board and a
# key; an operation of a primitive has its label, the twin, and None.
Operation = tuple[int | str, Any, Any]
NOTHING: Final[Operation] = ("", None, None)


class Place(Protocol):
    """Where a task stands whose frames are not on its greenlet's stack."""

    def is_over(self) -> bool:
        """Say whether it has ended."""

    def text(self) -> str:
        """Say what it does, and the line."""


class TaskKilled(BaseException):  # not an error: the execution is over
    """Raised inside a task whose execution is over; never seen by a user's `except Exception`."""


class Task:
    """One logical thread. Belongs to one execution; touched only by its OS thread."""

    __slots__ = (
        "carrier",
        "daemon",
        "deadline_ns",
        "entry",
        "finished",
        "id",
        "ident",
        "joiners",
        "kills",
        "locals",
        "loop",
        "name",
        "parked",
        "pending",
        "place",
        "quiet_steps",
        "resumption",
        "started",
        "thread",
        "timed_out",
        "waiting_on",
        "worker",
    )

    def __init__(self, number: int, name: str, entry: Callable[[], object], worker: Worker) -> None:
        self.id = number
        self.name = name
        self.entry = entry
        self.worker = worker
        # Whose greenlet it runs in, and whose thread: itself, or the task that runs the event loop.
        self.carrier: Task = self
        self.place: Place | None = None  # of a coroutine: where it awaits
        self.ident = FIRST_IDENT + number
        self.daemon = False
        self.started = False
        self.finished = False
        self.timed_out = False
        self.parked = False  # waits with a deadline: offered only because it may time out now
        self.kills = 0  # how often it was told to end
        self.quiet_steps = 0  # since then
        self.deadline_ns: int | None = None
        self.waiting_on: Any = None  # the twin it is parked on: has describe_wait() and holders()
        self.joiners: list[Task] | None = None
        self.thread: threading.Thread | None = None
        self.locals: dict[int, tuple[Any, dict[str, Any]]] | None = None
        # What it does first when it is chosen, and what it will do once what it waits for is there;
        # kept only by executions that somebody watches.
        self.pending: Operation = NOTHING
        self.resumption: Operation = NOTHING
        self.loop: Any = None  # the running event loop, while executions use any

    def __repr__(self) -> str:
        return f"<Task {self.id} {self.name}>"

    def record_name(self) -> str:
        """Return the name that traces show."""
        return self.name

    def describe_wait(self) -> str:
        """Say what somebody waits for who joins this task."""
        return f"the end of {self.name}"

    def holders(self) -> tuple[Task, ...]:
        """Name the tasks whose progress would end such a wait."""
        return (self,)
