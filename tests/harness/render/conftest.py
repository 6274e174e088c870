"""Traces made by hand, over a source file that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.engine.place import Site
from harness.engine.recorder import Event
from harness.finding import Finding, FindingKind, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SOURCE = """\
class Counter:
    value = 0
    def add(self):
        self.value += 1
with first:
    with second:
        pass
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert counter.value == 2
self.a_long_name_of_a_thing = another_long_name(with_arguments, and_more_of_them, and_yet_more)
"""

# task, kind, target, line; and a value, if there is one
Step = tuple[int, str, str, int] | tuple[int, str, str, int, str]


@pytest.fixture
def finding(tmp_path: Path) -> Callable[..., Finding]:
    """Return what makes a finding of steps."""
    path = tmp_path / "counter.py"
    path.write_text(SOURCE, "utf-8")

    def make(steps: Sequence[Step], names: Sequence[str], **fields: Any) -> Finding:
        events = tuple(
            Event(
                number, task, names[task], kind, target,
                Site(str(path), line, "add"), value[0] if value else "",
            )
            for number, (task, kind, target, line, *value) in enumerate(steps, start=1)
        )  # fmt: skip
        defaults: dict[str, Any] = {
            "kind": FindingKind.ASSERTION,
            "message": "AssertionError in main: lost",
            "token": "hf2.abc",
        }
        truncated = fields.pop("truncated", 0)
        return Finding(**{**defaults, **fields}, trace=Trace(events, truncated))

    return make
