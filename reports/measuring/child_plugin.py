"""What pytest-benchmark does not take: CPU time, peak memory, memory kept, the Python it ran on.

This file is copied alone onto the path of the measured Python, where holdfast is not installed:
it imports nothing of holdfast and nothing that pytest-benchmark does not bring. pytest loads it by
the variable PYTEST_PLUGINS; it writes to the file that HOLDFAST_MEASURE_TO names.

When a benchmark has been timed, its function runs again, untimed: a loop for the CPU time of the
whole process (all threads), then one call under tracemalloc. What was timed is not touched. A
benchmark with a single round may not stand another call, so it gets none.
"""

# ruff: noqa: ANN401  # it stands between a foreign fixture and foreign functions
from __future__ import annotations

import gc
import json
import os
import platform
import sys
import sysconfig
import time
import tracemalloc
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

WANTED = "HOLDFAST_MEASURE_TO"
CALLS_ONLY = "HOLDFAST_MEASURE_CALLS"  # so many calls and no timing: a counter counts outside
ONLY = "HOLDFAST_MEASURE_ONLY"  # the one benchmark that is called so
_BATCHES = 7
_BATCH_S = 0.02  # thousands of the clock's steps; the best of seven is steadier than of one long
_WALL_S = 0.06  # of a batch of something that waits
_LONG_S = 0.5  # all batches together, of something slow
_LOOPS = 1_000_000
_FEW_CALLS = 100  # so few calls fill a batch only when each takes long enough to be looked at
_PACKAGES = ("greenlet", "pytest-benchmark", "atheris")

_taken: dict[str, dict[str, Any]] = {}


