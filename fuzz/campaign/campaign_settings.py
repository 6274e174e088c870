"""What a campaign was asked for: enough to go on with it after everything was killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fuzz.campaign.campaign_run import Budget

MOST_WORKERS: Final = 256  # a typing error, not a machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One campaign's settings.

    Attributes:
        target: A target's name, or `module:NAME`.
        engine: "auto" mixes all engines that can run here; or one engine's name.
        workers: Processes that run inputs at the same time.
        seed: Of the first worker; the others' follow from it.
        dictionary: Pieces beside those of the target.
        hang_s: Seconds after which one input counts as hanging; None: as the target says.
    """

    target: str
    engine: str = "auto"
    workers: int = 1
    seed: int
    budget: Budget
    dictionary: tuple[bytes, ...] = ()
    hang_s: float | None = None

    def __post_init__(self) -> None:
        if type(self.workers) is not int or not 1 <= self.workers <= MOST_WORKERS:
            raise ValueError(f"workers takes 1 to {MOST_WORKERS}, got {self.workers!r}")
        if type(self.seed) is not int or self.seed < 0:
            raise ValueError(f"seed takes a whole number from 0, got {self.seed!r}")
        if self.hang_s is not None and not self.hang_s > 0:
            raise ValueError(f"hang_s takes seconds above 0, got {self.hang_s!r}")

    def to_json(self) -> dict[str, Any]:
        """Return plain values; bytes as hex."""
        return {
            "target": self.target,
            "engine": self.engine,
            "workers": self.workers,
            "seed": self.seed,
            "budget": self.budget.to_json(),
            "dictionary": [one.hex() for one in self.dictionary],
            "hang_s": self.hang_s,
        }


def settings_from_json(fields: dict[str, Any]) -> Settings:
    """Read what `to_json` wrote."""
    return Settings(
        target=fields["target"],
        engine=fields["engine"],
        workers=fields["workers"],
        seed=fields["seed"],
        budget=Budget(**fields["budget"]),
        dictionary=tuple(bytes.fromhex(one) for one in fields["dictionary"]),
        hang_s=fields["hang_s"],
    )
