"""How many known races real threads meet, without noise and with it.

    python -m benchmarks.stress_noise [--seconds 3] [--seeds 3] [--noise off --noise heavy]
                                      [--only NAME] [--good]

The subjects are the planted bugs of secrets and flow that exploration has to find, and twenty
programs of the bug suite: the same bodies, as they are, on real threads. Each runs again and again
in a child process under one noise and one seed, until it fails, hangs, dies, or the time is up. The
table goes to standard output.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import select
import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from benchmarks.stress_misses import PROGRAMS
from harness.instrument import perturb_imports
from stress.noise import PRESETS, Noise
from tests.planted.catalogue import Method, instrumented, load_bugs
from tests.planted.methods import make_of
from tests.suite.catalogue import PACKAGE, choose
from tests.suite.surroundings import load, processor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HANG_S: Final = 4.0  # an execution takes milliseconds, with noise too; a load of 70 makes it 2 s
START_S: Final = 60.0  # from the fork to the first execution
TELL_S: Final = 0.1
COMPONENTS: Final = ("secret", "flow")
INCLUDE: Final = (*instrumented(), PACKAGE)
STOPPED: Final = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What holds for every run.

    Attributes:
        seconds: After which a run ends that has met nothing.
        good: The correct twins run, and not those with the bug.
    """

    seconds: float
    good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What one child met.

    Attributes:
        rounds: Executions of the body that were told of.
        how: "failed", "hung", "died", or "" if nothing was met.
        elapsed_s: Up to the failure; a hang without the time it took to notice.
    """

    rounds: int
    how: str
    elapsed_s: float


def subjects() -> dict[str, str]:
    """Return the kind of each subject by its name: "planted" or "suite"."""
    planted = {
        bug.label: "planted"
        for bug in load_bugs()
        if bug.method is Method.EXPLORATION and bug.component in COMPONENTS
    }
    return {**planted, **dict.fromkeys(PROGRAMS, "suite")}


class Server:
    """A process that has imported all subjects and forks a child for each run; Linux only.

    Starting an interpreter for each would take longer than most runs. Nothing else runs in the
    server, so that a fork copies nobody's locks.
    """

    def __init__(self, *, rewritten: bool) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-m", "benchmarks.stress_noise", "--serve", str(int(rewritten))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def seek(self, name: str, kind: str, noise: str, *, seed: int, options: Options) -> Sought:
        """Run one subject in a child until it fails or the time is up."""
        job = {"name": name, "kind": kind, "noise": noise, "seed": seed, **asdict(options)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Sought(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the server."""
        self._process.communicate()  # closes what jobs come by, which ends it


def serve(*, rewritten: bool) -> None:
    """Import all subjects, then run the jobs that come, a line of JSON each."""
    bodies = nullcontext() if not rewritten else perturb_imports(INCLUDE)
    with bodies:
        for name, kind in subjects().items():
            body_of(name, kind, fixed=False)
    for line in sys.stdin:
        _say(json.dumps(asdict(_in_a_child(json.loads(line)))))


