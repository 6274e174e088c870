"""What is soaked, for how long, under which conditions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stress.budget import Budget
from stress.chaos import Chaos
from stress.errors import BadSoakError
from stress.noise import Noise

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_TURN_S: Final = 0.1  # what is left is not worth a child below that: its start takes longer
TURN_S: Final = 300.0  # a dozen turns an hour; a small scenario does thousands of rounds in one


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPlan:
    """What is soaked, for how long.

    Attributes:
        names: Of the scenarios, in the order of their turns.
        total_s: Of the whole soak; None: until each has had its time.
        each_s: Of each scenario; None: as the total allows.
        turn_s: Longest turn.
        restart: A scenario that failed gets further turns.
        conditions: Fields of the `Budget` that each turn has, beside rounds and time.
    """

    names: tuple[str, ...]
    total_s: float | None = None
    each_s: float | None = None
    turn_s: float = TURN_S
    restart: bool = False
    conditions: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.names:
            raise BadSoakError("names", self.names, "at least one scenario")
        if self.total_s is None and self.each_s is None:
            raise BadSoakError("total_s", None, "a time, or each_s, or both")
        for field in ("total_s", "each_s", "turn_s"):
            value = getattr(self, field)
            if value is not None and not value > 0:
                raise BadSoakError(field, value, "seconds above 0")
        if self.turn_s < LEAST_TURN_S:
            raise BadSoakError("turn_s", self.turn_s, f"{LEAST_TURN_S:g} s or more")
        self.budget(1.0, turn=0)  # it checks the conditions

    def budget(self, seconds: float, *, turn: int) -> Budget:
        """Return the budget of one turn; each has a seed of its own."""
        conditions = dict(self.conditions)
        seed = conditions.pop("seed", 0) + turn
        return Budget(rounds=None, seconds=seconds, seed=seed, **conditions)

    def to_json(self) -> dict[str, Any]:
        """Return the fields, as a journal keeps them."""
        conditions = dict(self.conditions)
        noise, chaos = conditions.get("noise"), conditions.get("chaos")
        return {
            "names": list(self.names),
            "total_s": self.total_s,
            "each_s": self.each_s,
            "turn_s": self.turn_s,
            "restart": self.restart,
            "conditions": {
                **conditions,
                "noise": None if noise is None else noise.to_json(),
                "chaos": None if chaos is None else chaos.to_json(),
            },
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SoakPlan:
        """Return the plan that `to_json` described."""
        conditions = dict(values["conditions"])
        noise = conditions.get("noise")
        conditions["noise"] = None if noise is None else Noise.from_json(noise)
        chaos = conditions.get("chaos")
        conditions["chaos"] = None if chaos is None else Chaos.from_json(chaos)
        conditions["instrument"] = tuple(conditions.get("instrument", ()))
        return cls(**{**values, "names": tuple(values["names"]), "conditions": conditions})
