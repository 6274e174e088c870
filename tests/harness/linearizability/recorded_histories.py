"""The recorded histories with known verdicts, which are data beside the project, not in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.linearizability import CasRegister, KeyValueAppend
from harness.linearizability.history_file import read_history

if TYPE_CHECKING:
    from harness.linearizability import History, Model

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "histories"
FILES = sorted(FOLDER.glob("*.jsonl"))
MODELS: dict[str, type[Model[Any]]] = {"cas-register": CasRegister, "kv-append": KeyValueAppend}

needed = pytest.mark.skipif(
    not FILES, reason="the recorded histories (../shared/histories) are not here"
)


def recorded(name: str) -> tuple[History, Model[Any], bool]:
    """Return a history, its model, and whether it is linearizable."""
    file = read_history(str(FOLDER / f"{name}.jsonl"))
    assert file.model is not None
    assert file.expected is not None
    return file.history, MODELS[file.model](), file.expected