def pytest_configure(config: Any) -> None:
    """Stand between a benchmark and its function, where both the plugin and a wish are there."""
    del config
    if not os.environ.get(WANTED):
        return
    try:
        from pytest_benchmark.fixture import BenchmarkFixture  # noqa: PLC0415  # may be absent
    except ImportError:
        return
    _wrap(BenchmarkFixture)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Keep the one benchmark that is asked for, and leave what nobody asked as it is."""
    only = os.environ.get(ONLY)
    if only is None:
        return
    others = [item for item in items if item.nodeid != only]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item.nodeid == only]


def pytest_sessionfinish(session: Any) -> None:
    """Write what was taken; the name appears when the file is whole."""
    del session
    target = os.environ.get(WANTED)
    if not target:
        return
    values = {"python": _python(), "benchmarks": _taken}
    partial = f"{target}.partial"
    with open(partial, "w", encoding="utf-8") as file:  # noqa: PTH123  # a name from the outside
        json.dump(values, file)
    os.replace(partial, target)  # noqa: PTH105  # the same


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_benchmark_generate_machine_info(config: Any) -> dict[str, Any]:
    """Return what is not known otherwise: asking for the processor takes a second a run."""
    del config
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "python_implementation": platform.python_implementation(),
        "python_version": platform.python_version(),
        "python_compiler": platform.python_compiler(),
    }


def _wrap(fixture: Any) -> None:
    call, pedantic = fixture.__call__, fixture.pedantic

    def timed_call(self: Any, function_to_benchmark: Any, *args: Any, **kwargs: Any) -> Any:
        def once() -> Any:
            return function_to_benchmark(*args, **kwargs)

        if CALLS_ONLY in os.environ:
            return _only_called(self, once)
        result = call(self, function_to_benchmark, *args, **kwargs)
        _take(self, lambda: once)
        return result

    def timed_pedantic(  # noqa: PLR0913, PLR0917  # as the method that it stands for
        self: Any,
        target: Any,
        args: Any = (),
        kwargs: Any = None,
        setup: Any = None,
        teardown: Any = None,
        rounds: int = 1,
        **others: Any,
    ) -> Any:
        def prepared() -> Callable[[], Any]:
            given = (setup() if setup else None) or (args, kwargs or {})
            return lambda: target(*given[0], **given[1])

        if CALLS_ONLY in os.environ and teardown is None and setup is None and rounds > 1:
            return _only_called(self, prepared())
        options = {**others, **({"teardown": teardown} if teardown else {})}
        result = pedantic(self, target, args, kwargs, setup, rounds=rounds, **options)
        if rounds > 1 and teardown is None:
            _take(self, prepared, prepares=setup is not None)
        return result

    fixture.__call__, fixture.pedantic = timed_call, timed_pedantic


def _only_called(fixture: Any, once: Callable[[], Any]) -> Any:
    fixture._mode = "counted"  # noqa: SLF001  # else it warns that nobody used it
    result = None
    for _ in range(1 + int(os.environ[CALLS_ONLY])):
        result = once()
    return result


def _take(
    fixture: Any, prepared: Callable[[], Callable[[], Any]], *, prepares: bool = False
) -> None:
    """Take the figures of one benchmark; a function that fails when called again has none."""
    if not fixture.enabled:
        return
    taken: dict[str, Any] = {}
    try:
        taken |= _cpu(prepared, prepares=prepares, no_gc=bool(getattr(fixture, "_disable_gc", 0)))
        taken |= _memory(prepared)
    except Exception as error:  # noqa: BLE001  # whatever the benchmark raises, its time stands
        taken["failed"] = f"{type(error).__name__}: {error}"[:200]
    _taken[fixture.fullname] = taken


def _cpu(
    prepared: Callable[[], Callable[[], Any]], *, prepares: bool, no_gc: bool
) -> dict[str, Any]:
    was_on = gc.isenabled()
    if no_gc:  # as the timing had it
        gc.disable()
    try:
        once = prepared()
        ends = time.perf_counter() + _LONG_S
        first, calls = _batch(once, 1)
        batches = [first]
        # Each call may need arguments of its own, which are made outside the clock.
        calls = 1 if prepares or time.perf_counter() > ends else _loops(once)
        while len(batches) <= _BATCHES and time.perf_counter() < ends:
            spent, done = _batch(prepared() if prepares else once, calls)
            batches.append(spent / done)
        return {"cpu": min(batches), "cpu_calls": calls}
    finally:
        if was_on:
            gc.enable()


def _loops(once: Callable[[], Any]) -> int:
    """Return how many calls fill a batch."""
    loops = 1
    while loops < _LOOPS:
        spent, done = _batch(once, loops)
        if spent >= _BATCH_S / 2 or done < loops:
            return done
        loops = min(loops * (10 if spent < _BATCH_S / 20 else 2), _LOOPS)
    return loops


def _batch(once: Callable[[], Any], loops: int) -> tuple[float, int]:
    """Return the CPU seconds of at most so many calls, and how many were made."""
    # What waits uses no CPU: without a look at the wall a loop over sleeps would last for ever.
    # The look costs a call 50 ns, so that most calls go without.
    ends = time.perf_counter() + _WALL_S
    look = 1 if loops <= _FEW_CALLS else 64
    start = time.process_time()
    for at in range(loops):
        once()
        if at % look == 0 and time.perf_counter() > ends:
            return time.process_time() - start, at + 1
    return time.process_time() - start, loops


def _memory(prepared: Callable[[], Callable[[], Any]]) -> dict[str, Any]:
    if tracemalloc.is_tracing():  # somebody else's; its figures are not to be cleared
        return {}
    prepared()()  # what is made on the first call alone, such as caches, is no cost of a call
    once = prepared()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        blocks = sys.getallocatedblocks()
        result = once()
        kept_blocks = sys.getallocatedblocks() - blocks
        after, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return {"peak": max(peak - before, 0), "kept": max(after - before, 0), "blocks": kept_blocks}


def _python() -> dict[str, Any]:
    return {
        "implementation": platform.python_implementation(),
        "python": platform.python_version(),
        "build": platform.python_compiler(),
        "threads": _threads(),
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random") or "random",
        "packages": _versions(),
    }


def _threads() -> str:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "gil"
    on = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "free-threaded build, gil on" if on else "free-threaded"


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
