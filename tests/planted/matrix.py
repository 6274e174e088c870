"""The matrix: every planted bug, sought by its method with several seeds, beside its good twin."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table

from reports import Direction, Measure, Outcome, Record, RecordKind
from tests.planted.methods import Attempt, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.planted.catalogue import PlantedBug

FEWEST_GOOD: Final = 50  # executions of the good twin under each seed, if its bug's budget has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bug: what came of each seed, for the bad twin and for the good one."""

    bug: PlantedBug
    first_seed: int
    bad: tuple[Attempt, ...]
    good: tuple[Attempt, ...]

    @property
    def found(self) -> tuple[Attempt, ...]:
        """The runs that found the bug."""
        return tuple(one for one in self.bad if one.found)

    @property
    def alarms(self) -> tuple[Attempt, ...]:
        """The runs in which the good twin did not pass."""
        return tuple(one for one in self.good if not one.passed)

    @property
    def ok(self) -> bool:
        """Found under every seed, and no false alarm under any."""
        return len(self.found) == len(self.bad) and not self.alarms

    def problems(self) -> list[str]:
        """Say what is wrong with this row, once a reason, each with a line that runs it again."""
        seeds: dict[str, list[int]] = {}
        for seed, one in enumerate(self.bad, self.first_seed):
            if not one.found:
                why = one.undecided or f"not found in {one.executions} executions"
                seeds.setdefault(f"{self.bug.label}: {why}", []).append(seed)
        for seed, one in enumerate(self.good, self.first_seed):
            if not one.passed:
                why = one.undecided or f"false alarm: {one.story}"
                seeds.setdefault(f"{self.bug.label}: good twin: {why}", []).append(seed)
        return [f"{reason}\n{self._again(which)}" for reason, which in seeds.items()]

    def _again(self, seeds: list[int]) -> str:
        others = f"  (and {len(seeds) - 1} more seeds)" if len(seeds) > 1 else ""
        return f"  {replay_line(self.bug, first_seed=seeds[0], seeds=1)}{others}"


def replay_line(bug: PlantedBug, *, first_seed: int, seeds: int) -> str:
    """Return the command that seeks this bug again with these seeds."""
    return f"python -m tests.planted --only {bug.label} --first-seed {first_seed} --seeds {seeds}"


def run_row(bug: PlantedBug, *, first_seed: int, seeds: int) -> Row:
    """Seek one bug with each seed, and let its good twin pass the same check.

    The good twin's budget is the bug's own, shared out among the seeds: a check that passes says
    the same after 20 times 100 executions as after one time 2000.
    """
    share = max(-(-bug.executions // seeds), min(FEWEST_GOOD, bug.executions))
    chosen = range(first_seed, first_seed + seeds)
    return Row(
        bug=bug,
        first_seed=first_seed,
        bad=tuple(attempt(bug, twin="bad", seed=seed) for seed in chosen),
        good=tuple(attempt(bug, twin="good", seed=seed, executions=share) for seed in chosen),
    )


def run_matrix(
    bugs: Iterable[PlantedBug],
    *,
    first_seed: int,
    seeds: int,
    progress: Callable[[PlantedBug], object] | None = None,
) -> list[Row]:
    """Run every row; `progress` hears of each bug before it is sought."""
    rows = []
    for bug in bugs:
        if progress is not None:
            progress(bug)
        rows.append(run_row(bug, first_seed=first_seed, seeds=seeds))
    return rows


def table_of(rows: Sequence[Row]) -> Table:
    """Return the matrix as it is printed."""
    as_expected = sum(row.ok for row in rows)
    table = Table(
        title=f"Planted bugs: {as_expected} of {len(rows)} as expected", box=box.SIMPLE_HEAD
    )
    table.add_column("bug", no_wrap=True)
    table.add_column("what is wrong", min_width=14)
    table.add_column("method", min_width=11)
    for heading in ("found", "execs", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("good twin", no_wrap=True, min_width=9)
    for row in rows:
        table.add_row(
            row.bug.label,
            row.bug.what,
            _method(row.bug),
            _emphasise(f"{len(row.found)}/{len(row.bad)}", when=len(row.found) < len(row.bad)),
            _median_text([one.executions for one in row.found], "{:.0f}"),
            _median_text([1_000 * one.elapsed_s for one in row.found], "{:.1f}ms"),
            _emphasise(f"{len(row.alarms)} alarms", when=True) if row.alarms else "passes",
        )
    table.caption = "execs and time: medians up to the finding, its shrinking included"
    return table


def _emphasise(text: str, *, when: bool) -> str:
    return f"[bold red]{text}[/]" if when else text


def _method(bug: PlantedBug) -> str:
    return f"{bug.method}, isolated" if bug.isolated else str(bug.method)


def _median_text(values: Sequence[float], form: str) -> str:
    return form.format(statistics.median(values)) if values else "-"


def records_of(rows: Iterable[Row]) -> list[Record]:
    """Return two records a row: the bad twin's and the good twin's."""
    return [record for row in rows for record in (_bad_record(row), _good_record(row))]


def _bad_record(row: Row) -> Record:
    found = len(row.found)
    return Record(
        kind=RecordKind.PLANTED,
        name=row.bug.label,
        outcome=Outcome.PASSED if found == len(row.bad) else Outcome.FAILED,
        measures=(
            _count("found", found, of=len(row.bad), better=Direction.HIGHER),
            *_median("executions", [one.executions for one in row.found], "executions"),
            *_median("time", [one.elapsed_s for one in row.found], "s"),
        ),
        params=_params(row, "bad"),
        message="" if found == len(row.bad) else "\n".join(row.problems()),
        replay=replay_line(row.bug, first_seed=row.first_seed, seeds=len(row.bad)),
    )


def _good_record(row: Row) -> Record:
    alarms = len(row.alarms)
    return Record(
        kind=RecordKind.PLANTED,
        name=row.bug.label,
        outcome=Outcome.FAILED if alarms else Outcome.PASSED,
        measures=(_count("found", alarms, of=len(row.good), better=Direction.LOWER),),
        params=_params(row, "good"),
        message="\n".join(row.problems()) if alarms else "",
        replay=replay_line(row.bug, first_seed=row.first_seed, seeds=len(row.good)),
    )


def _params(row: Row, twin: str) -> dict[str, str]:
    return {
        "bug": row.bug.what,
        "component": row.bug.component,
        "method": _method(row.bug),
        "strategy": row.bug.strategy or "default",
        "twin": twin,
        "first_seed": str(row.first_seed),
    }


def _count(metric: str, value: int, *, of: int, better: Direction) -> Measure:
    return Measure(metric=metric, value=value, unit="runs", direction=better, n=of)


def _median(metric: str, values: Sequence[float], unit: str) -> tuple[Measure, ...]:
    if not values:
        return ()  # nothing was found, and there is no median of nothing
    return (
        Measure(
            metric=metric,
            value=statistics.median(values),
            unit=unit,
            direction=Direction.LOWER,
            n=len(values),
            minimum=min(values),
            median=statistics.median(values),
            maximum=max(values),
        ),
    )
