"""What fails and when, as a value: rules, and the seed of those that leave it to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from harness.errors import ArgumentError
from harness.faults.applying import in_force
from harness.faults.errors import PlanError
from harness.faults.rule import Rule

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harness.faults.injection import Faults

_SEED: Final = "seed"


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What fails and when. Immutable; safe to share. See `harness.faults` for how it is written.

    For example::

        plan = FaultPlan.parse("os.fsync: nth 2 fails EIO; os.write: always slow 50ms")
        with plan.applied() as faults:
            save(path)

    Attributes:
        rules: Each counts for itself. Of several that pick one call the first that makes it fail
            decides, and their delays add up.
        seed: Of the rules with a share; the nth call draws the same number in every run.
    """

    rules: tuple[Rule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not all(isinstance(rule, Rule) for rule in self.rules):
            raise ArgumentError("rules", self.rules, "a tuple of Rule")
        if type(self.seed) is not int:
            raise ArgumentError("seed", self.seed, "a whole number")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a plan as `str()` writes it; rules are joined by ';'.

        Raises:
            PlanError: It is none; says which part and why.
        """
        if not isinstance(text, str):
            raise ArgumentError("text", text, "a fault plan in words")
        parts = [part.strip() for part in text.split(";") if part.strip()]
        seed = 0
        if parts and parts[-1].split()[0] == _SEED:
            seed = _seed_of(parts.pop(), text)
        rules: list[Rule] = []
        for part in parts:
            try:
                rules.append(Rule.parse(part))
            except PlanError as error:
                raise PlanError(text, part, error.reason) from error.__cause__
        return cls(tuple(rules), seed)

    def __str__(self) -> str:
        parts = [str(rule) for rule in self.rules]
        if self.seed:
            parts.append(f"{_SEED} {self.seed}")
        return "; ".join(parts)

    def to_json(self) -> dict[str, object]:
        """Return the plan as values that JSON has."""
        return {"rules": [str(rule) for rule in self.rules], "seed": self.seed}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """Return the plan that `to_json` wrote.

        Raises:
            PlanError: It did not write that.
        """
        rules, seed = document.get("rules"), document.get("seed", 0)
        if not isinstance(rules, Sequence) or isinstance(rules, str) or type(seed) is not int:
            raise PlanError(str(document), "document", "it takes a list `rules` and a whole `seed`")
        return cls(tuple(Rule.parse(str(rule)) for rule in rules), seed)

    def applied(
        self, *, calls: Sequence[str] = (), spared: Sequence[str] = ()
    ) -> AbstractContextManager[Faults]:
        """Put the plan in force for the block; its target gives ports and callbacks their faults.

        The Python callables that rules name (`os.write`, `open`, `socket.socket.send`) fail for
        the thread that enters and for threads that start inside; what else runs in the process is
        let alone. Counting starts anew with every block, so one plan may be applied often, in an
        exploration in every execution.

        Args:
            calls: More Python callables to put in reach of rules with a pattern; `FILE_CALLS`,
                `SOCKET_CALLS` and `OS_CALLS` are lists of such.
            spared: Modules whose own calls are let through: a logger's, a channel's to a parent.

        Raises:
            UnknownCallError: There is no callable of that name, or nothing can stand in for it.
        """
        return in_force(self.rules, self.seed, calls=calls, spared=spared)


def _seed_of(part: str, text: str) -> int:
    words = part.split()
    try:
        (_, number) = words
        return int(number)
    except ValueError as error:
        raise PlanError(text, part, "seed takes one whole number") from error
