"""Merges a campaign's corpus now and then, beside the workers.

In a thread, since a merge takes as long as running every input does, and the campaign watches its
workers meanwhile. Nothing waits for one: whatever interrupts a merge leaves all inputs there.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.campaign.corpus import InputFolder
from fuzz.engines.merging import merge
from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from fuzz.engines.pace import Pace

LEAST: Final = 256  # inputs below which a merge saves nothing
GROWTH: Final = 1.5  # since the last one
LONGEST_S: Final = 600.0


class ScheduledMerge:
    """The merges of one sitting. Used by the campaign's thread."""

    def __init__(self, target: str, corpus: Path, *, pace: Pace) -> None:
        self._target = target
        self._corpus = corpus
        self._pace = pace
        self._next_s: float | None = None
        self._left = 0  # inputs after the last merge
        self._thread: threading.Thread | None = None
        self._words = ""

    @property
    def running(self) -> bool:
        """Whether one runs, or has ended and was not told of."""
        return self._thread is not None

    def look(self, fuzzed_s: float, inputs: int) -> str:
        """Begin a merge if one is due; return what one has done that ended, "" mostly.

        Args:
            fuzzed_s: How long the campaign has fuzzed.
            inputs: How many the corpus has.
        """
        if self._next_s is None:
            self._next_s = fuzzed_s + self._pace.merge_s
        if self._thread is not None:
            return self._ended(inputs)
        if fuzzed_s >= self._next_s and inputs >= max(LEAST, GROWTH * self._left):
            self._next_s = fuzzed_s + self._pace.merge_s
            self._thread = threading.Thread(target=self._run, daemon=True, name="holdfast-merge")
            self._thread.start()
        return ""

    def _ended(self, inputs: int) -> str:
        assert self._thread is not None, "asked by look alone"
        if self._thread.is_alive():
            return ""
        self._thread = None
        self._left = inputs
        return self._words

    def _run(self) -> None:
        try:
            self._words = self._merge()
        except (FuzzError, OSError) as error:
            self._words = f"the corpus could not be merged, and is as it was: {error}"

    def _merge(self) -> str:
        # On a picture of the corpus: engines take inputs away while it is measured, where they
        # have found a smaller one.
        with tempfile.TemporaryDirectory(prefix="merge-", dir=self._corpus.parent) as name:
            picture = Path(name) / "corpus"
            picture.mkdir()
            before = {path.name for path in InputFolder(self._corpus).files()}
            for one in before:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(self._corpus / one, picture / one)
            done = merge(self._target, sources=(), into=picture, timeout_s=LONGEST_S)
            for one in before - {path.name for path in InputFolder(picture).files()}:
                (self._corpus / one).unlink(missing_ok=True)
        return (
            f"merged {done.before:,} inputs to {done.after:,} that show the same "
            f"{done.features:,} features"
        )
