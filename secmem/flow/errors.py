"""What back-pressure refuses, each with the figures a caller needs to act on it."""

from __future__ import annotations


class FlowError(Exception):
    """Base of every error of `secmem.flow`."""


class FlowClosed(FlowError):  # noqa: N818  # the documents' name
    """The controller was closed before, or while, the caller waited.

    Differs from `FlowCancelled`: here the controller ended, for everybody.
    """

    def __init__(self, pending: int) -> None:
        super().__init__(pending)
        self.pending = pending

    def __str__(self) -> str:
        return (
            f"the flow controller is closed ({self.pending} slots were still taken); no slot will "
            "ever come free for a new caller. Stop sending, or make a new controller."
        )


class FlowCancelled(FlowError):  # noqa: N818  # the documents' name
    """The caller's own cancel token was cancelled; no slot was taken.

    Differs from `FlowClosed`: the controller lives on, only this caller gave up.
    """

    def __init__(self, waited_s: float) -> None:
        super().__init__(waited_s)
        self.waited_s = waited_s

    def __str__(self) -> str:
        return (
            f"the cancel token given to acquire was cancelled after {self.waited_s:.3f} s of "
            "waiting; no slot was taken, so do not call release for this one."
        )


class FlowTimeout(FlowError, TimeoutError):  # noqa: N818  # the documents' name
    """No slot came free in the time given; no slot was taken."""

    def __init__(self, timeout_s: float, pending: int, low: int) -> None:
        # OSError, the parent of TimeoutError, would read three arguments as errno, text and file
        # name; so it gets none, and `__reduce__` carries the fields through a pickle.
        TimeoutError.__init__(self)
        self.timeout_s = timeout_s
        self.pending = pending
        self.low = low

    def __reduce__(self) -> tuple[type[FlowTimeout], tuple[float, int, int]]:
        return type(self), (self.timeout_s, self.pending, self.low)

    def __str__(self) -> str:
        return (
            f"no slot came free within {self.timeout_s:g} s: {self.pending} are taken and the gate "
            f"opens again at {self.low} or fewer. The receiver is slower than the sender, or "
            "somebody forgot a release; no slot was taken, so do not call release for this one."
        )


class FlowWrongLoop(FlowError, RuntimeError):  # noqa: N818  # reads like its siblings
    """Two event loops wait at one `AsyncFlowController`."""

    def __str__(self) -> str:
        return (
            "this AsyncFlowController already has waiters in another event loop, and a future "
            "must be woken in its own loop. Use one controller per loop, or FlowController for "
            "threads."
        )
