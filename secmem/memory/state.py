"""One secret's life: accesses counted in and out, and the close that waits for them.

Goal: `close` may race with any number of accesses, and no access ever reads a page that is
closed, wiped or unmapped.

What does not work. Counting with atomics and protecting elsewhere: a second reader sees count 2
and reads before the first has opened the page; a last reader closes it under a newer one. One
lock for everything, the callback included: readers cannot overlap, and a close inside a callback
waits for itself. Restoring the count when re-protecting fails: the next close waits for ever.

What does. Two locks, always taken in this order, and neither held while the user's code runs:
  access lock      the count, who is inside, the flags; `_accesses_done` waits on it
  protection lock  inside the cell: the protection of the pages
The count and the protection change in one critical section of the access lock. The flags only
ever go from false to true: `_closing` (refuse newcomers), `_cleanup_claimed` (one closer wipes),
`_finished` (every closer may return).

Each decision is a method of its own, so that a test can plant its absence.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from typing import TYPE_CHECKING
from weakref import ref

from secmem.memory import registry
from secmem.memory.errors import (
    CloseInsideAccess,
    CloseTimeout,
    ForkedSecret,
    SecretClosed,
    ViewEscaped,
)
from secmem.memory.exporter import exporter_type
from secmem.memory.process_mark import current_mark, mark

if TYPE_CHECKING:
    from secmem.memory.access import Access
    from secmem.memory.cells import Cell
    from secmem.memory.exporter import Exporter

__all__ = ["SecretState"]


class SecretState:
    """What all clones of one secret share. Safe to share between threads."""

    __slots__ = (
        "__weakref__",
        "_access_lock",
        "_accesses_done",
        "_cell",
        "_cleanup_claimed",
        "_closing",
        "_finished",
        "_inside",
        "_mark",
        "_pid",
        "_revealed",
        "_serial",
        "_survivors",
        "_window",
    )

    def __init__(self, cell: Cell) -> None:
        self._access_lock = threading.Lock()
        self._accesses_done = threading.Condition(self._access_lock)
        self._cell = cell
        # Makes the exporter of one view: address and length, bound together.
        self._window = functools.partial(exporter_type(cell.length), cell.address)
        # The thread of each running access: its length is the count, and the page is readable
        # while it is above 0. Threads, so that a close inside an access knows that it is.
        self._inside: list[int] = []
        self._revealed = False  # the cell's `reveal` was called and its `conceal` was not
        self._survivors: dict[int, ref[Exporter]] = {}  # exporters of views that escaped
        self._closing = False
        self._cleanup_claimed = False
        self._finished = False
        self._mark = current_mark()
        self._pid = os.getpid()
        self._serial = registry.enroll(self)

    @property
    def cell(self) -> Cell:
        """Where the bytes lie."""
        return self._cell

    @property
    def closed(self) -> bool:
        """Whether the wipe is finished."""
        return self._finished

    @property
    def closing(self) -> bool:
        """Whether accesses are refused."""
        return self._closing

    @property
    def inherited(self) -> bool:
        """Whether this is a child of the process that made the secret."""
        return mark[0] != self._mark

    @property
    def accesses(self) -> int:
        """How many accesses run now."""
        return len(self._inside)

    # access

    def begin_access(self, access: Access) -> memoryview:
        """Count `access` in, open the page if it is the first, and lend it a view.

        Raises:
            SecretClosed: A close has started.
            ForkedSecret: This is a child of the process that made the secret.
            SystemCallFailed: The page cannot be opened; nothing is counted.
        """
        if mark[0] != self._mark:
            self.refuse_other_process()
        if self._closing:
            self._refuse_newcomer()
        access.thread = thread = threading.get_ident()
        lock = self._access_lock
        lock.acquire()  # half the price of `with`, and there are four on this path
        try:
            self._inside.append(thread)
            try:
                if self._closing:
                    self._refuse_counted_in()
                if not self._revealed:
                    self._open_page()
                return self._lend_view(access)
            except BaseException:
                self._leave(thread)
                raise
        finally:
            lock.release()

    def end_access(self, access: Access) -> bool:
        """Take the view back, count `access` out, close the page if it was the last.

        Returns:
            Whether a slice of the view survives.

        Raises:
            SystemCallFailed: The page cannot be closed; the count is right all the same, and the
                next access or close repairs it.
        """
        if mark[0] != self._mark:
            self.refuse_other_process()
        survived = self._take_back_view(access)
        left_open = False
        lock = self._access_lock
        lock.acquire()
        try:
            try:
                if survived:
                    survived = self._note_survivor(access)
            finally:
                self._leave(access.thread)
            if self._survivors:
                left_open = True
        finally:
            lock.release()
        if left_open:  # the last slice may have died while we held the lock
            self._settle()
        return survived

    def _refuse_newcomer(self) -> None:
        raise SecretClosed

    def _refuse_counted_in(self) -> None:
        # A closer came between the first look at `_closing` and the lock.
        raise SecretClosed

    def _open_page(self) -> None:
        self._cell.reveal()
        self._revealed = True

    def _lend_view(self, access: Access) -> memoryview:
        # `_window` is address and length in one snapshot: never the one of before a close with
        # the other of after it.
        exporter = self._window()
        access.exporter = ref(exporter)
        access.view = view = memoryview(exporter).toreadonly()
        return view

    def _take_back_view(self, access: Access) -> bool:
        try:
            access.view.release()
        except BufferError:  # another object exports the view itself, so the exporter lives
            return True
        return access.exporter() is not None

    def _note_survivor(self, access: Access) -> bool:
        exporter = access.exporter()
        if exporter is None:  # it died since
            return False
        exporter.owner = self  # type: ignore[attr-defined]  # no finaliser while the slice lives
        key = id(exporter)  # ctypes arrays have no hash
        self._survivors[key] = ref(exporter, lambda _: self._forget_survivor(key))
        return True

    def _leave(self, thread: int) -> None:
        self._inside.remove(thread)
        if self._inside:
            return
        try:
            if self._revealed and not self._survivors:
                self._close_page()
        finally:
            if self._closing:
                self._wake_closers()

    def _close_page(self) -> None:
        # The flag first: a conceal that fails counts as done, or the cell's pairs would not match.
        self._revealed = False
        self._cell.conceal()

    def _wake_closers(self) -> None:
        # After the count was lowered and under the lock, or a closer that is about to wait
        # would miss it.
        self._accesses_done.notify_all()

    # survivors

    def _forget_survivor(self, key: int) -> None:
        # Called by the garbage collector at any place, so it must not wait.
        self._survivors.pop(key, None)
        self._settle()

    def _settle(self) -> None:
        """Close the page if the last slice died; whoever holds the lock comes here after it."""
        if self._survivors or not self._access_lock.acquire(blocking=False):
            return
        try:
            if self._revealed and not self._inside and not self._cleanup_claimed:
                self._revealed = False
                self._cell.conceal_soon()
        finally:
            self._access_lock.release()

    # close

    def close(self, timeout_s: float | None = None) -> None:
        """Refuse new accesses, wait for the running ones, wipe, unlock, unmap.

        Every closer returns only after the wipe. Calling it again continues a close that timed
        out or was refused, and does nothing on a closed secret.

        Args:
            timeout_s: How long to wait for accesses, in seconds; None waits for ever.

        Raises:
            CloseTimeout: An access, or another closer, was not done in time.
            CloseInsideAccess: This thread is inside an access of this secret.
            ViewEscaped: A slice of a view still lives, so the page cannot be unmapped.
            ForkedSecret: This is a child of the process that made the secret.
            SystemCallFailed: A step of the cleanup failed; the others were done, and the secret
                is closed.
        """
        self.refuse_other_process()
        wait = _Patience(timeout_s)
        with self._access_lock:
            self._refuse_inside_own_access()
            self._start_closing()
            self._wait_for_accesses(wait)
            self._refuse_while_survivors()
            mine = self._claim_cleanup()
            if not mine:
                self._wait_finished(wait)
        if mine:
            self._clean_up()

    def refuse_other_process(self) -> None:
        """Raise `ForkedSecret` in a child of the process that made the secret."""
        # Before any lock: a thread that does not exist here may have held it at the fork.
        if mark[0] != self._mark:
            raise ForkedSecret(self._pid, os.getpid())

    def _refuse_inside_own_access(self) -> None:
        depth = self._inside.count(threading.get_ident())
        if depth:
            raise CloseInsideAccess(depth)

    def _start_closing(self) -> None:
        self._closing = True

    def _wait_for_accesses(self, wait: _Patience) -> None:
        while self._inside:
            self._accesses_done.wait(wait.rest(len(self._inside)))

    def _refuse_while_survivors(self) -> None:
        if self._survivors:
            raise ViewEscaped(len(self._survivors), "close")

    def _claim_cleanup(self) -> bool:
        if self._cleanup_claimed:
            return False
        self._cleanup_claimed = True
        return True

    def _wait_finished(self, wait: _Patience) -> None:
        while not self._finished:
            self._accesses_done.wait(wait.rest(0))

    def _clean_up(self) -> None:
        try:
            self._cell.destroy()
        finally:
            self._finish()

    def _finish(self) -> None:
        registry.strike_off(self._serial)
        with self._access_lock:
            self._finished = True
            self._accesses_done.notify_all()

    def wipe_in_place(self) -> None:
        """Refuse new accesses and overwrite the bytes at once, whoever reads them.

        For a process that is about to end: readers see zeros, nothing is unmapped, no lock is
        waited for.

        Raises:
            OSError: Neither the kernel nor a change of protection let us write.
        """
        self._closing = True
        if not self._cleanup_claimed:
            self._cell.wipe_in_place()


class _Patience:
    """How long a closer still waits."""

    __slots__ = ("_deadline", "_timeout_s")

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def rest(self, accesses: int) -> float | None:
        """Return the seconds left, None for no end.

        Raises:
            CloseTimeout: None are left.
        """
        if self._deadline is None or self._timeout_s is None:
            return None
        rest = self._deadline - time.monotonic()
        if rest <= 0:
            raise CloseTimeout(self._timeout_s, accesses)
        return rest
