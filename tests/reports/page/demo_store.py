"""Stores as a team would have them: for pictures of the page, and for tests in a browser.

Everything is seeded: one call gives one store. The morning of `a_morning` holds each thing that the
page has a word for: a step and a drift for the worse, one that was accepted, one for the better,
lone spikes, a move to another machine, a failed check that is new and one that is not, one fixed.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reports.commit import Commit
from reports.document import RunDocument
from reports.environment import Environment
from reports.layout import claim_store
from reports.record import Direction, Measure, Outcome, Record, RecordKind
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
NEW_MACHINE = Environment(
    system="Linux",
    kernel="6.1",
    machine="x86_64",
    cpu="Invented 9000",
    cores=8,
    implementation="CPython",
    python="3.12.4",
    build="GCC 12.2.0",
    threads="gil",
    hash_seed="0",
)
OLD_MACHINE = replace(NEW_MACHINE, python="3.11.9", cores=4)
_MOVED_AT = 25
NIGHTS = 70
EVIL = (
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"
    "\u2028\u2029'\"&amp;</noscript></style>{{7*7}}"
)
_DEADLOCK = (
    "deadlock: 2 tasks wait for each other\n"
    "A holds pool, waits for slot\n"
    "B holds slot, waits for pool"
)
_STEPS = ("load buffer.open", "acquire lock")
_LANES = "\n".join(
    f"{at:3}  {'reader' if at % 3 else '       closer'}  {_STEPS[at % 2]}" for at in range(1, 24)
)


def commit(at: int) -> Commit:
    """Return the commit of one night."""
    return Commit(commit_id=hashlib.sha256(f"night {at}".encode()).hexdigest()[:40], position=at)


def bench(
    name: str,
    value: float,
    *,
    metric: str = "time",
    unit: str = "s",
    better: Direction = Direction.LOWER,
) -> Record:
    """Return a benchmark's record with one measure."""
    spread = abs(value) * 0.01
    measure = Measure(
        metric=metric,
        value=value,
        unit=unit,
        direction=better,
        n=40,
        q1=value - spread,
        median=value,
        q3=value + spread,
    )
    return Record(kind=RecordKind.BENCHMARK, name=name, outcome=Outcome.PASSED, measures=(measure,))


def write_night(  # noqa: PLR0913  # the parts of a document
    store: Path,
    records: Iterable[Record],
    *,
    at: int,
    hours: float = 0.0,
    environment: Environment = NEW_MACHINE,
    source: str = "pytest-benchmark",
) -> None:
    """Write one run of one night."""
    document = RunDocument(
        source=source,
        written_at=START + timedelta(days=at, hours=hours),
        environment=environment,
        commit=commit(at),
        records=tuple(records),
        load_1m=0.4,
    )
    write_document(document, store=store)


def a_morning(store: Path) -> Path:
    """Write seventy nights, the last of them a bad one."""
    rng = random.Random(20260301)
    for at in range(NIGHTS):
        machine = OLD_MACHINE if at < _MOVED_AT else NEW_MACHINE
        write_night(store, _benchmarks(rng, at), at=at, environment=machine)
    for at, shares in ((NIGHTS - 12, _SHARES_BEFORE), (NIGHTS - 2, _SHARES_AFTER)):
        profile = _cpu_profile("benchmarks/test_access.py::test_read_while_closing", shares)
        write_night(store, [profile], at=at, hours=0.5, source="holdfast report profile")
    write_night(store, _checks(failing=False), at=NIGHTS - 3, hours=1, source="holdfast stress run")
    write_night(store, _checks(failing=True), at=NIGHTS - 1, hours=1, source="holdfast stress run")
    return store


