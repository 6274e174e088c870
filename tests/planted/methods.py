"""How each method looks for a planted bug: one runner a method, all with the same answer."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import harness
from stress import Budget, Ending, run_scenario
from stress.noise import Noise
from tests.planted.catalogue import Method, PlantedBug, instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Make = Callable[..., Any]

NO_ANSWER: Final = frozenset({Ending.BROKEN, Ending.INTERRUPTED})  # nothing was run to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one seeded run of one method on one twin came to.

    Attributes:
        found: The check failed, in a way that the bug lists as its own.
        executions: How many it took: up to the finding, or all.
        story: What failed, for people; empty when nothing did.
        undecided: Why the run proves nothing: a budget that ended early, another failure than
            the bug's; empty otherwise. Never counts as found, nor as passed.
    """

    found: bool
    executions: int
    elapsed_s: float
    story: str = ""
    undecided: str = ""

    @property
    def passed(self) -> bool:
        """Whether the check went through with nothing to report."""
        return not self.found and not self.undecided


def attempt(bug: PlantedBug, *, twin: str, seed: int, executions: int | None = None) -> Attempt:
    """Look for `bug` once in its `twin`, "good" or "bad".

    Args:
        executions: Budget; None: the bug's own.
    """
    budget = executions or bug.executions
    began_s = time.perf_counter()
    try:
        count, story, undecided = RUNNERS[bug.method](bug, twin, seed, budget)
    except Exception as error:  # noqa: BLE001  # a tool that fails is one cell of the matrix
        count, story, undecided = 0, "", f"the tool failed: {type(error).__name__}: {error}"
    return Attempt(
        found=bool(story) and not undecided,
        executions=count,
        elapsed_s=time.perf_counter() - began_s,
        story=story,
        undecided=undecided,
    )


def make_of(bug: PlantedBug, twin: str) -> Make:
    """Return what makes the good or the bad subject."""
    match twin:
        case "good":
            return bug.good
        case "bad":
            return bug.bad
        case _:
            raise ValueError(f"a twin is 'good' or 'bad', got {twin!r}")


Answer = tuple[int, str, str]  # executions, story, undecided


def _explore(bug: PlantedBug, twin: str, seed: int, executions: int) -> Answer:
    explore = harness.explore_isolated if bug.isolated else harness.explore
    result = explore(
        partial(bug.body, make_of(bug, twin)),
        bug.strategy,
        executions=executions,
        seed=seed,
        max_steps=bug.max_steps,
        model=bug.model,
    )
    return _answer(bug, result)


def target_name(bug: PlantedBug, twin: str) -> str:
    """Return the name by which a child process imports this check; see `tests.planted.targets`."""
    return f"{bug.label.replace('-', '_')}_{twin}"


def _answer(bug: PlantedBug, result: harness.Exploration) -> Answer:
    finding = result.finding
    if finding is not None:
        other = bug.kinds and finding.kind not in bug.kinds
        undecided = f"found something else: {finding.kind.name}" if other else ""
        return result.executions, str(finding), undecided
    if result.verdict is not harness.Verdict.PASSED:
        return result.executions, "", f"{result.verdict.name.lower()}: {result.evidence}"
    return result.executions, "", ""


def _examples(bug: PlantedBug, twin: str, seed: int, executions: int) -> Answer:
    """Run random examples, each from a generator of its own, so that one can be run again alone."""
    make = make_of(bug, twin)
    for number in range(executions):
        example = f"{seed}:{number}"
        if bug.controlled:
            _, story, undecided = _controlled_example(bug, make, example, seed + number)
        else:
            story, undecided = _example(bug, make, example), ""
        if story or undecided:
            return number + 1, f"example {example}: {story}", undecided
    return executions, "", ""


def _example(bug: PlantedBug, make: Make, example: str) -> str:
    try:
        bug.body(make, random.Random(example))
    except Exception as error:  # noqa: BLE001  # the check speaks by raising
        return f"{type(error).__name__}: {error}"
    return ""


def _controlled_example(bug: PlantedBug, make: Make, example: str, seed: int) -> Answer:
    # A new generator from the same text each time: the engine calls the body again to shrink.
    result = harness.explore(
        lambda: bug.body(make, random.Random(example)),
        bug.strategy,
        executions=1,
        seed=seed,
        max_steps=bug.max_steps,
        model=bug.model,
    )
    return _answer(bug, result)


def _once(bug: PlantedBug, twin: str, seed: int, executions: int) -> Answer:
    """A memory scan or a measurement: the body knows how, and once is enough.

    It speaks by an assertion alone: a child that was lost has shown nothing.
    """
    del executions
    try:
        bug.body(make_of(bug, twin), random.Random(str(seed)))
    except AssertionError as error:
        return 1, f"AssertionError: {error}", ""
    return 1, "", ""


def _stress(bug: PlantedBug, twin: str, seed: int, executions: int) -> Answer:
    """Run real threads for a share of the bug's time, as large as that of the executions."""
    run = run_scenario(
        f"tests.planted.targets:{target_name(bug, twin)}",
        Budget(
            rounds=None,
            seconds=bug.seconds * executions / bug.executions,
            seed=seed,
            hang_s=bug.hang_s,
            noise=Noise.parse(bug.noise),
            instrument=tuple(instrumented()),
        ),
    )
    if run.passed:
        return run.rounds, "", ""
    other = run.ending in NO_ANSWER or (bug.endings and run.ending not in bug.endings)
    story = "\n".join(part for part in (run.message, run.stacks, run.output) if part)
    undecided = f"it {run.ending.value}: {story}" if other else ""
    return run.rounds + 1, f"{run.ending.value}: {story}", undecided


def _fuzz(bug: PlantedBug, twin: str, seed: int, executions: int) -> Answer:
    """Let a campaign choose the bytes that the example is drawn from, until the first finding."""
    from fuzz import Budget as FuzzBudget  # noqa: PLC0415  # few bugs want it, and it is large
    from fuzz import run_campaign  # noqa: PLC0415

    failures: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        run = run_campaign(
            f"tests.planted.fuzz_targets:{target_name(bug, twin)}",
            seed=seed,
            budget=FuzzBudget(seconds=bug.seconds, runs=executions),
            folder=Path(folder),
            stop=lambda: bool(failures),
            progress=lambda seen: failures.extend(seen.found),
        )
    story = "\n".join(found.crash.message for found in run.found)
    undecided = run.trouble or ("" if run.executions else "no input was run")
    return run.executions, story, undecided


RUNNERS: Final[Mapping[Method, Callable[[PlantedBug, str, int, int], Answer]]] = {
    Method.EXPLORATION: _explore,
    Method.PROPERTY: _examples,
    Method.FUZZ: _fuzz,
    Method.STRESS: _stress,
    Method.MEMORY_SCAN: _once,
    Method.MEASUREMENT: _once,
}
