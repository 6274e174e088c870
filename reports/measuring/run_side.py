"""One run of one side: its benchmarks in a process of their own, as one document."""

from __future__ import annotations

import dataclasses
import os
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reports.document import document_now
from reports.environment import Environment
from reports.importers.ingest import read_runs
from reports.measuring.child import run_child
from reports.measuring.child_figures import ChildFigures, read_figures
from reports.measuring.errors import NothingMeasuredError, SideFailedError
from reports.measuring.instructions import ROUNDS as INSTRUCTION_ROUNDS
from reports.measuring.instructions import per_call
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.document import RunDocument
    from reports.measuring.child import Ended
    from reports.measuring.environments import Side
    from reports.measuring.instructions import Counter
    from reports.measuring.plan import Plan

SOURCE: Final = "holdfast report measure"
WHOLE_RUN: Final = "the whole run"
SIDE_PARAM: Final = "side"
ROUND_PARAM: Final = "round"
_PLUGIN: Final = "holdfast_measure_plugin"
# By its path and its words: it is imported where it is loaded, by pytest alone.
_PLUGIN_FILE: Final = Path(__file__).with_name("child_plugin.py")
_WANTED: Final = "HOLDFAST_MEASURE_TO"


def run_side(  # noqa: PLR0913  # a side, a round, and what is taken
    side: Side,
    plan: Plan,
    *,
    at_round: int,
    extra: Sequence[str] = (),
    counter: Counter | None = None,
    on_start: Callable[[int], None] = lambda _pid: None,
) -> RunDocument:
    """Run one side's benchmarks once, and return what they came to.

    Args:
        at_round: Which round this is, from 0.
        counter: What counts instructions, or None not to.
        on_start: Told the id of the process.

    Raises:
        SideFailedError: The command cannot be started, failed, or took too long.
        NothingMeasuredError: It wrote no result.
        DamagedDocumentError: It wrote something else.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-measure-") as name:
        scratch = Path(name)
        results, figures = scratch / "results.json", scratch / "figures.json"
        command = [side.filled(word, json=results) for word in [*plan.command, *extra]]
        if plan.benchmark:
            command += ["-k", plan.benchmark]
        ended = _run(side, plan, command, scratch, on_start)
        if not results.is_file():
            raise NothingMeasuredError(side.label, ended.command, "it wrote no result")
        documents = read_runs(results)
        records = [one for document in documents for one in document.records]
        taken = read_figures(figures)
        if not any(one.kind is RecordKind.BENCHMARK for one in records):
            raise NothingMeasuredError(side.label, ended.command, "its result has no benchmark")
        if counter is not None and at_round < INSTRUCTION_ROUNDS:
            records = [_counted(one, side, plan, command, scratch, counter) for one in records]
    written = document_now(
        [_with(one, taken, side.name, at_round) for one in (*records, _whole(ended))],
        source=SOURCE,
        commit=side.code.commit,
        environment=_environment(documents[0].environment, taken),
    )
    return dataclasses.replace(written, session=plan.session)


def _variables(side: Side, scratch: Path) -> dict[str, str]:
    """Return the variables of a side's benchmarks, with the plugin on their path."""
    shutil.copyfile(_PLUGIN_FILE, scratch / f"{_PLUGIN}.py")
    return side.environment(
        PYTHONPATH=os.pathsep.join(str(path) for path in (*side.paths, scratch)),
        PYTEST_PLUGINS=_PLUGIN,
        **{_WANTED: str(scratch / "figures.json")},
    )


def _run(
    side: Side, plan: Plan, command: Sequence[str], scratch: Path, on_start: Callable[[int], None]
) -> Ended:
    environment = _variables(side, scratch)
    step = "running its benchmarks"
    try:
        ended = run_child(
            command,
            folder=side.checkout,
            environment=environment,
            timeout_s=plan.timeout_s,
            cpus=plan.cpu_set,
            on_start=on_start,
        )
    except OSError as error:
        ending = f"could not be started ({error.strerror})"
        raise SideFailedError(side.label, step, shlex.join(command), ending, "") from error
    if ended.code != 0:
        raise SideFailedError(side.label, step, ended.command, ended.ending, ended.tail)
    return ended


def _counted(  # noqa: PLR0913, PLR0917  # what a run of one benchmark needs
    record: Record,
    side: Side,
    plan: Plan,
    command: Sequence[str],
    scratch: Path,
    counter: Counter,
) -> Record:
    """Return a record with the instructions of one call, where they could be counted."""
    if record.kind is not RecordKind.BENCHMARK:
        return record
    counts = per_call(
        command,
        record.name,
        counter=counter,
        folder=side.checkout,
        environment=_variables(side, scratch),
        timeout_s=plan.timeout_s,
    )
    if counts is None:
        return dataclasses.replace(
            record, params={**record.params, "instructions": f"{counter.value} counted none"}
        )
    counted = Measure(
        metric="instructions", value=counts, unit="instructions", direction=Direction.LOWER
    )
    params = {**record.params, "instructions": f"counted by {counter.value}"}
    return dataclasses.replace(record, measures=(*record.measures, counted), params=params)


def _with(record: Record, taken: ChildFigures, side: str, at_round: int) -> Record:
    """Return a record with the figures that the child took beside the time."""
    params = {**record.params, SIDE_PARAM: side, ROUND_PARAM: str(at_round + 1)}
    known = {one.metric for one in record.measures}
    more = tuple(one for one in taken.measures(record.name) if one.metric not in known)
    return dataclasses.replace(record, measures=record.measures + more, params=params)


def _whole(ended: Ended) -> Record:
    """Return what the whole process came to: its memory is a metric, its CPU time a figure."""
    lower, neither = Direction.LOWER, Direction.NEITHER
    measures = []
    if ended.max_rss_bytes is not None:
        rss = float(ended.max_rss_bytes)
        measures.append(Measure(metric="peak resident", value=rss, unit="B", direction=lower))
    if ended.cpu_s is not None:
        # pytest-benchmark runs for a given time: less work a call means more calls, not less CPU.
        cpu = Measure(metric="process CPU", value=ended.cpu_s, unit="s", direction=neither)
        measures.append(cpu)
    return Record(
        kind=RecordKind.BENCHMARK,
        name=WHOLE_RUN,
        outcome=Outcome.PASSED,
        measures=tuple(measures),
    )


def _environment(told: Environment, taken: ChildFigures) -> Environment:
    """Return this machine with the child's Python, as far as the child told of it."""
    if not taken.python:
        return told
    return dataclasses.replace(
        Environment.capture(),
        implementation=taken.python["implementation"],
        python=taken.python["python"],
        build=taken.python["build"],
        threads=taken.python["threads"],
        hash_seed=taken.python["hash_seed"],
        packages=taken.packages,
    )
