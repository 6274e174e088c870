"""The known-bad twins: what each does wrong, and which tool has to find it.

A folder beside this file holds the bugs of one component (`flow/`, `secret/`). Every module in it
that does not begin with `test_` or `_` offers `BUGS`, a tuple of `PlantedBug`; `load_bugs` collects
them all. A bug is a small subclass of the good class that overrides one decision, and a `body` that
is the same for both: with the bad twin it has to fail, with the good class it has to pass.

How `body` is called depends on the method:

- EXPLORATION: `body(make)`; it starts ordinary threads, joins them and asserts. The runner explores
  its schedules, in a child process when `isolated` says so.
- PROPERTY, FUZZ: `body(make, rng)`; one random example, drawn from nothing but `rng`. The runner
  repeats it with fresh generators; with FUZZ these read their draws from bytes that a fuzzing
  campaign makes, in a child process. With `controlled` each example is one controlled execution, so
  that a hang is a finding and not a hang.
- STRESS: `body(make)`; real threads. The runner calls it again and again in a child process, with
  noise, until it fails or the bug's seconds are over. A round of some executions that takes longer
  than `hang_s` is a hang, so a body has to be quick.
- MEMORY_SCAN, MEASUREMENT: `body(make, rng)`; once. It may start children of its own.

It fails by raising, and nothing but raising.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import harness
    from stress import Ending

HERE = Path(__file__).resolve().parent
NUMBER = re.compile(r"B-\d{2,3}")


class Method(StrEnum):
    """The tool that has to find a bug; the value is what the matrix prints."""

    EXPLORATION = "exploration"
    PROPERTY = "property"
    FUZZ = "fuzz"
    STRESS = "stress"
    MEMORY_SCAN = "memory scan"
    MEASUREMENT = "measurement"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedBug:
    """One bug, its bad and its good twin, and the check that tells them apart.

    Attributes:
        number: The requirement document's number, such as "B-53".
        variant: Tells several twins under one number apart, such as "a" and "b"; usually empty.
        what: The buggy behaviour in one sentence.
        body: The check; see the module's text for how each method calls it.
        good: Makes the good subject: the class, or a function that returns an instance.
        bad: Makes the bad twin, with the same arguments.
        executions: Budget of one seeded run: executions, or examples.
        kinds: The findings that count as finding it; empty: any. Exploration and controlled
            examples only.
        isolated: Explore in a child process, for twins that can kill the interpreter.
        controlled: Run each example of PROPERTY inside the engine.
        strategy: Name for `harness.explore`; None is its default.
        model: Switching model for `harness.explore`.
        max_steps: Step bound of one execution.
        noise: What real threads are disturbed by, as `stress.noise.Noise` reads it. STRESS only,
            as the rest.
        seconds: Time for the whole budget of executions.
        hang_s: Longest round, which is a quarter of a second of executions: 20 times that, for with
            a load of 20 a core a round has taken two seconds.
        endings: How the child may end for the bug to count as found; empty: in any failure.
    """

    number: str
    component: str
    what: str
    method: Method
    body: Callable[..., None]
    good: Callable[..., Any]
    bad: Callable[..., Any]
    variant: str = ""
    executions: int = 2_000
    kinds: tuple[harness.FindingKind, ...] = ()
    isolated: bool = False
    controlled: bool = False
    strategy: str | None = None
    model: str = "free-threaded"
    max_steps: int = 20_000
    noise: str = "off"
    seconds: float = 10.0
    hang_s: float = 5.0
    endings: tuple[Ending, ...] = ()

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.number):
            raise ValueError(f"number takes 'B-' and two or three digits, got {self.number!r}")
        if self.executions < 1:
            raise ValueError(f"{self.label}: executions takes 1 or more, got {self.executions}")
        if self.isolated and self.method is not Method.EXPLORATION:
            raise ValueError(f"{self.label}: only an exploration can be isolated")
        if self.controlled and self.method is not Method.PROPERTY:
            raise ValueError(f"{self.label}: only PROPERTY examples can be controlled")
        if self.method is not Method.STRESS and (self.noise != "off" or self.endings):
            raise ValueError(f"{self.label}: noise and endings are for STRESS only")

    @property
    def label(self) -> str:
        """Number and variant, such as "B-56b"; unique in the catalogue."""
        return self.number + self.variant


def module_names() -> tuple[str, ...]:
    """Return the dotted names of all modules that hold bugs, in a fixed order."""
    return tuple(
        f"tests.planted.{path.parent.name}.{path.stem}"
        for path in sorted(HERE.glob("*/*.py"))
        if not path.stem.startswith(("test_", "_"))
    )


def instrumented() -> list[str]:
    """Return what to instrument: the subjects, the bugs, and the scenarios that drive them.

    Not this package whole: the catalogue and the runners are imported before the hook is there.
    """
    components = sorted({name.rpartition(".")[0] for name in module_names()})
    return ["secmem", *components, "stress.scenarios.flow*", "stress.scenarios.secret*"]


def load_bugs() -> tuple[PlantedBug, ...]:
    """Import every bug module and return the bugs in the order of their labels.

    For exploration call it under `harness.instrument_imports`, before anything else has imported
    the subjects.

    Raises:
        ValueError: Two bugs share a label.
    """
    found: list[PlantedBug] = []
    for name in module_names():
        # A module without `BUGS` is a helper of its neighbours.
        found.extend(getattr(importlib.import_module(name), "BUGS", ()))
    _refuse_doubles(found)
    return tuple(sorted(found, key=lambda bug: bug.label))


def _refuse_doubles(bugs: Iterable[PlantedBug]) -> None:
    seen: set[str] = set()
    for bug in bugs:
        if bug.label in seen:
            raise ValueError(f"two planted bugs are called {bug.label}; give one a variant")
        seen.add(bug.label)
