"""What instrumentation costs a thread that nobody disturbs, over the same code as written."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from figure import Effort, Figure
from rounds import no_collection

import harness
from harness.campaign import Campaign
from harness.strategies import RandomWalk
from reports import Direction

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ATTRIBUTES_LIMIT: Final = 8.0  # times plain Python
TOKENISER_LIMIT: Final = 3.0
PROGRAM: Final = Path(__file__).resolve().parent / "programs" / "local_work.py"
CALLS: Final = 5  # of the program in one round, the fastest counts


def _plain() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plain_local_work", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _instrumented() -> ModuleType:
    sys.path.insert(0, str(PROGRAM.parent))
    try:
        with harness.instrument_imports(include=["local_work"]):
            return importlib.import_module("local_work")
    finally:
        sys.path.remove(str(PROGRAM.parent))


def _fastest_ns(work: Callable[[], object], clock: Callable[[], int]) -> int:
    best = None
    for _ in range(CALLS):
        start = clock()
        work()
        took = clock() - start
        best = took if best is None else min(best, took)
    assert best is not None
    return best


def _ratios(name: str, effort: Effort) -> list[float]:
    """Return the times of a function inside an execution over those of plain Python."""
    plain, hooked = getattr(_plain(), name), getattr(_instrumented(), name)
    clock = time.thread_time_ns  # the real one: inside an execution the name means virtual time
    inside: list[int] = []

    def body() -> None:
        inside.append(_fastest_ns(hooked, clock))

    found = []
    walk = RandomWalk(0)
    with no_collection(), Campaign(model="free-threaded", max_steps=10**9, body=None) as campaign:
        for number in range(effort.pick(quick=5, full=15)):
            walk.begin(number)
            campaign.run(body, walk)
            found.append(inside[-1] / _fastest_ns(plain, clock))
    return found


def attributes_ratio(effort: Effort) -> list[float]:
    """Return the ratios of a loop of attribute updates."""
    return _ratios("update_attributes", effort)


def tokeniser_ratio(effort: Effort) -> list[float]:
    """Return the ratios of a small JSON tokeniser."""
    return _ratios("tokenise", effort)


FIGURES: Final = (
    Figure(
        name="local-attributes",
        about="a loop of attribute updates inside an execution, one task, times plain Python",
        metric="ratio",
        unit="x",
        direction=Direction.LOWER,
        measure=attributes_ratio,
        limit=ATTRIBUTES_LIMIT,
    ),
    Figure(
        name="local-tokeniser",
        about="a small JSON tokeniser inside an execution, one task, times plain Python",
        metric="ratio",
        unit="x",
        direction=Direction.LOWER,
        measure=tokeniser_ratio,
        limit=TOKENISER_LIMIT,
    ),
)
