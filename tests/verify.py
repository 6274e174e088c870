"""`python -m tests.verify`: the whole toolkit at work on its own subjects, in minutes.

Explores the scenarios, seeks the planted bugs, stresses, fuzzes, runs the quick benchmarks, and
writes the page. Each part runs in a process of its own, so that none can end another. Exit codes:
0 as expected, 1 something unexpected failed (with the lines that run it again), 2 wrong usage,
130 Ctrl-C.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table

import harness
from reports import Direction, Measure, Outcome, Record, RecordKind, write_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTS: Final = ("explore", "planted", "stress", "fuzz", "bench", "report")
LOG_COLUMNS: Final = 130  # the widest table of the parts, where no terminal sets a width
STRATEGIES: Final = ("portfolio", "pct", "dfs")
OUTCOMES: Final = {
    harness.Verdict.PASSED: Outcome.PASSED,
    harness.Verdict.FAILED: Outcome.FAILED,
    harness.Verdict.UNDECIDED: Outcome.UNDECIDED,
}


class Judgement(Enum):
    """What a result means for the project's own scenarios."""

    HOLDS = "none failed"
    OPEN = "none failed, and the search is not through: its space is larger than the budget"
    FAILS = "one failed, or a scenario did not come to its end"

    @classmethod
    def of(cls, result: harness.Exploration) -> Judgement:
        """Judge a result."""
        if result.verdict is harness.Verdict.PASSED:
            return cls.HOLDS
        through = result.verdict is harness.Verdict.FAILED or result.overruns
        return cls.FAILS if through else cls.OPEN


