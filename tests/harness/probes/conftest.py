import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _targets_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    # The child takes over sys.path; `probe_targets` stands beside this file.
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
