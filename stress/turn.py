"""What is kept of one turn of a soak, as a value that goes into a file and comes back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from stress.run import Ending
from stress.slopes import Slope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.run import StressRun

TEXT_CHARS: Final = 20_000  # of a failure; the store has the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One child of a soak.

    Attributes:
        story: What happened, with stacks and the line that runs it again; "" where it passed.
        slopes: Growth per round of each resource, where there were rounds enough.
    """

    name: str
    ending: Ending
    rounds: int
    operations: int
    elapsed_s: float
    cpu_s: float = 0.0
    peak_bytes: int = 0
    story: str = ""
    slopes: Mapping[str, Slope] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {**asdict(self), "ending": self.ending.name}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Turn:
        """Return the turn that `to_json` described."""
        slopes = {name: Slope.from_json(one) for name, one in values["slopes"].items()}
        return cls(**{**values, "ending": Ending[values["ending"]], "slopes": slopes})


def turn_of(run: StressRun) -> Turn:
    """Return what is kept of a run."""
    parts = (run.message, run.stacks, run.output, f"again: {run.replay}")
    story = "" if run.passed else "\n".join(part for part in parts if part)
    if len(story) > TEXT_CHARS:
        half = TEXT_CHARS // 2
        story = f"{story[:half]}\n... cut here ...\n{story[-half:]}"
    return Turn(
        name=run.name,
        ending=run.ending,
        rounds=run.rounds,
        operations=run.operations,
        elapsed_s=run.elapsed_s,
        cpu_s=run.cpu_s,
        peak_bytes=run.peak_bytes,
        story=story,
        slopes=run.slopes,
    )
