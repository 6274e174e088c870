"""Forty nights of a project, written into `results`: the last of them was not a good one."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.write import write_document

RUNNER = Environment(
    system="Linux",
    kernel="6.1",
    machine="x86_64",
    cpu="a runner of ours",
    cores=4,
    implementation="CPython",
    python="3.13.0",
    build="GCC 12",
    threads="gil",
    hash_seed="0",
)
luck = random.Random(7)


def bench(name, seconds):
    time = Measure(
        metric="time", value=seconds * luck.gauss(1, 0.01), unit="s", direction=Direction.LOWER
    )
    return Record(kind=RecordKind.BENCHMARK, name=name, outcome=Outcome.PASSED, measures=(time,))


for night in range(40):
    broken = night >= 39
    run = RunDocument(
        source="the nightly job",
        written_at=datetime(2026, 3, 1, 2, tzinfo=UTC) + timedelta(days=night),
        environment=RUNNER,
        commit=Commit(
            commit_id=hashlib.sha256(f"{night}".encode()).hexdigest()[:40], position=night
        ),
        records=(
            bench("benchmarks/test_parse.py::test_large", 0.02 * (1.2 if night >= 37 else 1)),
            bench("benchmarks/test_parse.py::test_small", 3e-5),
            bench("benchmarks/test_render.py::test_page", 0.31),
            Record(
                kind=RecordKind.STRESS,
                name="close_while_reading",
                outcome=Outcome.FAILED if broken else Outcome.PASSED,
                message="AssertionError: read 32 bytes after close" if broken else "",
                replay="holdfast stress run close_while_reading --seed 9",
            ),
        ),
    )
    write_document(run, store=Path("results"))
