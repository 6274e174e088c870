"""Runs `replay_checks.py` in an interpreter of its own.

Its bugs are imported instrumented, before anything else has imported what they use; other tests of
the planted bugs in this process have done that already.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).with_name("replay_checks.py")
CHECKED = 2  # tests in that file


@pytest.mark.slow
def test_findings_come_again_in_another_process_and_the_counting_is_honest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CHECKS)],
        cwd=CHECKS.parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert f"{CHECKED} passed" in done.stdout
