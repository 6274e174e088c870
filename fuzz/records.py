"""A campaign as the record that the report keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.campaign.campaign_run import Verdict
from reports import Direction, Measure, Outcome, Record, RecordKind
from reports.thinning import thinned

if TYPE_CHECKING:
    from fuzz.campaign.campaign_run import CampaignRun
    from fuzz.campaign.turns import Broken


def record_of(run: CampaignRun) -> Record:
    """Return the campaign as a record."""
    engines = " + ".join(sorted(set(run.engines)))
    return Record(
        kind=RecordKind.FUZZ,
        name=run.target,
        outcome=_outcome(run.verdict),
        measures=_measures(run),
        params={
            "generator": engines,
            "engine": engines,
            "workers": str(run.workers),
            "seed": str(run.seed),
            "ending": str(run.ending),
            "outlook": "" if run.outlook is None else str(run.outlook),
        },
        message=_message(run),
        replay=run.found[0].replay if run.found else run.again,
    )


def record_of_broken(broken: Broken) -> Record:
    """Return a target that could not be fuzzed as a record: nothing was shown either way."""
    return Record(
        kind=RecordKind.FUZZ,
        name=broken.target,
        outcome=Outcome.UNDECIDED,
        message=f"{broken.how}: {broken.reason}",
    )


def _outcome(verdict: Verdict) -> Outcome:
    match verdict:
        case Verdict.CLEAN:
            return Outcome.PASSED
        case Verdict.FOUND:
            return Outcome.FAILED
        case Verdict.UNDECIDED | Verdict.INTERRUPTED:
            return Outcome.UNDECIDED


def _measures(run: CampaignRun) -> tuple[Measure, ...]:
    higher, lower, neither = Direction.HIGHER, Direction.LOWER, Direction.NEITHER
    measures = [
        _measure("executions", run.executions, "executions", neither),
        _measure("rate", run.rate, "executions/s", higher),
        _measure("time", run.elapsed_s, "s", neither),
        _measure("crashes", len(run.found), "findings", lower),
        _measure("new crashes", len(run.new), "findings", lower),
        _measure("features", run.features, "features", higher, _grown(run, of=2)),
        _measure("corpus", run.corpus, "inputs", neither),
        _measure("restarts", run.restarts, "workers", neither),
        _measure("time without news", run.quiet_s, "s", neither),
    ]
    if run.growth:
        found = run.growth[-1][3]
        measures.append(_measure("new inputs", found, "inputs", neither, _grown(run, of=3)))
    if run.coverage is not None:
        measures.append(_measure("coverage", run.coverage, "edges", higher, _grown(run, of=1)))
    return tuple(measures)


def _measure(
    metric: str,
    value: float,
    unit: str,
    direction: Direction,
    curve: tuple[tuple[float, float], ...] = (),
) -> Measure:
    return Measure(metric=metric, value=float(value), unit=unit, direction=direction, curve=curve)


def _grown(run: CampaignRun, *, of: int) -> tuple[tuple[float, float], ...]:
    """Return how a column of the campaign's growth grew: 1 coverage, 2 features, 3 new inputs."""
    marks = [(mark[0], mark[of]) for mark in run.growth]
    return thinned([(at_s, float(value)) for at_s, value in marks if value is not None])


def _message(run: CampaignRun) -> str:
    if run.found:
        return "\n".join(f"{found.crash.message}\n{found.replay}" for found in run.found)
    return run.why_undecided