def _in_a_child(job: dict[str, Any]) -> Sought:
    """Fork, and hear what the child tells until it ends or hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run_child(job, writing)
    os.close(writing)
    told, hung = "", False
    began_s = last_s = time.monotonic()
    while True:
        ready, _, _ = select.select([reading], [], [], HANG_S if told else START_S)
        if not ready:
            hung = True
            os.kill(child, signal.SIGKILL)
        piece = os.read(reading, 4_096).decode() if ready else ""
        if not piece:
            break
        last_s = time.monotonic()
        began_s = began_s if told else last_s
        told += piece
    os.close(reading)
    os.waitpid(child, 0)
    words = told.split()
    endings = {STOPPED: "", "failed": "failed"}
    return Sought(
        rounds=max((int(word) for word in words if word.isdigit()), default=0),
        how=endings.get(words[-1] if words else "", "hung" if hung else "died"),
        # What went before the hang was noticed is all that it took to get there.
        elapsed_s=(last_s if hung else time.monotonic()) - began_s,
    )


def _run_child(job: dict[str, Any], writing: int) -> NoReturn:
    """Run executions of one body; tell their number now and then, and how they ended."""
    errors: list[Any] = []
    threading.excepthook = errors.append
    try:
        body = body_of(job["name"], job["kind"], fixed=job["good"])
        noise = Noise.parse(job["noise"])
        with noise.applied(seed=job["seed"], include=INCLUDE) as applied:
            applied.begin_round(0)
            _tell(writing, _executions(body, errors, job["seconds"], writing))
    finally:
        os._exit(0)  # threads that are stuck would be waited for


def _executions(body: Callable[[], object], errors: list[Any], seconds: float, writing: int) -> str:
    rounds, told_s = 0, time.monotonic()
    _tell(writing, "0")
    ends_s = told_s + seconds
    while time.monotonic() < ends_s:
        rounds += 1
        try:
            body()
        except Exception as error:  # noqa: BLE001  # whatever the bug raises
            errors.append(error)
        if errors:
            return f"{rounds} failed"
        if time.monotonic() - told_s > TELL_S:
            told_s = time.monotonic()
            _tell(writing, str(rounds))
    return f"{rounds} {STOPPED}"


def body_of(name: str, kind: str, *, fixed: bool) -> Callable[[], object]:
    """Return what one execution calls."""
    if kind == "planted":
        bug = next(bug for bug in load_bugs() if bug.label == name)
        make = make_of(bug, "good" if fixed else "bad")
        return lambda: bug.body(make)
    (entry,) = choose((name,))
    program = getattr(importlib.import_module(f"{PACKAGE}.{entry.module}"), entry.function)
    return lambda: program(*entry.arguments, fixed=fixed)


def _tell(writing: int, line: str) -> None:
    os.write(writing, f"{line}\n".encode())  # whole lines, also from a process that dies


def _cell(found: Sequence[Sought]) -> str:
    met = [one.elapsed_s for one in found if one.how]
    if not met:
        return "-"
    share = "" if len(met) == len(found) else f" ({len(met)} of {len(found)})"
    text = f"{statistics.median(met):.2f} s{share}"
    return f"**{text}**" if not share else text


def _table(names: dict[str, str], noises: Sequence[str], seeds: int, options: Options) -> None:
    servers = {rewritten: Server(rewritten=rewritten) for rewritten in (False, True)}
    _say(f"| bug | {' | '.join(noises)} |")
    _say(f"| --- |{' ---: |' * len(noises)}")
    found: dict[str, list[list[Sought]]] = {noise: [] for noise in noises}
    for name, kind in names.items():
        for noise in noises:
            server = servers[Noise.parse(noise).instruments]
            found[noise].append(
                [
                    server.seek(name, kind, noise, seed=seed, options=options)
                    for seed in range(seeds)
                ]
            )
        _say(f"| {name} | {' | '.join(_cell(found[noise][-1]) for noise in noises)} |")
    for title, enough in (("under every seed", all), ("under some seed", any)):
        counts = (sum(enough(one.how for one in row) for row in found[noise]) for noise in noises)
        _say(f"| found {title}, of {len(names)} | {' | '.join(map(str, counts))} |")
    rates = (_rate(row for rows in found[noise] for row in rows) for noise in noises)
    _say(f"| executions a second, where nothing was met | {' | '.join(rates)} |")
    for server in servers.values():
        server.close()


def _rate(found: Iterable[Sought]) -> str:
    """Return how fast the runs that met nothing went."""
    whole = [one for one in found if not one.how]
    time_s = sum(one.elapsed_s for one in whole)
    return f"{sum(one.rounds for one in whole) / time_s:.0f}" if time_s else "-"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description="Real threads, without noise and with it.")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each bug, noise and seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--noise", action="append", help="as `holdfast stress run --noise` takes it"
    )
    parser.add_argument("--only", action="append", help="a bug or a program; may be repeated")
    parser.add_argument("--good", action="store_true", help="run the correct twins instead")
    options = parser.parse_args()
    noises = options.noise or list(PRESETS)
    for noise in noises:
        Noise.parse(noise)  # a wrong one is an error now, and not in an hour
    names = {
        name: kind for name, kind in subjects().items() if not options.only or name in options.only
    }
    _table(names, noises, options.seeds, Options(seconds=options.seconds, good=options.good))
    _say(
        f"\nCPython {platform.python_version()} on {processor()}, load {load()} at the end; "
        f"{options.seconds:g} s a bug, a noise and a seed, {options.seeds} seeds; medians of the "
        "seconds up to the failure, bold where every seed met it."
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(rewritten=sys.argv[2] == "1")
    else:
        main()
