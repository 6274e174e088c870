"""What both engines' children have in common: the target under its hooks, the box, the replays."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from fuzz.black_box import BlackBox
from fuzz.catalogue import find_target
from fuzz.corpus import InputFolder
from fuzz.executor import Executor, Reports
from harness.probes import NotAvailableHereError, arm

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fuzz.fuzz_target import Target


class Session:
    """One child's job, read. Made once per process: it moves the standard output away."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        # The channel moves to a descriptor of its own, and standard output joins standard error:
        # so that a target that prints does not speak into our lines.
        self.reports = Reports(os.fdopen(os.dup(1), "w", encoding="utf-8"))
        os.dup2(2, 1)
        faulthandler.enable()
        with contextlib.suppress(NotAvailableHereError):
            arm(sys.stderr)
        self.box = BlackBox(Path(job["box"]))
        self.corpus = InputFolder(Path(job["corpus"]))
        self.target: Target

    def hooks(self) -> AbstractContextManager[object]:
        """Return the import hook that makes accesses visible; empty for a target that needs none.

        Reloads: the target's module may have been imported by the fuzzer itself.
        """
        job = self._job
        if not job["controlled"]:
            return contextlib.nullcontext()
        return harness.instrument_imports(include=job["instrument"], reload=True)

    def executor(self) -> Executor:
        """Import the target and replay what was saved; return what runs inputs from now on."""
        self.target = find_target(self._job["target"])
        executor = Executor(
            self.target.run,
            self.box,
            self.reports,
            runs=self._job["runs"],
            seconds=self._job["seconds"],
        )
        self.reports.send("ready")
        for saved in self._job["replay"]:
            executor.replay(Path(saved).read_bytes(), saved)
        for seed in self.target.seeds:
            self.corpus.add(seed)
        return executor
