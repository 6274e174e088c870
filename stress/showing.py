"""Stress runs on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.budget import MIB
from stress.run import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from stress.run import StressRun


def show_run(console: Console, run: StressRun) -> None:
    """Print how a run ended, and all that explains a failure."""
    colour = "green" if run.passed else "bold red"
    console.print(
        f"[{colour}]{run.ending.value:>10}[/]  {run.name}: {run.rounds} rounds in "
        f"{run.elapsed_s:.1f} s, {run.cpu_s:.1f} s of CPU, peak {run.peak_bytes // MIB} MiB",
        highlight=False,
        soft_wrap=True,
    )
    for words in (
        *(f"{kind}: {done}" for kind, done in run.chaos.items()),
        *(f"left out: {words}" for words in run.skipped),
    ):
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if run.passed:
        return
    printed = run.output and f"what it printed:\n{run.output}"
    for text in (run.message, run.stacks, printed, f"again: {run.replay}"):
        if text:
            console.print(text, markup=False, highlight=False, soft_wrap=True)


def exit_code(endings: Iterable[Ending]) -> int:
    """Return the exit code: 1 where a scenario failed, 2 where one could not even be loaded."""
    found = set(endings)
    if Ending.INTERRUPTED in found:
        return 130
    if found <= {Ending.PASSED}:
        return 0
    return 2 if found <= {Ending.PASSED, Ending.BROKEN} else 1
