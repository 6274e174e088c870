"""At which of its calls a rule takes effect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class When(StrEnum):
    """How a rule picks calls; the value is its word in a plan."""

    NTH = "nth"
    EVERY = "every"
    ALWAYS = "always"
    AFTER = "after"
    BETWEEN = "between"
    SHARE = "share"


_NUMBERS = {
    When.NTH: 1,
    When.EVERY: 1,
    When.ALWAYS: 0,
    When.AFTER: 1,
    When.BETWEEN: 2,
    When.SHARE: 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Which calls a rule picks, counted from 1 among those it is about.

    Attributes:
        when: How it picks.
        first: The nth of NTH, the step of EVERY, the last one spared by AFTER, the begin of
            BETWEEN.
        last: The end of BETWEEN, which it includes.
        share: Of all calls, 0 to 1, for SHARE.
    """

    when: When
    first: int = 0
    last: int = 0
    share: float = 0.0

    def __post_init__(self) -> None:
        match self.when:
            case When.NTH | When.EVERY:
                _need(self.first >= 1, f"{self.when} takes 1 or more, got {self.first}")
            case When.AFTER:
                _need(self.first >= 0, f"after takes 0 or more, got {self.first}")
            case When.BETWEEN:
                fits = 1 <= self.first <= self.last
                _need(fits, f"between takes two rising numbers, got {self.first} {self.last}")
            case When.SHARE:
                _need(0 < self.share <= 1, f"share takes more than 0 up to 1, got {self.share:g}")
            case When.ALWAYS:
                pass

    @classmethod
    def parse(cls, words: list[str]) -> tuple[Self, list[str]]:
        """Read a moment from the front of `words`; return it and the words behind it.

        Raises:
            ValueError: It says what is wrong.
        """
        if not words or words[0] not in list(When):
            raise ValueError(f"it takes one of {', '.join(When)} behind the colon")
        when = When(words[0])
        count = _NUMBERS[when]
        texts, rest = words[1 : 1 + count], words[1 + count :]
        if len(texts) < count:
            raise ValueError(f"{when} takes {count} number{'s' * (count > 1)}")
        if when is When.SHARE:
            return cls(when=when, share=float(texts[0])), rest
        numbers = [int(text) for text in texts] + [0, 0]
        return cls(when=when, first=numbers[0], last=numbers[1]), rest

    def due(self, nth: int, draw: float) -> bool:
        """Return whether the `nth` call is picked; `draw` is its number from 0 to below 1."""
        match self.when:
            case When.NTH:
                return nth == self.first
            case When.EVERY:
                return nth % self.first == 0
            case When.ALWAYS:
                return True
            case When.AFTER:
                return nth > self.first
            case When.BETWEEN:
                return self.first <= nth <= self.last
            case When.SHARE:
                return draw < self.share

    def __str__(self) -> str:
        match self.when:
            case When.ALWAYS:
                return "always"
            case When.SHARE:
                return f"share {self.share!r}"
            case When.BETWEEN:
                return f"between {self.first} {self.last}"
            case When.NTH | When.EVERY | When.AFTER:
                return f"{self.when} {self.first}"


def _need(holds: bool, reason: str) -> None:  # noqa: FBT001  # a condition, not a flag
    if not holds:
        raise ValueError(reason)
