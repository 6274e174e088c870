"""The files of one worker, beside its black box."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class WorkerFiles:
    """Where they lie. All but the box are of use only while the worker lives.

    Attributes:
        job: What the worker is told.
        output: What the target prints, and the stacks of one that hangs.
        engine: What the engine says of itself.
        dictionary: For an engine that reads one from a file.
    """

    def __init__(self, box: Path) -> None:
        self.job = box.with_name(box.name + ".job")
        self.output = box.with_name(box.name + ".output")
        self.engine = box.with_name(box.name + ".engine")
        self.dictionary = box.with_name(box.name + ".dict")

    def remove(self) -> None:
        """Remove them; the box stays."""
        for path in (self.job, self.output, self.engine, self.dictionary):
            path.unlink(missing_ok=True)
