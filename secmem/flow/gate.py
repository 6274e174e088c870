"""The bookkeeping both faces share: how many slots are taken, and whether the gate is shut.

The rules, each in a method of its own:

- a slot is counted when it is granted, never while its caller waits;
- the grant that reaches the high mark shuts the gate and begins a *blocking episode*;
- only a release that drains to the low mark opens it, and then everybody who waits looks again:
  between the marks nobody passes (hysteresis), so the gate does not flutter at the high mark;
- whoever wakes looks again before taking a slot, since others woke with it;
- a release without a grant changes nothing but `misuse_count`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from secmem.flow.cancel import CancelToken
from secmem.flow.errors import FlowCancelled, FlowClosed
from secmem.flow.marks import DEFAULT_HIGH, DEFAULT_LOW, water_marks

if TYPE_CHECKING:
    from collections.abc import Callable


class Gate:
    """The state of one controller. Not locked: the face that inherits it decides how.

    Every method with an underscore expects the caller to be alone with the state: under the lock
    of `FlowController`, or between two awaits of `AsyncFlowController`.
    """

    def __init__(
        self,
        high: int = DEFAULT_HIGH,
        low: int = DEFAULT_LOW,
        *,
        on_blocked: Callable[[], object] | None = None,
    ) -> None:
        if on_blocked is not None and not callable(on_blocked):
            raise TypeError(f"on_blocked takes a callable without arguments, got {on_blocked!r}")
        marks = water_marks(high, low)
        self._high = marks.high
        self._low = marks.low
        self._on_blocked = on_blocked
        self._pending = 0
        self._blocked = False
        self._closed = False
        self._misuse_count = 0

    @property
    def high(self) -> int:
        """Slots taken at which the gate shuts."""
        return self._high

    @property
    def low(self) -> int:
        """Slots taken at or below which a shut gate opens again."""
        return self._low

    def _refuse(self, cancel: CancelToken | None, waited_s: float) -> None:
        """Raise if nobody, or not this caller, may have a slot any more."""
        if self._closed:
            raise FlowClosed(self._pending)
        if cancel is not None and cancel.cancelled:
            raise FlowCancelled(waited_s)

    def _must_wait(self) -> bool:
        """Whether a newcomer has to wait: the flag decides, not the count (hysteresis)."""
        return self._blocked

    def _must_wait_again(self) -> bool:
        """Whether somebody who was just woken has to wait once more."""
        return self._must_wait()

    def _may_leave(self, cancel: CancelToken | None, waited_s: float) -> bool:
        """Whether somebody who was just woken is done waiting; raise if refused.

        Nothing is taken here: a caller that is refused after the gate has opened leaves as it came.
        """
        self._refuse(cancel, waited_s)
        return not self._must_wait_again()

    def _grant(self) -> bool:
        """Count a slot as taken; return whether this began a blocking episode."""
        self._pending += 1
        if not self._is_full():
            return False
        self._shut()
        return True

    def _is_full(self) -> bool:
        return self._pending >= self._high

    def _shut(self) -> None:
        self._blocked = True

    def _give_back(self) -> None:
        """Count a slot as free again; open the gate when it has drained."""
        if self._is_misuse():
            self._misuse_count += 1
            return
        self._pending -= 1
        if self._blocked and self._is_drained():
            self._open()

    def _is_misuse(self) -> bool:
        """Whether a release comes that no grant stands for."""
        return self._pending == 0

    def _is_drained(self) -> bool:
        return self._pending <= self._low

    def _open(self) -> None:
        self._blocked = False
        self._wake_all()

    def _end(self) -> None:
        """Close for good, and wake everybody to hear it."""
        self._closed = True
        self._wake_all()

    def _wake_all(self) -> None:
        """Wake everybody who waits; a face says how."""
        raise NotImplementedError

    def _announce(self) -> None:
        """Tell the owner that an episode began, with no lock held."""
        if self._on_blocked is not None:
            self._on_blocked()


def check_wait(timeout_s: float | None, cancel: CancelToken | None) -> None:
    """Refuse what `acquire` cannot wait by.

    Raises:
        TypeError: The timeout is no number, or `cancel` is no `CancelToken`.
        ValueError: The timeout is negative or not a number at all (NaN).
    """
    if timeout_s is not None:
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
            raise TypeError(
                f"timeout_s takes seconds as a number, or None for no limit, got {timeout_s!r}"
            )
        if math.isnan(timeout_s) or timeout_s < 0:
            raise ValueError(f"timeout_s takes 0 or more seconds, or None, got {timeout_s!r}")
    if cancel is not None and not isinstance(cancel, CancelToken):
        raise TypeError(
            f"cancel takes a secmem.flow.CancelToken, got a {type(cancel).__name__}; a "
            "threading.Event cannot wake a thread that waits for something else, a CancelToken can"
        )
