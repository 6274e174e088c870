"""What goes wrong around a scenario while it runs, as one value: `Chaos`.

A scenario under chaos is the same body, and what must hold of it is the same. The world is worse:
the disk is full, descriptors run out, signals come, the clock jumps, system calls fail or take
long, the process is killed. A round may then give up with the error of the system, and that counts
as given up, not as failed; its assertions count as always. After every round chaos rests and the
scenario runs once more, small: what cannot do its work after the trouble is over has failed, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from harness.faults import FaultPlan, PlanError
from stress.chaos_errors import ChaosTextError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stress.chaos_applied import AppliedChaos

FAULTS: Final = "faults"
# At commas that stand outside brackets.
_COMMAS: Final = re.compile(r",(?![^()]*\))")
_FAULTS: Final = re.compile(r"faults\((?P<plan>.*)\)", re.DOTALL)


class Trouble(StrEnum):
    """The kinds of chaos; the value is its word."""

    KILL = "kill"
    CLOCK = "clock"
    DISK = "disk"
    DESCRIPTORS = "descriptors"
    LOCKS = "locks"
    SIGNALS = "signals"
    SLOW = "slow"
    FAILING = "failing"


MEANING: Final[Mapping[Trouble, str]] = {
    Trouble.KILL: "the process is killed, at any moment or at a call of the file system",
    Trouble.CLOCK: "the wall clock jumps forward and back; the monotonic one does not",
    Trouble.DISK: "the temporary folder is a small file system, nearly full",
    Trouble.DESCRIPTORS: "only a few more files can be opened",
    Trouble.LOCKS: "only a few more pages can be kept out of swap",
    Trouble.SIGNALS: "signals come at any moment, and their handlers run Python code",
    Trouble.SLOW: "some calls of files, sockets and threads take longer",
    Trouble.FAILING: "some calls of files, sockets, threads and mappings fail",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """What goes wrong while a scenario runs. Immutable; safe to share.

    Attributes:
        kinds: In the order of `Trouble`, each at most once.
        plan: Faults of one's own beside those.
    """

    kinds: tuple[Trouble, ...] = ()
    plan: FaultPlan | None = None

    def __post_init__(self) -> None:
        kinds = tuple(kind for kind in Trouble if kind in self.kinds)
        if len(kinds) != len(set(self.kinds)):
            raise ChaosTextError(repr(self.kinds), "", "kinds takes members of Trouble", _help())
        object.__setattr__(self, "kinds", kinds)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the chaos that a text names, as `str()` writes it.

        Args:
            text: Kinds joined by commas, "all" for all of them, and `faults(PLAN)` with a fault
                plan as `harness.faults` has them: "disk,signals,faults(os.fsync: nth 2 fails)".

        Raises:
            ChaosTextError: It is not that; says which word.
        """
        if not isinstance(text, str):
            raise ChaosTextError(repr(text), "", "it is no text", _help())
        kinds: set[Trouble] = set()
        plan: FaultPlan | None = None
        for word in (part.strip() for part in _COMMAS.split(text)):
            if word == "all":
                kinds |= set(Trouble)
            elif word in list(Trouble):
                kinds.add(Trouble(word))
            elif found := _FAULTS.fullmatch(word):
                plan = _plan(found["plan"], text)
            else:
                raise ChaosTextError(text, word, "there is no such kind", _help())
        return cls(kinds=tuple(kinds), plan=plan)

    def __str__(self) -> str:
        words = [str(kind) for kind in self.kinds]
        if self.plan is not None:
            words.append(f"{FAULTS}({self.plan})")
        return ",".join(words)

    def to_json(self) -> dict[str, Any]:
        """Return the chaos as values that JSON has."""
        plan = None if self.plan is None else self.plan.to_json()
        return {"kinds": [str(kind) for kind in self.kinds], "plan": plan}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the chaos that `to_json` wrote."""
        plan = document["plan"]
        return cls(
            kinds=tuple(Trouble(kind) for kind in document["kinds"]),
            plan=None if plan is None else FaultPlan.from_json(plan),
        )

    @property
    def kills(self) -> bool:
        """Whether the process is killed, which its parent does."""
        return Trouble.KILL in self.kinds

    def applied(self, *, seed: int, scratch: Path) -> AppliedChaos:
        """Return the chaos for this process, to be entered; `round` brings it on.

        A process of its own is needed: limits, signals and mounts are of the whole process.

        Args:
            seed: Of all that is drawn: how full the disk is, when a signal comes.
            scratch: The folder for temporary files, which becomes the small file system.
        """
        from stress.chaos_applied import AppliedChaos  # noqa: PLC0415  # only the child needs it

        return AppliedChaos(self, seed=seed, scratch=scratch)


def _plan(words: str, text: str) -> FaultPlan:
    try:
        return FaultPlan.parse(words)
    except PlanError as error:
        raise ChaosTextError(text, words, str(error), _help()) from error


def _help() -> str:
    kinds = "; ".join(f"{kind}: {MEANING[kind]}" for kind in Trouble)
    return f"{kinds}; all: each of these; faults(PLAN): a fault plan of your own"
