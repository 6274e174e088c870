"""The child as a process: spawned, given a folder of its own, and cleared away with all it started.

A fresh interpreter is spawned, never forked: a forked child would start with our threads' locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psutil

from stress.bounded_output import BoundedOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

MAIN: Final = Path(__file__).with_name("child.py")
MARK: Final = "HOLDFAST_STRESS_CHILD"  # in the surroundings of the child and all that it starts
SWEEPS: Final = 5  # a process may start another while we look; a fork bomb has to be met again
OUTLIVING_S: Final = 1.0  # a helper that ends with its parent takes some milliseconds
LOOK_AGAIN_S: Final = 0.05
NAMED: Final = 5
SETTLE_S: Final = 5.0  # from the end of the last process until all it printed was read, at most


class Child:
    """One child process and its folder. Use as a context manager; belongs to one thread.

    Attributes:
        process: What was started.
        output: What it prints.
        scratch: Its folder for temporary files, which nobody else uses.
        stacks: File that its stacks are asked into.
    """

    def __init__(self, job: Mapping[str, Any], *, python: str | None = None) -> None:
        self._mark = uuid.uuid4().hex
        self._folder = Path(tempfile.mkdtemp(prefix="holdfast-stress-"))
        self.scratch = self._folder / "tmp"
        self.stacks = self._folder / "stacks"
        self.scratch.mkdir()
        self.stacks.touch()
        try:
            self.process = self._spawn(job, python)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        assert self.process.stderr is not None
        self.output = BoundedOutput(self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child and whatever it started; nobody and nothing is left on any path."""
        self.end()
        self.output.close(settle_s=SETTLE_S)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):  # ValueError: read by a thread
                    pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def end(self) -> None:
        """Kill what still runs of the child and of what it started, and collect the child."""
        for process in (*_descendants(self.process.pid), *self._marked()):
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for _ in range(SWEEPS):
            left = list(self._marked())
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            if not left:
                return

    def outliving(self) -> tuple[str, ...]:
        """Return which processes still run after the child has ended, the first few by name.

        Those that end with their parent, as helpers of `multiprocessing` do, get a moment for it.
        """
        ends_s = time.monotonic() + OUTLIVING_S
        while left := tuple(self._marked()):
            if time.monotonic() > ends_s:
                return tuple(f"{one.pid} {_name_of(one)}" for one in left[:NAMED])
            time.sleep(LOOK_AGAIN_S)
        return ()

    def ask(self, question: bytes) -> bool:
        """Send one byte to the child's watcher; False if it no longer listens."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(question)
            self.process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def _spawn(self, job: Mapping[str, Any], python: str | None) -> subprocess.Popen[bytes]:
        whole = {
            "path": sys.path if python is None else None,
            "beside": [str(Path.cwd()), str(MAIN.parents[1])],
            "scratch": str(self.scratch),
            "stacks": str(self.stacks),
            "describe": None,
            **job,
        }
        return subprocess.Popen(  # noqa: S603  # an interpreter that was asked for, our file
            [python or sys.executable, "-P", str(MAIN), json.dumps(whole)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                # One arena for all threads: with one each the count of mappings tells nothing.
                "MALLOC_ARENA_MAX": "1",
                **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.scratch)),
                MARK: self._mark,
            },
            # A group of its own, so that Ctrl-C reaches us alone and we end the child ourselves.
            start_new_session=os.name == "posix",
        )

    def _marked(self) -> Iterator[psutil.Process]:
        """Yield running processes that the child started, also when nobody knows their parent."""
        for process in psutil.process_iter():
            if process.pid == os.getpid():
                continue
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and (
                    process.environ().get(MARK) == self._mark
                ):
                    yield process


def _name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "(ended since)"


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
