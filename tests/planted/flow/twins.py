"""Flow controllers that each decide one thing wrongly; the good class is `FlowController`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secmem.flow import FlowController

if TYPE_CHECKING:
    import threading

    from secmem.flow import CancelToken


class WakesOne(FlowController):
    """B-53: a signal with room for one wake-up, where several waiters may go on."""

    def _wake_all(self) -> None:
        for waiter in tuple(self._waiters)[:1]:
            waiter.notify()


class CountsWaiters(FlowController):
    """B-54: a caller counts as pending from the moment it asks, so the low mark stays away."""

    def _enlist(self, waiter: threading.Condition) -> None:
        super()._enlist(waiter)
        self._pending += 1

    def _delist(self, waiter: threading.Condition) -> None:
        super()._delist(waiter)
        self._pending -= 1


class LooksOnce(FlowController):
    """B-55: a woken waiter takes its slot without looking whether there still is one."""

    def _must_wait_again(self) -> bool:
        return False


class IgnoresCancel(FlowController):
    """B-56: a cancel does not reach whoever sleeps in the wait."""

    def _wake_one(self, waiter: threading.Condition) -> None:
        pass


class KeepsCancelledSlot(FlowController):
    """B-56b: a waiter takes its slot as the gate opens, then hears of the cancel and leaves."""

    def _may_leave(self, cancel: CancelToken | None, waited_s: float) -> bool:
        if cancel is not None and cancel.cancelled and not self._must_wait():
            self._grant()
        return super()._may_leave(cancel, waited_s)


class EatsWakeUp(FlowController):
    """B-56c: the wake-up goes from waiter to waiter, and a cancelled one does not pass it on."""

    def _wake_all(self) -> None:
        for waiter in tuple(self._waiters)[: None if self._closed else 1]:
            waiter.notify()

    def _may_leave(self, cancel: CancelToken | None, waited_s: float) -> bool:
        leaves = super()._may_leave(cancel, waited_s)
        if leaves and self._pending + 1 < self._high:
            # The second in the queue: the first is the caller itself, still in it.
            for waiter in tuple(self._waiters)[1:2]:
                waiter.notify()
        return leaves


class NeverShuts(FlowController):
    """B-57: the blocked flag is never set."""

    def _shut(self) -> None:
        pass


class CountDecides(FlowController):
    """B-57b: newcomers pass between the marks, because the count decides and not the flag."""

    def _must_wait(self) -> bool:
        return self._pending >= self._high


class GoesBelowZero(FlowController):
    """B-58: a release too many makes room for one too many later."""

    def _is_misuse(self) -> bool:
        return False


class _OneShot:
    """A signal that may be given once, as a channel may be closed once."""

    def __init__(self) -> None:
        self.given = False

    def give(self) -> None:
        if self.given:
            raise RuntimeError("the signal was given twice")
        self.given = True


class SignalsTwice(FlowController):
    """B-59: close and a later release both give the one-shot wake-up signal."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._signal = _OneShot()

    def _wake_all(self) -> None:
        self._signal.give()
        if not self._closed:
            self._signal = _OneShot()
        super()._wake_all()


class ClosesSilently(FlowController):
    """B-60: close sets its flag and wakes nobody."""

    def _end(self) -> None:
        self._closed = True


class CallsUnderLock(FlowController):
    """B-61: the blocked callback runs with the lock held."""

    def _shut(self) -> None:
        super()._shut()
        self._announce()

    def _announce_or_give_back(self) -> None:
        pass
