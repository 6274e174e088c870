"""How many known races real threads meet, without noise and with it.

    python -m benchmarks.stress_noise [--seconds 3] [--seeds 3] [--noise off --noise heavy]
                                      [--only NAME] [--good]

The subjects are the planted bugs of secrets and flow that exploration has to find, and twenty
programs of the bug suite: the same bodies, as they are, on real threads. Each runs again and again
in a child process under one noise and one seed, until it fails, hangs, dies, or the time is up. The
time counts from the moment the subject is imported. The table goes to standard output.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.stress_misses import PROGRAMS
from stress.noise import PRESETS, Noise
from tests.planted.catalogue import Method, instrumented, load_bugs
from tests.planted.methods import make_of
from tests.suite.catalogue import PACKAGE, choose
from tests.suite.surroundings import load, processor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HANG_S: Final = 2.0  # an execution takes milliseconds, with noise too
START_S: Final = 60.0  # imports take half a second; loaded, a hundred times that
TELL_S: Final = 0.1
COMPONENTS: Final = ("secret", "flow")
STOPPED: Final = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What one child met.

    Attributes:
        rounds: Executions of the body that were told of.
        how: "failed", "hung", "died", or "" if nothing was met.
        elapsed_s: From the import to the failure; a hang without the time it took to notice.
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


def seek(  # noqa: PLR0913  # what a child is told
    name: str, kind: str, noise: str, *, seed: int, seconds: float, fixed: bool
) -> Sought:
    """Run one subject in a child until it fails or the time is up."""
    job = {"name": name, "kind": kind, "noise": noise, "seed": seed, "seconds": seconds}
    text = json.dumps({**job, "fixed": fixed})
    child = subprocess.Popen(  # noqa: S603  # ourselves
        [sys.executable, "-m", "benchmarks.stress_noise", "--child", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    told, took_s, hung = _hear(child)
    if not told:
        raise RuntimeError(f"{name} with noise {noise!r} did not start: exit code {child.wait()}")
    words = told[-1].split()
    endings = {STOPPED: "", "failed": "failed"}
    how = endings.get(words[-1], "hung" if hung else "died")
    return Sought(rounds=int(words[0]), how=how, elapsed_s=took_s)


def _hear(child: subprocess.Popen[str]) -> tuple[list[str], float, bool]:
    """Return what a child told, how long it took from its first word on, and whether it hung."""
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(iter(child.stdout.readline, "")))  # type: ignore[union-attr]
    reader.start()
    began_s, last_s, seen, hung = 0.0, time.monotonic(), 0, False
    while reader.is_alive():
        reader.join(TELL_S / 2)
        now_s = time.monotonic()
        if len(told) != seen:
            seen, last_s, began_s = len(told), now_s, began_s or now_s
        elif now_s - last_s > (HANG_S if seen else START_S):
            hung = True
            child.kill()
    child.wait()
    # What went before the hang was noticed is all that it took to get there.
    ended_s = last_s if hung else time.monotonic()
    return told, ended_s - (began_s or ended_s), hung


def run_child(text: str) -> None:
    """Run executions of one body; tell their number now and then, and how they ended."""
    job = json.loads(text)
    errors: list[Any] = []
    threading.excepthook = errors.append
    noise = Noise.parse(job["noise"])
    # Without the names of this process's own modules: they are imported already.
    with noise.applied(seed=job["seed"], include=[*instrumented(), PACKAGE]) as applied:
        body = _body(job)
        applied.begin_round(0)
        rounds, told_s = 0, time.monotonic()
        ends_s = told_s + job["seconds"]
        _tell("0")
        while time.monotonic() < ends_s:
            rounds += 1
            try:
                body()
            except Exception as error:  # noqa: BLE001  # whatever the bug raises
                errors.append(error)
            if errors:
                _leave(f"{rounds} failed")
            if time.monotonic() - told_s > TELL_S:
                told_s = time.monotonic()
                _tell(str(rounds))
        _leave(f"{rounds} {STOPPED}")


def _body(job: dict[str, Any]) -> Callable[[], object]:
    if job["kind"] == "planted":
        bug = next(bug for bug in load_bugs() if bug.label == job["name"])
        make = make_of(bug, "good" if job["fixed"] else "bad")
        return lambda: bug.body(make)
    (entry,) = choose((job["name"],))
    program = getattr(importlib.import_module(f"{PACKAGE}.{entry.module}"), entry.function)
    return lambda: program(*entry.arguments, fixed=job["fixed"])


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # whole lines, also from a process that dies


def _leave(line: str) -> None:
    _tell(line)
    os._exit(0)  # threads that are stuck would be waited for


def _cell(found: Sequence[Sought]) -> str:
    met = [one.elapsed_s for one in found if one.how]
    if not met:
        return "-"
    share = "" if len(met) == len(found) else f" ({len(met)} of {len(found)})"
    text = f"{statistics.median(met):.2f} s{share}"
    return f"**{text}**" if not share else text


def _table(names: dict[str, str], noises: Sequence[str], options: argparse.Namespace) -> None:
    _say(f"| bug | {' | '.join(noises)} |")
    _say(f"| --- |{' ---: |' * len(noises)}")
    found: dict[str, list[list[Sought]]] = {noise: [] for noise in noises}
    for name, kind in names.items():
        for noise in noises:
            found[noise].append(
                [
                    seek(name, kind, noise, seed=seed, seconds=options.seconds, fixed=options.good)
                    for seed in range(options.seeds)
                ]
            )
        _say(f"| {name} | {' | '.join(_cell(found[noise][-1]) for noise in noises)} |")
    for title, enough in (("under every seed", all), ("under some seed", any)):
        counts = (sum(enough(one.how for one in row) for row in found[noise]) for noise in noises)
        _say(f"| found {title}, of {len(names)} | {' | '.join(map(str, counts))} |")
    rates = (_rate(row for rows in found[noise] for row in rows) for noise in noises)
    _say(f"| executions a second | {' | '.join(rates)} |")


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
    _table(names, noises, options)
    _say(
        f"\nCPython {platform.python_version()} on {processor()}, load {load()} at the end; "
        f"{options.seconds:g} s a bug, a noise and a seed, {options.seeds} seeds; medians of the "
        "seconds up to the failure, bold where every seed met it."
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_child(sys.argv[2])
    else:
        main()
