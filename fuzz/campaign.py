"""A campaign: one target, one budget, as many children as it takes.

Saved crashes are run again first. A finding that can be caught is reported by the child, which goes
on; one that ends the child is read from its black box, and another child takes over. Ctrl-C ends
the child and keeps what was found.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz._atheris import why_not
from fuzz.campaign_run import Budget, CampaignRun, Engine
from fuzz.catalogue import find_target
from fuzz.corpus import InputFolder
from fuzz.crash import Crash, CrashKind, crash_from_json, frames_in, key_of
from fuzz.crash_store import CrashStore
from fuzz.errors import EngineMissingError, InputFileError
from fuzz.fuzz_target import MAX_BYTES
from fuzz.watch import Child, ChildEnd, Ended, Report, Status, describe_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.campaign_run import Found

DEFAULT_FOLDER: Final = Path("build/fuzz")
MOST_CHILDREN: Final = 50  # a subject that kills its process on every input would never end
_UNSAFE: Final = re.compile(r"[^\w.-]+")


def choose_engine(name: str) -> Engine:
    """Return the engine called "atheris", "plain", or the best there is for "auto".

    Raises:
        EngineMissingError: Atheris is asked for and cannot run here.
    """
    reason = why_not() if name != "plain" else "not asked for"
    if name == "atheris" and reason:
        raise EngineMissingError(reason)
    return Engine.PLAIN if reason else Engine.ATHERIS


def run_campaign(  # noqa: PLR0913  # all but one are keyword-only
    name: str,
    *,
    engine: Engine,
    seed: int,
    budget: Budget | None = None,
    folder: Path = DEFAULT_FOLDER,
    replay: Path | None = None,
    progress: Callable[[Progress], object] = lambda _: None,
) -> CampaignRun:
    """Fuzz a target and return what came of it; never raises for the subject.

    Args:
        name: One of `target_names()`, or `module:NAME` of any Target.
        seed: With the same engine, corpus and code, the plain generator makes the same inputs.
        budget: Ten seconds when None.
        folder: Holds a folder for each target, with `corpus` and `crashes`.
        replay: Run the input in this file, and nothing else.
        progress: Called some twenty times a second.

    Raises:
        UnknownTargetError: There is no such target.
        InputFileError: The file to replay is missing or too long.
    """
    campaign = _Campaign(
        name, engine, seed=seed, budget=budget or Budget(), folder=folder, progress=progress
    )
    if replay is not None:
        return campaign.replay(replay)
    return campaign.run()


class Progress:
    """What a running campaign shows. Made for each look; the words are for one line."""

    def __init__(self, target: str, status: Status, *, seconds: float, quiet_s: float) -> None:
        self.target = target
        self.status = status
        self.seconds = seconds
        self.quiet_s = quiet_s  # since the last new feature

    def __str__(self) -> str:
        flight = self.status.flight
        rate = flight.executions / self.seconds if self.seconds > 0 else 0.0
        parts = [f"{flight.executions:,} executions", f"{rate:,.0f}/s"]
        if self.status.coverage is not None:
            parts.append(f"{self.status.coverage} edges")
        parts.append(f"{flight.features} features")
        parts.append(f"{self.status.corpus or flight.kept} kept")
        if flight.failures:
            parts.append(f"{flight.failures} failures")
        parts.append(f"nothing new for {self.quiet_s:.0f} s")
        return ", ".join(parts)


class _Campaign:
    """One call of `run_campaign`."""

    def __init__(  # noqa: PLR0913  # one call of run_campaign
        self,
        name: str,
        engine: Engine,
        *,
        seed: int,
        budget: Budget,
        folder: Path,
        progress: Callable[[Progress], object],
    ) -> None:
        self._name = name
        self._target = find_target(name)
        self._engine = engine
        self._seed = seed
        self._budget = budget
        self._folder = folder / _UNSAFE.sub("_", name)
        self._progress = progress
        self._corpus = InputFolder(self._folder / "corpus")
        self._crashes = CrashStore(self._folder / "crashes", name)
        self._to_replay: list[Path] = []
        self._replayed = self._fixed = 0
        # Of the children that have ended.
        self._executions = self._failures = self._undecided = 0
        self._features = 0
        self._coverage: int | None = None
        self._trouble = ""
        self._interrupted = False
        self._began_s = time.monotonic()
        self._fuzzing_s = 0.0
        self._ready_s = 0.0
        self._first_ready_s = 0.0
        self._newest: tuple[object, ...] = ()
        self._newest_s = 0.0

    def run(self) -> CampaignRun:
        """Replay, fuzz, and go on after what ends a child."""
        self._to_replay = self._crashes.saved()
        return self._children(self._budget.seconds, self._budget.runs)

    def replay(self, path: Path) -> CampaignRun:
        """Run one input."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise InputFileError(path, error.strerror or str(error)) from error
        if size > MAX_BYTES:
            raise InputFileError(path, f"it has {size} bytes, an input at most {MAX_BYTES}")
        self._to_replay = [path]
        return self._children(None, 0)

    def _children(self, seconds: float | None, runs: int | None) -> CampaignRun:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._corpus.path.mkdir(exist_ok=True)
        try:
            for number in range(MOST_CHILDREN):
                left_s = None if seconds is None else max(seconds - self._since_first_s(), 0.0)
                left = None if runs is None else max(runs - self._executions + self._replayed, 0)
                if number and (left_s == 0 or left == 0) and not self._to_replay:
                    break
                if not self._one_child(number, left_s, left):
                    break
            else:
                self._trouble = f"{MOST_CHILDREN} children ended early, so no more were started"
        except KeyboardInterrupt:
            self._interrupted = True
        return self._result()

    def _since_first_s(self) -> float:
        """Return how long ago the first child began to run inputs, restarts included."""
        return time.monotonic() - self._first_ready_s if self._first_ready_s else 0.0

    def _one_child(self, number: int, seconds: float | None, runs: int | None) -> bool:
        """Run one child to its end; return whether another shall follow."""
        target = self._target
        job = {
            "target": self._name,
            "instrument": target.instrument,
            "controlled": target.controlled,
            "compares": target.compares,
            "seed": self._seed + number,
            "seconds": seconds,
            "runs": runs,
            "memory_bytes": self._budget.memory_bytes,
            "corpus": str(self._corpus.path.resolve()),
            "replay": [str(path.resolve()) for path in self._to_replay],
        }
        engine = Engine.PLAIN if runs == 0 else self._engine
        self._ready_s = 0.0
        with Child(job, target, engine, self._folder) as child:
            try:
                end = child.watch(self._take, self._show)
            finally:
                self._count(child)
        return self._after(end)

    def _count(self, child: Child) -> None:
        """Add up what a child did, however it ended."""
        flight = child.box.read()
        self._executions += flight.executions
        self._failures += flight.failures
        self._undecided += flight.undecided
        self._features = max(self._features, flight.features)
        coverage = child.status.coverage
        if coverage is not None:
            self._coverage = max(self._coverage or 0, coverage)
        if self._ready_s:
            self._fuzzing_s += time.monotonic() - self._ready_s

    def _take(self, report: Report) -> None:
        match report["report"]:
            case "ready":
                self._ready_s = self._newest_s = time.monotonic()
                self._first_ready_s = self._first_ready_s or self._ready_s
            case "replayed":
                self._take_replayed(Path(report["name"]), report["crash"])
            case "crash":
                data = bytes.fromhex(report["data"])
                self._crashes.add(crash_from_json(report["crash"], data))
            case _:
                pass  # "done" concerns the watch alone

    def _take_replayed(self, absolute: Path, fields: dict[str, Any] | None) -> None:
        path = next(one for one in self._to_replay if one.resolve() == absolute)
        self._to_replay.remove(path)
        self._replayed += 1
        if fields is None:
            self._fixed += 1
        else:
            self._crashes.still_fails(crash_from_json(fields, path.read_bytes()), path)

    def _after(self, end: ChildEnd) -> bool:
        if end.ended is Ended.DONE:
            return False
        if not end.began or end.ended is Ended.SILENT or not end.flight.busy_s:
            words = describe_end(end, hang_s=self._target.hang_s, memory_bytes=0)
            self._trouble = f"the child gave out: {words}; its last words:\n{end.words}"
            return False
        crash = self._crash_of(end)
        if self._to_replay and self._to_replay[0].read_bytes() == end.flight.data:
            path = self._to_replay.pop(0)
            self._replayed += 1
            self._crashes.still_fails(crash, path)
        else:
            self._crashes.add(crash)
        self._failures += 1
        return True

    def _crash_of(self, end: ChildEnd) -> Crash:
        """Return the crash that ended a child, with the input its black box held."""
        kinds = {Ended.HUNG: CrashKind.HANG, Ended.MEMORY: CrashKind.MEMORY}
        killed = end.code is not None and end.code < 0
        kind = kinds.get(end.ended, CrashKind.SIGNAL if killed else CrashKind.EXIT)
        message = describe_end(
            end, hang_s=self._target.hang_s, memory_bytes=self._budget.memory_bytes
        )
        frames = () if kind is CrashKind.MEMORY else frames_in(end.words)
        return Crash(
            key=key_of(f"{kind.name} {end.code}", frames),
            kind=kind,
            message=message,
            story=f"{message}\n{end.words}",
            confirmed=False,
            data=end.flight.data,
        )

    def _show(self, status: Status) -> None:
        now_s = time.monotonic()
        figures = (status.coverage, status.engine_features, status.flight.features)
        if figures != self._newest:
            self._newest, self._newest_s = figures, now_s
        seconds = now_s - self._ready_s if self._ready_s else 0.0
        self._progress(
            Progress(self._name, status, seconds=seconds, quiet_s=now_s - self._newest_s)
        )

    def _result(self) -> CampaignRun:
        found: tuple[Found, ...] = self._crashes.found
        for one in found:
            self._corpus.remove(one.crash.data)  # libFuzzer takes a caught failure for a good input
        return CampaignRun(
            target=self._name,
            engine=self._engine,
            seed=self._seed,
            budget=self._budget,
            executions=self._executions,
            failures=self._failures,
            undecided=self._undecided,
            found=found,
            replayed=self._replayed,
            fixed=self._fixed,
            corpus=len(self._corpus),
            features=self._features,
            coverage=self._coverage,
            elapsed_s=time.monotonic() - self._began_s,
            fuzzing_s=self._fuzzing_s,
            trouble=self._trouble,
            interrupted=self._interrupted,
        )
