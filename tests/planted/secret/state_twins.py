"""Secrets that count, open, close or wake wrongly; the good class is `SecretState`."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

from secmem.memory import Access, AlignedMemory, Secret, SystemCallFailed
from secmem.memory.exporter import lend
from secmem.memory.state import SecretState

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.cells import PageCell

_Result = TypeVar("_Result")

NOBODY: Final = 0  # no thread has this number


class WaitsHoldingThePage(SecretState):
    """B-01: the lock of the page's state is held through the wait for the accesses.

    The leaving reader needs it to close the page, and only then would it wake the closer.
    """

    _cell: PageCell

    def _wait_for_accesses(self, wait: Any) -> None:
        with self._cell._protection_lock:
            super()._wait_for_accesses(wait)


class LeavesInOtherOrder(SecretState):
    """B-02: a leaving access takes the page's lock first, a close takes it second."""

    _cell: PageCell

    def __init__(self, cell: PageCell) -> None:
        super().__init__(cell)
        cell._protection_lock = threading.RLock()  # type: ignore[assignment]  # taken again below

    def end_access(self, access: Access) -> bool:
        with self._cell._protection_lock:
            return super().end_access(access)

    def _start_closing(self) -> None:
        with self._cell._protection_lock:
            super()._start_closing()


class CallsUnderLock(Secret):
    """B-03: the user's function runs with the access lock held."""

    def with_bytes(self, use: Callable[[memoryview], _Result]) -> _Result:
        with self.access() as view, self._state._access_lock:
            return use(view)


class WakesTooEarly(SecretState):
    """B-04a: the last reader wakes the closer, and lowers the count only afterwards."""

    def end_access(self, access: Access) -> bool:
        with self._access_lock:
            if self._closing and self.accesses == 1:
                self._accesses_done.notify_all()
        return super().end_access(access)

    def _wake_closers(self) -> None:
        pass


class LooksForCloserWithoutLock(SecretState):
    """B-04b: whether somebody waits to be woken is looked up before the lock is taken."""

    def end_access(self, access: Access) -> bool:
        closer_waits = self._closing
        survived = super().end_access(access)
        if closer_waits:
            with self._access_lock:
                self._accesses_done.notify_all()
        return survived

    def _wake_closers(self) -> None:
        pass


class LooksOnce(SecretState):
    """B-05: no second look for a close after counting in."""

    def _refuse_counted_in(self) -> None:
        pass


class ClaimsAfterwards(SecretState):
    """B-06: who cleans up is told by a flag that is set when the cleanup is done."""

    def _claim_cleanup(self) -> bool:
        return not self._finished


class ReleasesWhenTold(AlignedMemory):
    """B-06: memory without a guard of its own against a second release, as the original's.

    With the guard, a second cleanup would be noticed by nobody and harm nobody.
    """

    def release(self) -> None:
        self._released = False
        super().release()


class ReadsPlaceInTwoSteps(SecretState):
    """B-07: the address and the length are two fields, which a close clears one after the other."""

    def __init__(self, cell: Any) -> None:
        super().__init__(cell)
        self._address = cell.address
        self._length = cell.length

    def begin_access(self, access: Access) -> memoryview:
        super().begin_access(access)
        address = self._address
        length = self._length
        return lend(address, length)

    def _start_closing(self) -> None:
        super()._start_closing()
        self._address = 0
        self._length = 0


class ForgetsWhoRaised(Secret):
    """B-08: an access whose function raises is never counted out."""

    def with_bytes(self, use: Callable[[memoryview], _Result]) -> _Result:
        access = self.access()
        result = use(access.__enter__())
        access.__exit__(None, None, None)
        return result


class OpensAfterCounting(SecretState):
    """B-09: the count changes in one step, the page opens in another.

    The second of two readers may read before the first has opened the page; or each sees that the
    count is 2, and nobody opens it.
    """

    def begin_access(self, access: Access) -> memoryview:
        access.thread = threading.get_ident()
        with self._access_lock:
            if self._closing:
                self._refuse_newcomer()
            self._inside.append(access.thread)
        if self.accesses == 1:
            self._open_page()
        return self._lend_view(access)


class ClosesAfterCounting(SecretState):
    """B-10: the last reader closes the page in a step of its own, under one who came meanwhile."""

    def end_access(self, access: Access) -> bool:
        survived = self._take_back_view(access)
        with self._access_lock:
            self._inside.remove(access.thread)
            last = not self._inside
            if last and self._closing:
                self._wake_closers()
        if last:
            self._close_page()
        return survived


class SecondCloserLeaves(SecretState):
    """B-11: a second closer does not wait for the wipe."""

    def _wait_finished(self, wait: Any) -> None:
        pass


class RestoresTheCount(SecretState):
    """B-12b: when the page cannot be closed the reader is counted back in, and never out again."""

    def _close_page(self) -> None:
        try:
            super()._close_page()
        except SystemCallFailed:
            self._inside.append(NOBODY)
            raise


class WaitsForItself(SecretState):
    """B-14: a close inside the thread's own access waits for that access to end."""

    def _refuse_inside_own_access(self) -> None:
        pass


class TrustsRelease(SecretState):
    """B-21: releasing the view is taken for the end of all its slices."""

    def _take_back_view(self, access: Access) -> bool:
        with contextlib.suppress(BufferError):
            access.view.release()
        return False
