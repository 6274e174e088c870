"""A store with something in it for every section: made up, small, and the same every time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reports.commit import Commit
from reports.document import RunDocument
from reports.environment import Environment
from reports.record import Direction, Measure, Outcome, Record, RecordKind
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
COMMITS = 12
RUNS = 3
STEP_AT = 9  # the commit from which one benchmark is slower
HERE = Environment(
    system="Linux",
    kernel="6.1",
    machine="x86_64",
    cpu="A processor of the tests",
    cores=8,
    implementation="CPython",
    python="3.12.4",
    build="GCC 12.2.0",
    threads="gil",
    hash_seed="0",
)
STACKS = (
    "worker-3 was stuck for 30 s; a lock that nobody gives back looks like this\n"
    "worker-3 waits for the lock of Pool, at pool.py:41 in take\n"
    "worker-1 holds it since pool.py:58 in give, and waits for worker-3 in Thread.join\n"
    "main waits in Thread.join, at pool.py:90 in drain"
)


def measure(
    metric: str,
    value: float,
    unit: str = "",
    *,
    better: Direction = Direction.LOWER,
    **more: object,
) -> Measure:
    """Return a measure; lower is better unless said otherwise."""
    return Measure(metric=metric, value=value, unit=unit, direction=better, **more)  # type: ignore[arg-type]


def bench(name: str, median: float, rng: random.Random, *, rounds: int = 40) -> Record:
    """Return a benchmark whose rounds lie around a median, a few of them far above."""
    run = median * rng.lognormvariate(0, 0.008)
    return Record(
        kind=RecordKind.BENCHMARK,
        name=name,
        outcome=Outcome.PASSED,
        measures=(
            measure(
                "time",
                run,
                "s",
                n=rounds,
                minimum=run * 0.97,
                q1=run * 0.99,
                median=run,
                q3=run * 1.02,
                maximum=run * rng.uniform(1.1, 4.0),
            ),
        ),
    )


def benchmarks(commit: int, rng: random.Random) -> list[Record]:
    """Return the benchmarks of one run: one steps up, some have a number in their name."""
    slow = 1.18 if commit >= STEP_AT else 1.0
    found = [
        bench("benchmarks/test_send.py::test_send_round_trip", 2.9e-3 * slow, rng),
        bench("benchmarks/test_send.py::test_encode", 41e-6, rng),
    ]
    for threads, cost in ((1, 1.0), (2, 1.25), (4, 1.62), (8, 2.2)):
        found.append(
            bench(f"benchmarks/test_pool.py::test_take[threads={threads}]", cost * 3e-6, rng)
        )
    for size in (64, 256, 1024, 4096, 16384):
        found.append(bench(f"benchmarks/test_sort.py::test_merge[{size}]", size**1.31 * 2e-8, rng))
        found.append(bench(f"benchmarks/test_sort.py::test_scan[{size}-items]", size * 1e-8, rng))
    return found


EXPLORATIONS = (
    Record(
        kind=RecordKind.EXPLORATION,
        name="app.pool:take_and_give",
        outcome=Outcome.FAILED,
        measures=(measure("executions", 9, "executions"), measure("time", 0.033, "s")),
        params={
            "strategy": "portfolio", "model": "free-threaded", "seed": "0",
            "evidence": "execution 9 failed (portfolio, seed 0)", "exhausted": "no",
            "finding": "ASSERTION", "gil_reachable": "not shown under the GIL model",
            "data_races": "Counter#1.n",
        },
        message="ASSERTION: an assertion failed\n\n  AssertionError in main: two left 1\n\n"
        "  adder-0 reads it in step 5 and writes it in step 8; adder-1 writes it in step 7",
        replay="holdfast replay app.pool:take_and_give hf2.ZcVXuAFjZGdYMIeRmZuJSZeNFSzK7pxfmleS",
    ),
    Record(
        kind=RecordKind.EXPLORATION,
        name="app.pool:drain",
        outcome=Outcome.UNDECIDED,
        measures=(
            measure("executions", 41_000, "executions"),
            measure("time", 60.0, "s"),
            measure("estimate", 0.18, minimum=0.11, maximum=0.31),
        ),
        params={
            "strategy": "dfs", "model": "gil", "seed": "0", "exhausted": "no",
            "evidence": "41 000 executions within 2 preemptions; the time was up",
            "estimate_of": "the schedules within 2 preemptions",
        },
        message="the time was up before every schedule was tried",
    ),
    Record(
        kind=RecordKind.EXPLORATION,
        name="app.queue:hand_over",
        outcome=Outcome.PASSED,
        measures=(measure("executions", 60, "executions"), measure("time", 0.0135, "s")),
        params={
            "strategy": "dfs", "model": "free-threaded", "exhausted": "yes",
            "evidence": "exhausted: 60 executions, within 2 preemptions",
        },
    ),
    Record(
        kind=RecordKind.EXPLORATION,
        name="app.cache:fill",
        outcome=Outcome.PASSED,
        measures=(
            measure("executions", 5_000, "executions"),
            measure("time", 7.1, "s"),
            measure("estimate", 0.002, minimum=0.0, maximum=0.04),
        ),
        params={
            "strategy": "portfolio", "model": "free-threaded", "seed": "3", "exhausted": "no",
            "evidence": "5 000 executions (portfolio, seed 3)", "estimate_of": "the tree",
        },
    ),
)  # fmt: skip


def planted(name: str, bug: str, method: str, found: int, *, alarms: int = 0) -> list[Record]:
    """Return the two records of one bug under one method, sought 20 times."""
    shared = {"bug": bug, "method": method}
    bad = Record(
        kind=RecordKind.PLANTED,
        name=name,
        outcome=Outcome.PASSED if found == 20 else Outcome.FAILED,
        measures=(
            measure("found", found, "runs", better=Direction.HIGHER, n=20),
            *(
                [measure("executions", 14, "executions"), measure("time", 0.21, "s")]
                if found
                else []
            ),
        ),
        params={**shared, "twin": "bad"},
        message="" if found == 20 else f"{name}: not found in 2000 executions\n  seed 4",
        replay=f"python -m tests.planted --only {name}",
    )
    good = Record(
        kind=RecordKind.PLANTED,
        name=name,
        outcome=Outcome.FAILED if alarms else Outcome.PASSED,
        measures=(measure("found", alarms, "runs", n=20),),
        params={**shared, "twin": "good"},
        message="false alarm: the good twin failed" if alarms else "",
    )
    return [bad, good]


PLANTED = (
    *planted("B-01", "the gate is closed after the count is read", "exploration", 20),
    *planted("B-01-stress", "the gate is closed after the count is read", "stress", 3),
    *planted("B-02", "a signal wakes one of many waiters", "exploration", 20),
    *planted("B-02-stress", "a signal wakes one of many waiters", "stress", 20),
    *planted("B-03", "a frame's length is trusted", "fuzzing", 20, alarms=1),
)

CAMPAIGNS = (
    Record(
        kind=RecordKind.FUZZ,
        name="parse_frame",
        outcome=Outcome.FAILED,
        measures=(
            measure("executions", 480_000, "executions"),
            measure("rate", 4_000, "executions/s"),
            measure("time", 120, "s"),
            measure("crashes", 1, "findings"),
            measure("corpus", 310, "inputs"),
            measure(
                "coverage", 742, "edges", better=Direction.HIGHER,
                curve=((0.0, 90.0), (1.0, 300.0), (4.0, 480.0), (9.0, 600.0), (33.0, 742.0)),
            ),
        ),
        params={
            "generator": "atheris", "workers": "2", "seed": "7",
            "ending": "its budget was used up",
            "outlook": "running as long again is likely to bring 2 new paths at most",
        },
        message="IndexError: index out of range\nat frame.py:31 in read_length",
        replay="holdfast fuzz run parse_frame --replay build/fuzz/parse_frame/crashes/3f2a",
    ),
    Record(
        kind=RecordKind.FUZZ,
        name="route_table",
        outcome=Outcome.PASSED,
        measures=(
            measure("executions", 91_000, "executions"),
            measure("time", 120, "s"),
            measure("crashes", 0, "findings"),
            measure(
                "coverage", 410, "edges", better=Direction.HIGHER,
                curve=tuple((3.0 * k, 60.0 + 350 * (k / 39) ** 0.5) for k in range(40)),
            ),
        ),
        params={"generator": "greybox", "workers": "1", "seed": "7"},
        replay="holdfast fuzz run route_table --seed 7",
    ),
    Record(
        kind=RecordKind.FUZZ,
        name="no_curve",
        outcome=Outcome.UNDECIDED,
        message="IMPORT: no module named app",
    ),
)  # fmt: skip


def memory_curve(rng: random.Random, *, growing: bool) -> tuple[tuple[float, float], ...]:
    """Return resident bytes over a minute."""
    slope = 900_000 if growing else 0
    return tuple((float(at), 36e6 + slope * at + rng.uniform(0, 4e5)) for at in range(0, 61, 2))


def stress_runs(rng: random.Random) -> tuple[Record, ...]:
    """Return a run that hangs, one that leaks, one that passed."""
    common = (
        measure("operations", 720_000, "operations"),
        measure("rate", 144_000, "operations/s"),
    )
    return (
        Record(
            kind=RecordKind.STRESS,
            name="drain_while_taking",
            outcome=Outcome.FAILED,
            measures=(*common, measure("time", 34.0, "s")),
            params={"ending": "hang", "threads": "20", "noise": "heavy", "seed": "4"},
            message=STACKS,
            replay="holdfast stress run drain_while_taking --seed 4 --noise heavy",
        ),
        Record(
            kind=RecordKind.STRESS,
            name="sessions_come_and_go",
            outcome=Outcome.FAILED,
            measures=(
                *common,
                measure("time", 60.0, "s"),
                measure("thread growth", 0, "threads"),
                measure("descriptor growth", 41, "descriptors"),
                measure("memory growth", 54e6, "bytes"),
                measure(
                    "descriptor slope", 1.02, "descriptors/round", n=40, minimum=0.98, maximum=1.05
                ),
                measure("memory slope", 1.3e6, "bytes/round", n=40, minimum=1.1e6, maximum=1.6e6),
                measure("memory", 60e6, "bytes", curve=memory_curve(rng, growing=True)),
                measure(
                    "threads",
                    21,
                    "threads",
                    curve=tuple((float(at), 21.0) for at in range(0, 61, 5)),
                ),
            ),
            params={"ending": "leak", "threads": "20", "noise": "switch", "seed": "0"},
            message="it left 41 descriptors behind, about one a round",
            replay="holdfast stress run sessions_come_and_go --seed 0",
        ),
        Record(
            kind=RecordKind.STRESS,
            name="store_under_chaos",
            outcome=Outcome.PASSED,
            measures=(
                *common,
                measure("time", 60.0, "s"),
                measure("memory growth", 12_288, "bytes"),
                measure("thread growth", 0, "threads"),
                measure("memory slope", 0, "bytes/round", n=40, minimum=-20, maximum=31),
                measure("memory", 36e6, "bytes", curve=memory_curve(rng, growing=False)),
            ),
            params={
                "ending": "passed",
                "chaos": "disk",
                "chaos: disk": "a disk of 1 MiB, nearly full",
            },
            replay="holdfast stress run store_under_chaos --seed 0 --chaos disk",
        ),
    )


def tests_of_a_suite(rng: random.Random) -> list[Record]:
    """Return 60 tests, of which one failed and one was skipped."""
    found = [
        Record(
            kind=RecordKind.TEST,
            name=f"tests/test_pool.py::test_case_{at}",
            outcome=Outcome.PASSED,
            measures=(measure("time", rng.lognormvariate(-4, 1.4), "s"),),
        )
        for at in range(58)
    ]
    return [
        *found,
        Record(
            kind=RecordKind.TEST,
            name="tests/test_pool.py::test_taking_from_an_empty_pool_waits",
            outcome=Outcome.FAILED,
            measures=(measure("time", 0.4, "s"),),
            message="AssertionError: assert 1 == 2\n>       assert left == 2\ntest_pool.py:31",
        ),
        Record(
            kind=RecordKind.TEST,
            name="tests/test_pool.py::test_on_windows",
            outcome=Outcome.SKIPPED,
            message="only Windows has this",
        ),
    ]


PROFILES = tuple(
    Record(
        kind=RecordKind.PROFILE,
        name="benchmarks/test_send.py::test_send_round_trip",
        outcome=Outcome.PASSED,
        measures=tuple(
            measure(f"app/{where}.py:{12 + 7 * at} {name}", value / (at + 1), unit)
            for at, (where, name) in enumerate(
                (
                    ("frame", "Frame.encode"),
                    ("pool", "Pool.take"),
                    ("send", "send"),
                    ("codec", "pad"),
                )
            )
        ),
        params={"profile": kind},
        replay="holdfast report profile benchmarks/test_send.py::test_send_round_trip",
    )
    for kind, value, unit in (("cpu", 1.9, "s"), ("wait", 0.42, "s"), ("memory", 8.1e6, "B"))
)

PAIRS = (
    Record(
        kind=RecordKind.BENCHMARK,
        name="pairs encryption",
        outcome=Outcome.PASSED,
        measures=(
            measure("before", 8.1e-3, "s"),
            measure("after", 2.2e-3, "s"),
            measure("gain", 3.68, "x", better=Direction.HIGHER, n=7, minimum=3.41, maximum=3.9),
        ),
        params={
            "pair": "encryption",
            "claim": "about four times as fast",
            "source": "notes, part 2",
        },
    ),
)
LIMITS = (
    Record(
        kind=RecordKind.BENCHMARK,
        name="engine-switch",
        outcome=Outcome.PASSED,
        measures=(measure("time", 2.1e-6, "s", n=9, q1=2.0e-6, median=2.1e-6, q3=2.3e-6),),
        params={"limit": "5e-06", "about": "one switch between two tasks"},
    ),
)


def full_store(folder: Path) -> Path:
    """Write a store with a history of benchmarks and one run of everything else."""
    store = folder / "store"
    rng = random.Random(20260301)
    for commit in range(1, COMMITS + 1):
        for run in range(RUNS):
            keep(store, benchmarks(commit, rng), commit=commit, minute=run * 4)
    everything = [
        *EXPLORATIONS, *PLANTED, *CAMPAIGNS, *stress_runs(rng), *tests_of_a_suite(rng),
        *PROFILES, *PAIRS, *LIMITS,
    ]  # fmt: skip
    keep(store, everything, commit=COMMITS, minute=40)
    return store


def keep(store: Path, records: Sequence[Record], *, commit: int = COMMITS, minute: int = 0) -> Path:
    """Write one run of one commit into a store."""
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(hours=commit, minutes=minute),
        environment=HERE,
        commit=Commit(commit_id=f"{commit:07x}" + "0" * 33, position=commit),
        records=tuple(records),
        load_1m=0.4,
    )
    return write_document(document, store=store)
