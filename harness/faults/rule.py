"""One sentence of a fault plan."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

from harness.errors import ArgumentError
from harness.faults.effect import Effect
from harness.faults.errors import PlanError
from harness.faults.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One sentence of a plan: calls of `call` are counted, and those of `moment` meet `effect`.

    `call` may be a pattern as of a shell (`os.*`); all the calls that fit it are counted together.
    """

    call: str
    moment: Moment
    effect: Effect

    def __post_init__(self) -> None:
        if not self.call or any(mark in self.call for mark in " :;"):
            raise ArgumentError("call", self.call, "a name or a pattern, without spaces")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule such as "os.write: nth 3 fails ENOSPC".

        Raises:
            PlanError: It is none; says what is wrong with it.
        """
        call, colon, behind = text.partition(": ")
        if not colon:
            raise PlanError(text, text.strip(), "there is no ': ' behind the name of a call")
        try:
            moment, rest = Moment.parse(behind.split())
            return cls(call=call.strip(), moment=moment, effect=Effect.parse(rest))
        except ValueError as error:
            raise PlanError(text, text.strip(), str(error)) from error

    def fits(self, call: str) -> bool:
        """Return whether the rule is about calls of that name."""
        return self.call == call or fnmatchcase(call, self.call)

    def __str__(self) -> str:
        return f"{self.call}: {self.moment} {self.effect}"
