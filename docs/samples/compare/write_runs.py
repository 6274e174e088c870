"""Five runs each of two commits, measured in turn in one session, as `measure` stores them."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.write import write_document

MACHINE = Environment(
    system="Linux",
    kernel="6.1",
    machine="x86_64",
    cpu="a CPU",
    cores=8,
    implementation="CPython",
    python="3.13.1",
    build="GCC 12",
    threads="gil",
    hash_seed="0",
)
OLD = {"parse": 3.0e-3, "render": 1.2e-3, "search": 0.8e-3, "connect": 5e-3}
NEW = OLD | {"parse": 3.4e-3, "search": 0.7e-3}
NOISE = {"connect": 0.06}  # the others: 0.01

draw = random.Random(7)
for at in range(10):
    levels, digit = (OLD, "a") if at % 4 in (0, 3) else (NEW, "b")  # old, new, new, old
    records = []
    for name, level in levels.items():
        value = level * (1 + draw.gauss(0, NOISE.get(name, 0.01)))
        time = Measure(metric="time", value=value, unit="s", direction=Direction.LOWER)
        records.append(
            Record(
                kind=RecordKind.BENCHMARK,
                name=f"test_site.py::test_{name}",
                outcome=Outcome.PASSED,
                measures=(time,),
            )
        )
    document = RunDocument(
        source="holdfast report measure",
        written_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=at),
        environment=MACHINE,
        commit=Commit(commit_id=digit * 40, position=ord(digit)),
        session="20260101-000000-abcd",
        records=tuple(records),
    )
    write_document(document, store=Path(".holdfast/store"))