_SHARES_BEFORE = {
    "app/access.py:41 Access.enter": 0.34,
    "app/buffer.py:88 Buffer.read": 0.31,
    "app/buffer.py:130 Buffer.checked": 0.12,
    "app/access.py:77 Access.leave": 0.11,
}
_SHARES_AFTER = {
    "app/buffer.py:152 Buffer.checked": 0.36,
    "app/access.py:41 Access.enter": 0.25,
    "app/buffer.py:94 Buffer.read": 0.22,
    "app/access.py:79 Access.leave": 0.08,
}


def _cpu_profile(name: str, shares: dict[str, float]) -> Record:
    call_s, samples = 2.2e-3, 900
    return Record(
        kind=RecordKind.PROFILE,
        name=name,
        outcome=Outcome.PASSED,
        measures=tuple(
            Measure(
                metric=place,
                value=share * call_s,
                unit="s",
                direction=Direction.LOWER,
                n=round(share * samples),
            )
            for place, share in shares.items()
        ),
        params={"profile": "cpu", "total": f"{call_s:g}", "unit": "s", "per": "call"},
        replay=f"holdfast report profile {name}",
    )


def _benchmarks(rng: random.Random, at: int) -> list[Record]:
    curves: dict[str, tuple[float, Callable[[int], float]]] = {
        "benchmarks/test_access.py::test_read_while_closing": (
            2.1e-3,
            lambda one: 1.31 if one >= NIGHTS - 3 else 1.0,
        ),
        "benchmarks/test_access.py::test_open": (4.0e-6, lambda _: 1.0),
        "benchmarks/test_flow.py::test_many_waiters[threads=32]": (
            0.18,
            lambda one: 1.12 if one >= NIGHTS - 14 else 1.0,
        ),
        "benchmarks/test_flow.py::test_backpressure": (
            31e-3,
            lambda one: 1.0 + max(0, one - 30) * 0.004,
        ),
        "benchmarks/test_store.py::test_accepted_slowdown": (
            0.9,
            lambda one: 1.2 if one >= NIGHTS - 25 else 1.0,
        ),
        "benchmarks/test_store.py::test_faster_now": (
            5e-3,
            lambda one: 0.7 if one >= NIGHTS - 3 else 1.0,
        ),
        "benchmarks/test_store.py::test_sometimes_a_spike": (
            7e-4,
            lambda one: 1.9 if one in {33, 47, 60} else 1.0,
        ),
    }
    records = [
        bench(name, value * shape(at) * (0.8 if at >= _MOVED_AT else 1) * rng.gauss(1, 0.012))
        for name, (value, shape) in curves.items()
    ]
    records += [
        bench(f"benchmarks/test_codec.py::test_decode[{size}]", 1e-6 * size * rng.gauss(1, 0.02))
        for size in (16, 64, 256, 1024, 4096)
    ]
    throughput = 4.1e5 * rng.gauss(1, 0.03)
    records.append(
        bench(
            "benchmarks/test_flow.py::test_messages",
            throughput,
            metric="throughput",
            unit="messages/s",
            better=Direction.HIGHER,
        )
    )
    if at > NIGHTS - 3:
        records.append(bench("benchmarks/test_new.py::test_brand_new", 0.02 * rng.gauss(1, 0.01)))
    return records


