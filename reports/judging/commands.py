"""`holdfast report gate`: what got slower, as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reports.command_line import REGRESSION_EXIT, explained, say, store_option
from reports.judging.gate import GateReport, look, require_judged
from reports.judging.judge import FLOOR, NOISE_MULTIPLE, Judged, Judgement, Limits
from reports.quantities import count, percent, quantity
from reports.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="gate",
    short_help="Exit 1 when a benchmark got worse.",
    help="""Compare the newest runs with their history; exit 1 when something got worse.

    Each benchmark's median over the newest code's runs is held against the last runs before it,
    of the same machine, Python and key packages. It counts as worse when it moved in its bad
    direction by more than the floor and by more than the noise allows. Run the benchmarks three
    times or more and ingest each: a single run cannot tell a slow moment from slow code.

    \b
    Exit codes:
      0  nothing got worse
      1  at least one benchmark got worse
      2  wrong usage, too little history (5 runs), or history only from unlike environments

    The gate changes nothing: results are stored before it looks, whatever it says.
    """,
)
@store_option
@click.option(
    "--floor",
    type=click.FloatRange(min=0, max=1000),
    default=FLOOR * 100,
    show_default=True,
    help="Percent that a benchmark may always move.",
)
@click.option(
    "--noise",
    type=click.FloatRange(min=0, max=100),
    default=NOISE_MULTIPLE,
    show_default=True,
    help="How many times its own noise it may move.",
)
@explained
def gate_command(store: Path, floor: float, noise: float) -> None:
    """Judge the newest runs and exit by what became of them."""
    with Store(store) as opened:
        report = look(opened, limits=Limits(floor=floor / 100, noise_multiple=noise))
        _print_gate(report)
        if report.regressions:
            raise SystemExit(REGRESSION_EXIT)
        require_judged(report, opened)


def _print_gate(report: GateReport) -> None:
    say(f"{report.label} on {report.environment}")
    improved = report.having(Judgement.IMPROVEMENT)
    for judged in (*report.regressions, *improved):
        say(_gate_line(judged))
    not_judged = report.having(Judgement.TOO_LITTLE) + report.having(Judgement.NO_DIRECTION)
    say(
        f"{len(report.regressions)} worse, {len(improved)} better, "
        f"{len(report.having(Judgement.UNCHANGED))} unchanged, {len(not_judged)} not judged"
    )


def _gate_line(judged: Judged) -> str:
    before = quantity(judged.baseline or 0.0, judged.unit)
    facts = [f"{quantity(judged.current, judged.unit)}, was {before}"]
    if judged.change is not None:
        facts.append(percent(judged.change))
    if judged.smallest_visible is not None:
        facts.append(f"allowed {percent(judged.smallest_visible)}")
    facts.append(f"{count(judged.current_runs, 'run')} against {judged.history_runs}")
    name = f"{judged.key.benchmark} ({judged.key.metric})"
    return f"{judged.judgement.value:6}  {name}: {'; '.join(facts)}"
