"""Which code of a target's modules its corpus reaches: by running the corpus again, plainly.

Not measured while fuzzing: coverage.py under a fuzzer costs much, and loses its data when the
process is left by C's `exit`. The corpus is run in a child without a fuzzer. An input that hangs or
ends the process takes with it what was measured since the last save, so the harmless inputs since
then run again.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder
from fuzz.campaign.corpus import InputFolder
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.errors import CoverageMissingError, NothingReachedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage import Coverage

    from fuzz.target_facts import TargetFacts

SCHEMA: Final = "holdfast.coverage/1"
SAVE_EVERY: Final = 200  # inputs; a save takes some 20 ms
SLOWER: Final = 3.0  # what tracing costs code that does little else than run lines
DEADLY: Final = frozenset({"SIGNAL", "EXIT", "HANG", "MEMORY"})  # kinds that end their process


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedFunction:
    """How much of one function was reached.

    Attributes:
        place: `module.py:12 Class.function`.
        lines: Lines that can run, and how many of them did.
    """

    place: str
    lines: int
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedModule:
    """How much of one module was reached.

    Attributes:
        branches: Ways out of lines that have several; 0 if there is none.
        missed: Functions of which not one line ran, the longest first.
    """

    path: str
    lines: int
    lines_reached: int
    branches: int
    branches_reached: int
    missed: tuple[ReachedFunction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What the corpus of a target reaches.

    Attributes:
        inputs: How many were run.
        crashed: Files of those that failed; the lines up to there count, unless the process ended.
        deadly: Files of those that ended their process: what they reached is not known.
        html: The first page of the report; None if none was asked for.
    """

    target: str
    inputs: int
    modules: tuple[ReachedModule, ...]
    crashed: tuple[Path, ...]
    deadly: tuple[Path, ...]
    html: Path | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "schema": SCHEMA,
            "target": self.target,
            "inputs": self.inputs,
            "crashed": [str(path) for path in self.crashed],
            "deadly": [str(path) for path in self.deadly],
            "html": None if self.html is None else str(self.html),
            "modules": [
                {
                    "path": one.path,
                    "lines": one.lines,
                    "lines_reached": one.lines_reached,
                    "branches": one.branches,
                    "branches_reached": one.branches_reached,
                    "never_reached": [missed.place for missed in one.missed],
                }
                for one in self.modules
            ],
        }


