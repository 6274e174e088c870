"""A real scheduler and real workers, each a process, on loopback."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0


class DaskCluster:
    def __init__(self, folder: Path, *, workers: int) -> None:
        self._file = folder / "scheduler.json"
        self._folder = folder
        self._scheduler = self._spawn(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(self._file),
        )  # fmt: skip
        self.address = self._wait_for_address()
        self.workers = [self.add_worker() for _ in range(workers)]

    def add_worker(self) -> subprocess.Popen[bytes]:
        return self._spawn(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", str(self._folder),
        )  # fmt: skip

    def _spawn(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    def _wait_for_address(self) -> str:
        ends_s = time.monotonic() + START_S
        while time.monotonic() < ends_s:
            try:
                return str(json.loads(self._file.read_text())["address"])
            except (OSError, ValueError):
                time.sleep(0.05)
        raise TimeoutError((self._folder / "scheduler.log").read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()
