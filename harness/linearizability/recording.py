"""Records the operations that threads make on an object while they run.

One counter gives every call and every return its number, so that the intervals are exact however
many threads there are: the number of a call is drawn before the function starts, that of a return
after it has ended and its result is kept.

Nothing here waits or takes a lock: `next` of an `itertools.count` and `list.append` are one step
each under the GIL. So real threads disturb each other no more than without it, and in a controlled
execution recording is no place to switch at. But there the order of calls and returns is something
that the body can see, so a search that leaves out equivalent schedules (`dpor`) has to know of it:
every return changes a thing at which every call looks.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar

from harness.errors import ArgumentError
from harness.linearizability.frozen import frozen, frozen_arguments
from harness.linearizability.history import History
from harness.linearizability.operation import Operation, Status
from harness.linearizability.raised import raised
from harness.linearizability.watching import EXITS, watched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable

Result = TypeVar("Result")
Subject = TypeVar("Subject")
_LAST: Final = "last"  # the one part of what has come back that is touched


class _Returns(deque[int]):
    """Stands for what has come back. Nothing is in it.

    A deque, because its operations are no race for any analysis.
    """

    __slots__ = ()

    def record_name(self) -> str:
        """Return the name that tokens show."""
        return "returns"


class _Entry:
    """One operation while it runs. Written by its own thread alone; `ret` last."""

    __slots__ = (
        "arguments",
        "call",
        "client",
        "key",
        "keywords",
        "name",
        "output",
        "ret",
        "status",
    )

    def __init__(self, client: int | str, name: str, key: Hashable) -> None:
        self.client = client
        self.name = name
        self.key = key
        self.arguments: tuple[Any, ...] = ()
        self.keywords: tuple[tuple[str, Any], ...] = ()
        self.output: Any = None
        self.status = Status.OK
        self.call = 0
        self.ret: int | None = None

    def operation(self) -> Operation:
        ret = self.ret  # read once and first: its thread may end the operation while we look
        known = ret is not None and self.status is Status.OK
        return Operation(
            client=self.client,
            name=self.name,
            arguments=self.arguments,
            keywords=self.keywords,
            output=self.output if known else None,
            status=Status.OK if known else Status.UNKNOWN,
            call=self.call,
            ret=ret,
            key=self.key,
        )


class Recording:
    """The history of what threads do, as it grows. Safe to share between threads.

    Example:
        >>> recording = Recording()
        >>> jobs = recording.watch(queue.Queue())
        >>> jobs.put(1)  # from any thread
        >>> check(recording.history(), Fifo())
    """

    __slots__ = ("_clock", "_entries", "_returns", "_unknown", "name")

    def __init__(self, *, name: str = "", unknown: tuple[type[BaseException], ...] = ()) -> None:
        """Begin an empty recording.

        Args:
            name: What a reader calls the history.
            unknown: Exceptions after which nobody knows whether the operation took effect: a
                connection that broke. Any other `Exception` is a result like another.
        """
        if not _are_exceptions(unknown):
            raise ArgumentError("unknown", unknown, "a tuple of exception classes")
        self.name = name
        self._unknown = unknown
        self._clock = itertools.count()
        self._entries: list[_Entry] = []
        self._returns = _Returns()
        _touch(self._returns, changes=True)  # known before a thread touches it

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Recording of {len(self._entries)} operations>"

    def call(
        self,
        client: int | str | None,
        name: str,
        function: Callable[..., Result],
        /,
        *arguments: Any,  # noqa: ANN401  # whatever the function takes
        **keywords: Any,  # noqa: ANN401
    ) -> Result:
        """Call a function, record it as the operation `name`, and return what it returns.

        What it raises is recorded, and raised on. Only an `Exception` is a result: whatever ends a
        thread or the program (KeyboardInterrupt, SystemExit) leaves the operation pending.

        Args:
            client: Who calls; None: the thread, by its name.
        """
        entry = self._begin(client, name, None, arguments, keywords)
        return self._run(entry, function, arguments, keywords)

    async def call_async(
        self,
        client: int | str | None,
        name: str,
        function: Callable[..., Awaitable[Result]],
        /,
        *arguments: Any,  # noqa: ANN401
        **keywords: Any,  # noqa: ANN401
    ) -> Result:
        """Await a coroutine function and record it; as a client, None is the task, by its name.

        A task that is cancelled leaves its operation pending.
        """
        entry = self._begin(client or _task_name(), name, None, arguments, keywords)
        return await self._run_async(entry, function, arguments, keywords)

    def watch(
        self, subject: Subject, *, methods: Iterable[str] | None = None, key: Hashable = None
    ) -> Subject:
        """Return a stand-in for an object whose method calls are recorded, by thread.

        Args:
            methods: Those to record, special ones (`__setitem__`) included; None: the public ones
                and the special ones that `watching.SPECIAL` lists. Anything else passes through.
            key: Tells objects apart when one history is of several.

        Raises:
            ArgumentError: The object has no such method, or nothing to record.
        """
        return watched(subject, self, methods=methods, key=key)

    def history(self) -> History:
        """Return what has been recorded so far; what has not come back is pending."""
        return History.of([entry.operation() for entry in self._entries[:]], name=self.name)

    def watched_call(
        self,
        name: str,
        key: Hashable,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        """Record a call on a stand-in."""
        # The arguments of an exit are a traceback: no input of it, and nothing to keep.
        entry = self._begin(None, name, key, () if name in EXITS else arguments, keywords)
        return self._run(entry, function, arguments, keywords)

    async def watched_await(
        self,
        name: str,
        key: Hashable,
        function: Callable[..., Awaitable[Any]],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        """Record a call of a coroutine method on a stand-in."""
        shown = () if name in EXITS else arguments
        entry = self._begin(_task_name(), name, key, shown, keywords)
        return await self._run_async(entry, function, arguments, keywords)

    def _begin(
        self,
        client: int | str | None,
        name: str,
        key: Hashable,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> _Entry:
        if client is None:
            client = threading.current_thread().name  # looked up now: it has a controlled twin
        entry = _Entry(client, name, key)
        entry.arguments = frozen_arguments(arguments)
        if keywords:
            entry.keywords = tuple(sorted((word, frozen(one)) for word, one in keywords.items()))
        # In the list before the number is drawn: an interrupt in between must not lose a call
        # that may have started.
        self._entries.append(entry)
        _touch(self._returns, changes=False)
        entry.call = next(self._clock)
        return entry

    def _run(
        self,
        entry: _Entry,
        function: Callable[..., Result],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Result:
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            self._failed(entry, error)
            raise
        self._returned(entry, result)
        return result

    async def _run_async(
        self,
        entry: _Entry,
        function: Callable[..., Awaitable[Result]],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Result:
        try:
            result = await function(*arguments, **keywords)
        except Exception as error:
            self._failed(entry, error)
            raise
        self._returned(entry, result)
        return result

    def _returned(self, entry: _Entry, result: object) -> None:
        entry.output = frozen(result)
        self._ends(entry)

    def _failed(self, entry: _Entry, error: Exception) -> None:
        if isinstance(error, self._unknown):
            entry.status = Status.UNKNOWN
        else:
            entry.output = raised(error)
        self._ends(entry)

    def _ends(self, entry: _Entry) -> None:
        _touch(self._returns, changes=True)
        entry.ret = next(self._clock)


def _touch(returns: _Returns, *, changes: bool) -> None:
    """Let a running execution know that its task looks at, or changes, what has come back."""
    board = sys.modules.get("harness.engine.board")  # whoever runs an execution has imported it
    if board is not None and board.execution is not None and board.current() is not None:
        board.also(board.WRITE if changes else board.READ, returns, _LAST)


def _are_exceptions(given: object) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(one, type) and issubclass(one, BaseException) for one in given
    )


def _task_name() -> str | None:
    """Return the name of the running asyncio task; None where there is none."""
    asyncio = sys.modules.get("asyncio")  # whoever runs a task has imported it
    if asyncio is None:
        return None
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else str(task.get_name())