def reach(
    name: str,
    *,
    folder: Path = DEFAULT_FOLDER,
    html: Path | None = None,
    extra: Sequence[Path] = (),
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> Reached:
    """Run the corpus and the saved crashes of a target, and tell which code that reaches.

    Args:
        name: Of the target: a name of the catalogue, or `module:NAME`.
        folder: Where campaigns keep their folders.
        html: Folder that gets the report as pages.
        extra: Further folders of inputs.
        progress: Told how many inputs were run, and of how many.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        CoverageMissingError: coverage.py is not installed.
        NothingReachedError: There is nothing to run, or no module to look at.
    """
    coverage = _coverage_class()
    facts = ask(name)
    if not facts.instrument:
        raise NothingReachedError(name, "it names no modules: give it instrument=[...]")
    places = CampaignFolder(folder, name)
    inputs = _inputs(facts, [places.corpus, places.crashes, *extra])
    if not inputs:
        raise NothingReachedError(name, f"{places.corpus} holds no inputs, and it has no seeds")
    with tempfile.TemporaryDirectory(prefix="holdfast-coverage-") as scratch:
        settings = _settings(facts, Path(scratch) / "data")
        run = _Run(facts, settings)
        run.all(inputs, progress)
        cover = coverage(**settings)
        cover.combine([scratch], keep=True)
        modules = _modules(cover, facts, Path(scratch))
        page = _write_html(cover, html, name)
    return Reached(
        target=name,
        inputs=len(inputs),
        modules=modules,
        crashed=tuple(run.crashed),
        deadly=tuple(run.deadly),
        html=page,
    )


def _coverage_class() -> type[Coverage]:
    try:
        from coverage import Coverage  # noqa: PLC0415  # an extra; only this report needs it
    except ImportError as error:
        raise CoverageMissingError from error
    return Coverage


def _settings(facts: TargetFacts, data_file: Path) -> dict[str, Any]:
    """Return the settings of `coverage.Coverage`; a project's own file could say anything."""
    return {
        "data_file": str(data_file),
        "data_suffix": True,
        "branch": True,
        "config_file": False,
        "source_pkgs": list(facts.instrument),
        # Under the engine, threads are greenlets of one thread.
        "concurrency": ["thread", "greenlet"] if facts.controlled else ["thread"],
        "messages": False,
    }


def _inputs(facts: TargetFacts, folders: Sequence[Path]) -> dict[Path, bytes]:
    """Return every different input, by its file; seeds that no campaign has kept go by number."""
    found = {path: path.read_bytes() for one in folders for path in InputFolder(one).files()}
    there = set(found.values())
    for number, seed in enumerate(facts.seeds):
        if seed not in there:
            found[Path(f"seed {number}")] = seed
    return found


class _Run:
    """The inputs of one report, run under coverage. Used once."""

    def __init__(self, facts: TargetFacts, settings: dict[str, Any]) -> None:
        self._facts = facts
        self._settings = settings
        self._unsaved: list[bytes] = []
        self.crashed: list[Path] = []
        self.deadly: list[Path] = []

    def all(self, inputs: dict[Path, bytes], progress: Callable[[int, int], object]) -> None:
        """Run every input; note those that fail."""
        with ContainedTarget(
            self._facts, hang_s=self._facts.hang_s * SLOWER, coverage=self._settings
        ) as target:
            for number, (path, data) in enumerate(inputs.items()):
                progress(number, len(inputs))
                self._one(target, path, data)
                if len(self._unsaved) >= SAVE_EVERY:
                    self._save(target)
            self._save(target)
            progress(len(inputs), len(inputs))

    def _one(self, target: ContainedTarget, path: Path, data: bytes) -> None:
        crash = target.run(data, fresh=False).crash
        if crash is not None:
            self.crashed.append(path)
        if crash is None or crash.kind.name not in DEADLY:
            self._unsaved.append(data)
            return
        self.deadly.append(path)
        # What was measured in that process is lost. These did no harm the first time.
        for harmless in self._unsaved:
            target.run(harmless, fresh=False)
        self._save(target)

    def _save(self, target: ContainedTarget) -> None:
        if target.save_coverage():
            self._unsaved.clear()


def _modules(cover: Coverage, facts: TargetFacts, scratch: Path) -> tuple[ReachedModule, ...]:
    from coverage.exceptions import NoDataError  # noqa: PLC0415  # an extra

    report = scratch / "report.json"
    try:
        cover.json_report(outfile=str(report))
    except NoDataError as error:
        names = ", ".join(facts.instrument)
        raise NothingReachedError(facts.name, f"no line of {names} ran") from error
    files = json.loads(report.read_text("utf-8"))["files"]
    return tuple(_module(path, told) for path, told in sorted(files.items()))


def _module(path: str, told: dict[str, Any]) -> ReachedModule:
    summary = told["summary"]
    missed = [
        ReachedFunction(
            place=f"{path}:{function['start_line']} {name}",
            lines=function["summary"]["num_statements"],
            reached=0,
        )
        for name, function in told.get("functions", {}).items()
        if name
        and function["summary"]["num_statements"]
        and not function["summary"]["covered_lines"]
    ]
    return ReachedModule(
        path=path,
        lines=summary["num_statements"],
        lines_reached=summary["covered_lines"],
        branches=summary["num_branches"],
        branches_reached=summary["covered_branches"],
        missed=tuple(sorted(missed, key=lambda one: (-one.lines, one.place))),
    )


def _write_html(cover: Coverage, html: Path | None, name: str) -> Path | None:
    if html is None:
        return None
    cover.set_option("html:show_contexts", value=False)
    cover.html_report(directory=str(html), title=f"What the corpus of {name} reaches")
    return html / "index.html"