def _checks(*, failing: bool) -> list[Record]:
    now, before = (Outcome.FAILED, Outcome.PASSED) if failing else (Outcome.PASSED, Outcome.FAILED)
    story = f"use after close: read 32 bytes from a buffer that was wiped\n{_LANES}"

    def check(kind: RecordKind, name: str, outcome: Outcome, **more: Any) -> Record:
        return Record(kind=kind, name=name, outcome=outcome, **more)

    found = Measure(metric="found", value=19, unit="", direction=Direction.NEITHER, n=20)
    curve = tuple((float(second * 60), 100.0 + 40 * second**0.5) for second in range(30))
    coverage = Measure(
        metric="coverage", value=312.0, unit="edges", direction=Direction.HIGHER, curve=curve
    )
    return [
        check(
            RecordKind.STRESS,
            "close_while_reading",
            now,
            message=story if failing else "",
            replay="holdfast stress run close_while_reading --seed 9",
            measures=(
                Measure(metric="operations", value=84_000, unit="", direction=Direction.HIGHER),
            ),
        ),
        check(
            RecordKind.EXPLORATION,
            "tests/test_pool.py::test_two_borrowers",
            Outcome.FAILED,
            message=_DEADLOCK,
            replay="holdfast replay tests.test_pool:two_borrowers h1.AQIDBAUGBwgJ",
            params={"strategy": "pct", "model": "free-threaded"},
        ),
        check(RecordKind.FUZZ, "session_file", before, measures=(coverage,)),
        check(RecordKind.FUZZ, "flow_operations", Outcome.PASSED, measures=(coverage,)),
        check(
            RecordKind.EXPLORATION,
            "tests/test_flow.py::test_high_water_mark",
            Outcome.UNDECIDED,
            message="the budget of 60 s ended after 41 200 of 100 000 executions",
            replay="holdfast explore tests.test_flow:high_water_mark --time 600s",
        ),
        check(
            RecordKind.PLANTED,
            "B-05",
            Outcome.PASSED,
            measures=(found,),
            params={"bug": "no check after the wait", "method": "exploration", "twin": "bad"},
        ),
        *(
            check(RecordKind.TEST, f"tests/test_pool.py::test_{at}", Outcome.PASSED)
            for at in range(40)
        ),
        check(RecordKind.STRESS, "many_sessions", Outcome.SKIPPED, message="needs 4 cores"),
    ]


def many_series(store: Path, *, series: int, runs: int, seed: int = 1) -> Path:
    """Write `series` benchmarks measured once on each of `runs` commits, one in 200 slower."""
    rng = random.Random(seed)
    base = [10 ** rng.uniform(-7, 0) for _ in range(series)]
    noise = [rng.uniform(0.005, 0.04) for _ in range(series)]
    for at in range(runs):
        records = [
            bench(
                f"benchmarks/test_area_{one // 100:03}.py::test_case[{one % 100}]",
                base[one]
                * rng.gauss(1, noise[one])
                * (1.4 if one % 200 == 7 and at >= runs - 6 else 1),
            )
            for one in range(series)
        ]
        write_night(store, records, at=at)
    return store


def one_run(store: Path) -> Path:
    """Write a single run of two benchmarks."""
    write_night(store, [bench("b.py::test_one", 1e-3), bench("b.py::test_two", 2e-6)], at=0)
    return store


def only_explorations(store: Path) -> Path:
    """Write a run that holds no benchmark."""
    record = Record(
        kind=RecordKind.EXPLORATION, name="tests/test_pool.py::test_ok", outcome=Outcome.PASSED
    )
    write_night(store, [record], at=0, source="holdfast explore")
    return store


def hostile(store: Path) -> Path:
    """Write names and stories that would like to be markup, script or endless."""
    evil = EVIL
    long = "benchmarks/" + "very_long_folder_name/" * 12 + "test.py::test_" + "x" * 150
    for at in range(8):
        slow = 2.0 if at >= 5 else 1.0 + at / 1000
        records = [
            bench(evil, slow, metric=evil, unit=evil),
            bench(long, slow),
            bench(f"{evil}::{evil}", 1.0 + at / 1000),
            Record(
                kind=RecordKind.STRESS,
                name=evil,
                outcome=Outcome.FAILED,
                message=f"{evil}\n{evil}",
                replay=evil,
            ),
            Record(
                kind=RecordKind.FUZZ,
                name="W" * 400,
                outcome=Outcome.FAILED,
                message="M" * 2000,
                replay="holdfast fuzz " + "r" * 500,
            ),
        ]
        write_night(store, records, at=at)
    return store


def empty(store: Path) -> Path:
    """Make a store that nothing was written to."""
    claim_store(store)
    return store