MARKS: Final = {
    Judgement.HOLDS: "[green]✓[/]",
    Judgement.OPEN: "[yellow]·[/]",
    Judgement.FAILS: "[red]✗[/]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything."""

    executions: int
    seeds: int
    stress_s: float
    fuzz_s: float
    store: Path
    page: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one part."""

    part: str
    passed: bool
    seconds: float
    words: str


@click.command()
@click.option("--quick", is_flag=True, help="Smaller budgets: some 4 minutes.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part.")
@click.option("--executions", type=click.IntRange(min=1), help="Per scenario and strategy.")
@click.option("--store", default="build/store", type=click.Path(path_type=Path))
@click.option("--page", default="build/report/index.html", type=click.Path(path_type=Path))
def main(
    *, quick: bool, only: tuple[str, ...], executions: int | None, store: Path, page: Path
) -> None:
    """Show the toolkit at work on its own subjects, and write one page about it."""
    plan = Plan(
        executions=executions or (150 if quick else 500),
        seeds=2 if quick else 5,
        stress_s=1.0 if quick else 4.0,
        fuzz_s=2.0 if quick else 8.0,
        store=store,
        page=page,
    )
    console = Console()
    if not console.is_terminal:
        console = Console(width=LOG_COLUMNS)
    done: list[Done] = []
    try:
        for part in only or PARTS:
            console.rule(f"[bold]{part}", align="left")
            started_s = time.perf_counter()
            passed, words = RUNNERS[part](plan, console)
            seconds = time.perf_counter() - started_s
            done.append(Done(part=part, passed=passed, seconds=seconds, words=words))
    except KeyboardInterrupt:
        console.print("\ninterrupted; what was done is kept in", str(store))
        show(console, done)
        sys.exit(130)
    show(console, done)
    sys.exit(0 if all(part.passed for part in done) else 1)


def show(console: Console, done: list[Done]) -> None:
    """Print what came of each part."""
    table = Table(title="verify", title_justify="left", title_style="bold")
    table.add_column("part")
    table.add_column("result")
    table.add_column("seconds", justify="right")
    table.add_column("what it shows", overflow="fold")
    for part in done:
        word = "[green]as expected" if part.passed else "[bold red]FAILED"
        table.add_row(part.part, word, f"{part.seconds:.1f}", part.words)
    console.print()
    console.print(table)


def run_explore(plan: Plan, console: Console) -> tuple[bool, str]:
    """Explore every scenario with every strategy."""
    names, records, failures = [], [], []
    for name, body in scenarios():
        names.append(name)
        for strategy in STRATEGIES:
            with console.status(f"exploring {name} with {strategy}"):
                result = harness.explore(body, strategy, executions=plan.executions)
            rate = result.executions / max(result.cpu_s, 1e-9)
            mark = MARKS[Judgement.of(result)]
            console.print(
                f"  {mark} {name:32} {strategy:9} {result.evidence}  [dim]{rate:,.0f}/CPU-s[/]",
                highlight=False,
            )
            records.append(record_of(name, strategy, result))
            if Judgement.of(result) is Judgement.FAILS:
                failures.append(result)
    write_run(records, store=plan.store, source="verify: explore")
    for failure in failures:
        console.print(str(failure), highlight=False, markup=False, soft_wrap=True)
    total = sum(record.measures[0].value for record in records)
    words = f"{len(names)} scenarios, {len(STRATEGIES)} strategies, {total:,.0f} executions, "
    return not failures, words + (f"{len(failures)} failed" if failures else "none failed")


def scenarios() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield every scenario as a body, its module instrumented."""
    with harness.instrument_imports(include=["secmem", "stress.scenarios"]):
        from stress.scenarios import find_scenario, scenario_names  # noqa: PLC0415  # under the hook

        for name in scenario_names():
            yield name, find_scenario(name)


def record_of(name: str, strategy: str, result: harness.Exploration) -> Record:
    """Return a result as the store keeps it."""
    rate = result.executions / max(result.cpu_s, 1e-9)
    return Record(
        kind=RecordKind.EXPLORATION,
        name=f"{name} ({strategy})",
        outcome=OUTCOMES[result.verdict],
        measures=(
            Measure(
                metric="executions",
                value=float(result.executions),
                unit="executions",
                direction=Direction.NEITHER,
            ),
            Measure(metric="rate", value=rate, unit="executions/CPU-s", direction=Direction.HIGHER),
        ),
        params={"strategy": strategy, "model": result.model, "seed": str(result.seed)},
        message=result.evidence if result.finding is None else result.finding.message,
        replay="" if result.finding is None else result.finding.token,
    )


def run_planted(plan: Plan, console: Console) -> tuple[bool, str]:
    """Seek the planted bugs."""
    code = run(console, "-m", "tests.planted", "--seeds", str(plan.seeds), "--store", plan.store)
    records = latest(plan.store, "planted")
    bad = [record for record in records if record["params"]["twin"] == "bad"]
    good = [record for record in records if record["params"]["twin"] == "good"]
    words = (
        f"{passed(bad)} of {len(bad)} planted bugs found under each of {plan.seeds} seeds; "
        f"{passed(good)} of {len(good)} good twins pass"
    )
    return code == 0, words


def run_stress(plan: Plan, console: Console) -> tuple[bool, str]:
    """Run the scenarios with real threads."""
    seconds = str(plan.stress_s)
    code = run(
        console, "-m", "holdfast.cli", "stress", "run", "--all", "--seconds", seconds,
        "--store", plan.store,
    )  # fmt: skip
    return code == 0, f"real threads in child processes, {seconds} s a scenario"


def run_fuzz(plan: Plan, console: Console) -> tuple[bool, str]:
    """Fuzz every target."""
    code = run(
        console, "-m", "holdfast.cli", "fuzz", "run", "--all", "--time", f"{plan.fuzz_s:g}s",
        "--store", plan.store,
    )  # fmt: skip
    return code == 0, f"inputs and schedules, {plan.fuzz_s:g} s a target"


def run_bench(plan: Plan, console: Console) -> tuple[bool, str]:
    """Run the quick benchmarks. Their figures are judged by the bench session, not here."""
    code = run(console, "benchmarks/compare_floor.py", "--quick", "--store", plan.store)
    judged = "all figures reached" if code == 0 else "a figure was missed: see above"
    return code in (0, 1), f"quick benchmarks; {judged} (judged by nox -s bench)"


def run_report(plan: Plan, console: Console) -> tuple[bool, str]:
    """Write the page."""
    code = run(
        console, "-m", "holdfast.cli", "report", "build", "--store", plan.store,
        "--output", plan.page,
    )  # fmt: skip
    return code == 0, f"open {plan.page}"


def run(console: Console, *arguments: object) -> int:
    """Run Python with `arguments`, its output below ours; return its exit code."""
    words = [str(argument) for argument in arguments]
    env = {**os.environ, "COLUMNS": str(console.width)}  # a log gets the width that ours has
    console.print(f"[dim]$ python {' '.join(words)}[/]", highlight=False, soft_wrap=True)
    return subprocess.run([sys.executable, *words], check=False, env=env).returncode


def passed(records: list[dict[str, Any]]) -> int:
    """Count the records that passed."""
    return sum(record["outcome"] == "passed" for record in records)


def latest(store: Path, kind: str) -> list[dict[str, Any]]:
    """Return the records of the newest document that has some of `kind`."""
    newest = sorted(store.rglob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest:
        records = json.loads(path.read_text("utf-8")).get("records", [])
        chosen = [record for record in records if record["kind"] == kind]
        if chosen:
            return chosen
    return []


RUNNERS: Final[dict[str, Callable[[Plan, Console], tuple[bool, str]]]] = {
    "explore": run_explore,
    "planted": run_planted,
    "stress": run_stress,
    "fuzz": run_fuzz,
    "bench": run_bench,
    "report": run_report,
}

if __name__ == "__main__":
    main()
