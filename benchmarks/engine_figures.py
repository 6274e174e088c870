"""What a controlled execution costs, alone and beside another tool on the same program."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from figure import Effort, Figure, NotComparedError
from rounds import no_collection

import harness
from harness.campaign import Campaign
from harness.strategies import RandomWalk
from reports import Direction

if TYPE_CHECKING:
    from collections.abc import Callable


RATE_LIMIT: Final = 40_000.0  # executions per CPU-second: a body explored 1 000 times in a blink
THRICE_LIMIT: Final = 20_000.0  # the same of a program with three times the accesses
STEPS_LIMIT: Final = 600_000.0  # choices per CPU-second: a bare prototype makes 800 000
FRONTRUN_LIMIT: Final = 100.0  # times frontrun 0.7.0's random mode, in the same run
FRONTRUN_VERSION: Final = "0.7.0"
TIMEOUT_LIMIT_S: Final = 0.005  # CPU time of an execution whose threads wait 30 virtual seconds
IMPORT_LIMIT_S: Final = 0.060  # the pytest plugin pays it in every run of every user
HERE: Final = Path(__file__).resolve().parent
# Where frontrun is installed when it is not here, so that nothing of it enters our environment.
FRONTRUN_PYTHON_VARIABLE: Final = "HOLDFAST_FRONTRUN_PYTHON"
_CHILD_TIMEOUT_S: Final = 300.0


def program(name: str) -> Callable[[], None]:
    """Return the body of one of the programs beside this file, instrumented on import."""
    folder = str(HERE / "programs")
    sys.path.insert(0, folder)
    try:
        with harness.instrument_imports(include=[name]):
            module = importlib.import_module(name)
    finally:
        sys.path.remove(folder)
    body: Callable[[], None] = module.body
    return body


def rate_of(body: Callable[[], None], executions: int, *, seed: int) -> float:
    """Return the executions per CPU-second of this process; all of them must have run."""
    start = time.process_time()
    found = harness.explore(body, strategy="random", executions=executions, seed=seed)
    cpu_s = time.process_time() - start
    if found.verdict is not harness.Verdict.PASSED or found.executions != executions:
        raise RuntimeError(f"the rate is of whole campaigns only; this one ended: {found}")
    return executions / cpu_s


def engine_rate(effort: Effort) -> list[float]:
    """Return the engine's executions per CPU-second on two threads that increment."""
    body = program("two_increments")
    executions, rounds = effort.pick(quick=2_000, full=10_000), effort.pick(quick=5, full=15)
    rate_of(body, 200, seed=0)
    return [rate_of(body, executions, seed=seed) for seed in range(rounds)]


def thrice_rate(effort: Effort) -> list[float]:
    """Return the same on two threads that increment three times each."""
    body = program("three_increments")
    executions, rounds = effort.pick(quick=2_000, full=10_000), effort.pick(quick=5, full=15)
    rate_of(body, 200, seed=0)
    return [rate_of(body, executions, seed=seed) for seed in range(rounds)]


def steps_rate(effort: Effort) -> list[float]:
    """Return the choices per CPU-second of long executions, in which two tasks could always run."""
    body = program("long_run")
    executions, rounds = effort.pick(quick=3, full=10), effort.pick(quick=5, full=15)
    found = []
    for seed in range(rounds):
        walk = RandomWalk(seed)
        with Campaign(model="free-threaded", max_steps=10**6, body=body) as campaign:
            choices, start = 0, time.process_time()
            for number in range(executions):
                walk.begin(number)
                _, schedule = campaign.run(body, walk)
                choices += len(schedule)
            found.append(choices / (time.process_time() - start))
    return found


def frontrun_ratio(effort: Effort) -> list[float]:
    """Return the engine's rate over frontrun's, both taken in turns on one program."""
    return _ratio_on("two_increments", effort)


def frontrun_thrice_ratio(effort: Effort) -> list[float]:
    """Return the same on two threads that increment three times each."""
    return _ratio_on("three_increments", effort)


def _ratio_on(name: str, effort: Effort) -> list[float]:
    python = _frontrun_python()
    body = program(name)
    executions, rounds = effort.pick(quick=2_000, full=10_000), effort.pick(quick=3, full=7)
    attempts = effort.pick(quick=200, full=600)
    rate_of(body, 200, seed=0)
    return [
        rate_of(body, executions, seed=seed) / _frontrun_rate(python, name, attempts)
        for seed in range(rounds)
    ]


def timeout_s(effort: Effort) -> list[float]:
    """Return the CPU seconds of one controlled execution with 30-second timeouts."""
    body = program("long_timeouts")
    executions, rounds = effort.pick(quick=50, full=200), effort.pick(quick=5, full=15)
    with no_collection():
        return [1 / rate_of(body, executions, seed=seed) for seed in range(rounds)]


