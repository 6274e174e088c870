"""One CI job's part: `python job.py NIGHT STORE` writes what one night's run measured."""

import sys
from datetime import UTC, datetime
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


def record(name, seconds):
    time = Measure(metric="time", value=seconds, unit="s", direction=Direction.LOWER)
    return Record(kind=RecordKind.BENCHMARK, name=name, outcome=Outcome.PASSED, measures=(time,))


night, store = int(sys.argv[1]), Path(sys.argv[2])
run = RunDocument(
    source="pytest",
    written_at=datetime(2026, 3, night, 2, tzinfo=UTC),
    environment=RUNNER,
    commit=Commit(commit_id=f"{night:x}" * 40, position=night),
    records=(record("parse", 0.02 + night / 1000), record("render", 0.31)),
)
write_document(run, store=store)
