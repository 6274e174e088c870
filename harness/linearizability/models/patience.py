"""How long an operation waits for what it needs, and when it may fail for want of it."""

from __future__ import annotations

from enum import Enum


class Patience(Enum):
    """How long an operation waits where it cannot go on at once."""

    NONE = "not at all"
    SOME = "for a time"
    ENDLESS = "for ever"

    @classmethod
    def of(cls, block: object, timeout: object) -> Patience:
        """Return that of a call with these arguments, read as `threading` and `queue` do.

        Args:
            timeout: None and -1 mean no limit.
        """
        if not block:
            return cls.NONE
        return cls.ENDLESS if timeout is None or timeout == -1 else cls.SOME

    def may_fail(self, *, lacking: bool, weak_timeouts: bool) -> bool:
        """Say whether an operation may give up in a state.

        Args:
            lacking: Whether it lacks there what it needs.
            weak_timeouts: Whether those that wait for a time may give up although they lack
                nothing.
        """
        if self is Patience.ENDLESS:
            return False
        return lacking or (self is Patience.SOME and weak_timeouts)