def import_s(effort: Effort) -> list[float]:
    """Return how much longer a Python lives that imports the harness than one that does not."""
    rounds = effort.pick(quick=5, full=21)
    with tempfile.TemporaryDirectory() as cache:
        # As installed: byte code is there, whatever this process may write where the source lies.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env = {**inherited, "PYTHONPYCACHEPREFIX": cache}
        _python_s("import harness", env)
        found = [_python_s("import harness", env) - _python_s("pass", env) for _ in range(rounds)]
    # A difference of two noisy numbers can come out below zero; as a time it is then zero.
    return [max(one, 0.0) for one in found]


def _python_s(code: str, env: dict[str, str]) -> float:
    """Return the CPU seconds of a fresh Python that runs `code`, or wall where CPU is unknown."""
    before, start = _children_cpu_s(), time.perf_counter()
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, timeout=_CHILD_TIMEOUT_S, env=env)  # noqa: S603  # our own
    after, wall_s = _children_cpu_s(), time.perf_counter() - start
    return wall_s if before is None or after is None else after - before


def _children_cpu_s() -> float | None:
    if sys.platform == "win32":
        return None
    times = os.times()
    fine = _rusage_children_s()
    return fine if fine is not None else times.children_user + times.children_system


def _rusage_children_s() -> float | None:
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return None
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _frontrun_python() -> str:
    named = os.environ.get(FRONTRUN_PYTHON_VARIABLE)
    if named:
        return named
    if find_spec("frontrun") is not None:
        return sys.executable
    raise NotComparedError(
        f"frontrun {FRONTRUN_VERSION} is not installed; {FRONTRUN_PYTHON_VARIABLE} can name a "
        f"Python that has it (python -m venv v && v/bin/pip install frontrun=={FRONTRUN_VERSION})"
    )


def _frontrun_rate(python: str, name: str, attempts: int) -> float:
    script = str(HERE / "frontrun_rate.py")
    done = subprocess.run(  # noqa: S603  # the Python that the user named
        [python, "-m", "frontrun.cli", python, script, name, str(attempts)],
        capture_output=True,
        text=True,
        timeout=_CHILD_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise NotComparedError(f"frontrun did not run: {done.stderr.strip()[-500:]}")
    line: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if line["version"] != FRONTRUN_VERSION:
        raise NotComparedError(f"frontrun is {line['version']}, the figure is {FRONTRUN_VERSION}'s")
    return float(line["executions"] / line["cpu_s"])


FIGURES: Final = (
    Figure(
        name="engine-rate",
        about="executions per CPU-second of a two-thread c.n += 1 in instrumented ordinary code",
        metric="rate",
        unit="per CPU-s",
        direction=Direction.HIGHER,
        measure=engine_rate,
        limit=RATE_LIMIT,
    ),
    Figure(
        name="engine-rate-thrice",
        about="executions per CPU-second of two threads that increment three times each",
        metric="rate",
        unit="per CPU-s",
        direction=Direction.HIGHER,
        measure=thrice_rate,
        limit=THRICE_LIMIT,
    ),
    Figure(
        name="engine-steps",
        about="choices per CPU-second of long executions of two threads that always could run",
        metric="rate",
        unit="per CPU-s",
        direction=Direction.HIGHER,
        measure=steps_rate,
        limit=STEPS_LIMIT,
    ),
    Figure(
        name="engine-against-frontrun",
        about=f"executions per CPU-second, times frontrun {FRONTRUN_VERSION}'s random mode",
        metric="ratio",
        unit="x",
        direction=Direction.HIGHER,
        measure=frontrun_ratio,
        limit=FRONTRUN_LIMIT,
    ),
    Figure(
        name="engine-against-frontrun-thrice",
        about=f"the same of three increments each, times frontrun {FRONTRUN_VERSION}'s random mode",
        metric="ratio",
        unit="x",
        direction=Direction.HIGHER,
        measure=frontrun_thrice_ratio,
        limit=FRONTRUN_LIMIT,
    ),
    Figure(
        name="long-timeouts",
        about="CPU time of one controlled execution whose threads wait 30 seconds",
        metric="time",
        unit="s",
        direction=Direction.LOWER,
        measure=timeout_s,
        limit=TIMEOUT_LIMIT_S,
    ),
    Figure(
        name="import-harness",
        about="import harness, more than bare Python",
        metric="time",
        unit="s",
        direction=Direction.LOWER,
        measure=import_s,
        limit=IMPORT_LIMIT_S,
    ),
)
