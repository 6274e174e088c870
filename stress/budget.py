"""How much one stress run may do and take, and under which conditions."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.chaos import Chaos
    from stress.noise import Noise

MIB: Final = 1024 * 1024
DEFAULT_ROUNDS: Final = 3  # R-SM-24 asks for three
DEFAULT_MEMORY_BYTES: Final = 1024 * MIB  # the scenarios here stay below 100 MiB
DEFAULT_DISK_BYTES: Final = 1024 * MIB  # none of ours writes a megabyte
DEFAULT_START_S: Final = 60.0  # an import of a second, on a machine that is loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one run may do and take, and under which conditions.

    Attributes:
        rounds: Full-scale runs of the body; None: as many as `seconds` allow.
        seconds: Begins no further round after this time; None: no limit beside `rounds`.
        seed: Of the noise, and of what the body draws in each round.
        memory_bytes: Resident memory at which the child is ended.
        disk_bytes: What its temporary files may take together, and any one file anywhere.
        hang_s: Longest round; None: what the scenario says.
        start_s: Longest import of the scenario.
        threads: In place of the scenario's own number; likewise the next two.
        operations: Of each thread in a round.
        duration_s: Seconds after which no further operation of a round begins.
        noise: What makes races likely; None: other switch intervals, round by round.
        chaos: What goes wrong meanwhile; None: nothing.
        instrument: Modules whose accesses the noise disturbs; empty: the scenario's own package.
        python: Another interpreter to run in; None: this one.
    """

    rounds: int | None = DEFAULT_ROUNDS
    seconds: float | None = None
    seed: int = 0
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    disk_bytes: int = DEFAULT_DISK_BYTES
    hang_s: float | None = None
    start_s: float = DEFAULT_START_S
    threads: int | None = None
    operations: int | None = None
    duration_s: float | None = None
    noise: Noise | None = None
    chaos: Chaos | None = None
    instrument: tuple[str, ...] = ()
    python: str | None = None

    def __post_init__(self) -> None:
        if self.rounds is None and self.seconds is None:
            raise ValueError("a budget takes rounds, or seconds, or both; it got neither")
        for name in ("rounds", "threads", "operations"):
            number = getattr(self, name)
            if number is not None and (type(number) is not int or number < 1):
                raise ValueError(f"{name} takes 1 or more, got {number!r}")
        for name in ("seconds", "hang_s", "start_s", "duration_s"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} takes a number of seconds above 0, got {value!r}")
        for name in ("memory_bytes", "disk_bytes"):
            if getattr(self, name) < MIB:
                raise ValueError(f"{name} takes at least {MIB}, got {getattr(self, name)!r}")

    @property
    def scale(self) -> dict[str, Any]:
        """What is asked of the scenario's size, by the names that it takes."""
        return {
            "threads": self.threads,
            "operations": self.operations,
            "duration_s": self.duration_s,
        }

    def words(self) -> str:
        """Return the options of the command that runs under this budget."""
        options: Mapping[str, object] = {
            "--seed": self.seed,
            "--rounds": self.rounds,
            "--time": _number(self.seconds),
            "--threads": self.threads,
            "--operations": self.operations,
            "--duration": _number(self.duration_s),
            "--noise": None if self.noise is None else str(self.noise) or "off",
            "--chaos": None if self.chaos is None else str(self.chaos),
            "--python": self.python,
            "--memory-mib": _mib(self.memory_bytes, DEFAULT_MEMORY_BYTES),
            "--disk-mib": _mib(self.disk_bytes, DEFAULT_DISK_BYTES),
            "--hang": _number(self.hang_s),
            "--start": None if self.start_s == DEFAULT_START_S else _number(self.start_s),
        }
        said = [
            f"{name} {shlex.quote(str(one))}" for name, one in options.items() if one is not None
        ]
        return " ".join([*said, *(f"--instrument {shlex.quote(one)}" for one in self.instrument)])


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _mib(value: int, usual: int) -> int | None:
    return None if value == usual else value // MIB
