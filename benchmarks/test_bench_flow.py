"""How long back-pressure takes: alone, and with a hundred threads at the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flow_figures import HIGH, LOW, crowd_s, turn_many

from secmem.flow import FlowController

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


def test_uncontended_acquire_and_release(benchmark: BenchmarkFixture) -> None:
    flow = FlowController(high=HIGH, low=LOW)
    benchmark(turn_many, flow, 1)


def test_100_threads_take_50_slots_each(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(crowd_s, args=(50,), rounds=5)
