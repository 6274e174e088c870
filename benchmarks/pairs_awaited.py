"""Pairs that the documents ask for and whose subjects are not in this repository yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A claim with nothing here to measure it by."""

    name: str
    claim: str
    source: str


AWAITED: Final = (
    Awaited(
        name="plugin execution, concurrent",
        claim="1000 ops/s before, 2000 ops/s after, +100%",
        source="Release Notes Phase 3, Performance Benchmarks",
    ),
    Awaited(
        name="signature generation",
        claim="10,000 ops/s before, 13,000 ops/s after, +30%",
        source="Release Notes Phase 3, Performance Benchmarks",
    ),
    Awaited(
        name="random numbers",
        claim="50,000 ops/s before, 62,500 ops/s after, +25%",
        source="Release Notes Phase 3, Performance Benchmarks",
    ),
    Awaited(
        name="CPU of a paused governor",
        claim="100% before, 10% after, -90%",
        source="Release Notes Phase 3, Performance Benchmarks",
    ),
    Awaited(
        name="wake-up after a pause",
        claim="Wakeup Latency: <1ms (from 100ms average)",
        source="Release Notes Phase 3, Busy-Wait Loop Elimination",
    ),
    Awaited(
        name="encryption round trip",
        claim="5,000 ops/s before, 6,250 ops/s after, +25%",
        source="Release Notes Phase 3, Performance Benchmarks",
    ),
    Awaited(
        name="address book, one update",
        claim="Address book benchmark shows <10ms per update",
        source="Improvement Plan for Glueberry, Phase 2 Complete When 1",
    ),
    Awaited(
        name="opening a stream",
        claim="no figure; Benchmark before/after is a task",
        source="Improvement Plan for Glueberry, 1.4",
    ),
    Awaited(
        name="storage, counting writes",
        claim="Atomic operations are much faster than RwLock for simple counters",
        source="Storage Performance and Security Improvements, 1",
    ),
)
