"""Sixteen commits of a benchmark in a store; the last four are slower."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.write import write_document

STORE = Path(".holdfast/store")
noise = random.Random(1)
for number in range(1, 17):
    seconds = (0.0036 if number > 12 else 0.003) * noise.gauss(1, 0.01)
    measure = Measure(metric="time", value=seconds, unit="s", direction=Direction.LOWER)
    record = Record(
        kind=RecordKind.BENCHMARK,
        name="benchmarks/test_parse.py::test_large",
        outcome=Outcome.PASSED,
        measures=(measure,),
    )
    run = RunDocument(
        source="a sample",
        written_at=datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=number),
        environment=Environment(
            system="Linux",
            kernel="6.1",
            machine="x86_64",
            cpu="a CPU",
            cores=8,
            implementation="CPython",
            python="3.13.1",
            build="GCC",
            threads="gil",
            hash_seed="0",
        ),
        commit=Commit(commit_id=f"{number:x}" * 40 if number < 16 else "a1" * 20, position=number),
        records=(record,),
    )
    write_document(run, store=STORE)
