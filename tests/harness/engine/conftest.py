"""Runs a script in a child process, for what would take this one along."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HEAD = "import sys, threading, time, harness\n"


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script to its end, or fail after some seconds."""

    def run(
        script: str,
        *,
        stdin: str | None = None,
        timeout_s: float = 30,
        python: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(_HEAD + textwrap.dedent(script))
        reading, writing = os.pipe()  # an open end that never says anything
        try:
            return subprocess.run(
                [sys.executable, *python, str(path)],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                check=False,
                **({"stdin": reading} if stdin is None else {"input": stdin}),
            )
        finally:
            os.close(reading)
            os.close(writing)

    return run
