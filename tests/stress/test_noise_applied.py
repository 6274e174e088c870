"""Noise at work: it finds what plain threads do not, spares what is right, and goes away again."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.engine import board
from harness.instrument import instrument_source
from stress import Budget, Ending, run_scenario
from stress.noise import OFF, PRESETS, Noise, Pinning
from stress.noise_errors import NoiseInUseError
from stress.noise_places import Places
from stress.pressure import Pressure
from stress.spell import Spell

HERE = Path(__file__).parent
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="threads are bound on Linux only")


def _run(name: str, noise: Noise, monkeypatch: pytest.MonkeyPatch, *, rounds: int) -> Ending:
    monkeypatch.syspath_prepend(HERE)
    budget = Budget(rounds=rounds, noise=noise, instrument=("noisy_scenarios",))
    return run_scenario(f"noisy_scenarios:{name}", budget).ending


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["light", "heavy"])
def test_a_race_of_two_accesses_is_found_with_noise_and_not_without(
    preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Measured on a busy machine: with noise 10% of the executions find it, without 0 of 38 778. So
    # 480 executions miss it with 0.9**480 < 1e-21, and plain ones meet it with less than 4%: at 95%
    # confidence the rate is below 3/38 778.
    assert _run("RACY", OFF, monkeypatch, rounds=12) is Ending.PASSED
    assert _run("RACY", PRESETS[preset], monkeypatch, rounds=12) is Ending.EXCEPTION
    assert _run("SAFE", PRESETS[preset], monkeypatch, rounds=12) is Ending.PASSED


def test_all_is_as_before_when_the_noise_is_left() -> None:
    switch_s, start = sys.getswitchinterval(), threading.Thread.start
    processors = os.sched_getaffinity(0) if sys.platform == "linux" else None
    threads = threading.active_count()
    noise = Noise.parse("heavy,pin=one,busy=2,memory=1,spell=1ms")
    with noise.applied(include=["nothing_of_that_name"]) as applied:
        applied.begin_round(0)
        assert threading.Thread.start is not start
        assert not board.alone
        assert threading.active_count() == threads + 4  # two busy, one with memory, one for spells
    assert (sys.getswitchinterval(), threading.Thread.start) == (switch_s, start)
    assert (board.alone, board.perturbed) == (True, False)
    assert threading.active_count() == threads
    if sys.platform == "linux":
        assert os.sched_getaffinity(0) == processors


def test_a_process_has_one_noise_at_a_time() -> None:
    with (
        Noise(busy=1).applied(),
        pytest.raises(NoiseInUseError, match="noise already"),
        OFF.applied(),
    ):
        pass
    with OFF.applied():
        pass


def test_an_error_on_the_way_in_leaves_nothing_behind() -> None:
    start = threading.Thread.start
    with (
        pytest.raises(ValueError, match="include"),
        PRESETS["heavy"].applied(include=["threading"]),
    ):
        pass
    assert threading.Thread.start is start
    with OFF.applied():
        pass


def test_noise_at_accesses_without_modules_says_that_it_is_left_out() -> None:
    with PRESETS["light"].applied() as applied:
        applied.begin_round(0)
        assert "no module was named" in applied.skipped[0]
        assert board.alone


@LINUX
def test_threads_are_spread_over_processors_or_kept_on_one() -> None:
    allowed = os.sched_getaffinity(0)
    seen: list[set[int]] = []

    def work() -> None:
        seen.append(os.sched_getaffinity(0))

    for pinning in (Pinning.ONE, Pinning.SPREAD):
        with Noise(pinning=pinning).applied() as applied:
            applied.begin_round(0)
            threads = [threading.Thread(target=work) for _ in allowed]
            for thread in threads:
                thread.start()
                thread.join()
    one, spread = seen[: len(allowed)], seen[len(allowed) :]
    assert all(processors == one[0] and len(processors) == 1 for processors in one)
    assert set.union(*spread) == allowed
    assert all(len(processors) == 1 for processors in spread)


def test_a_thread_that_cannot_start_keeps_its_run() -> None:
    ran: list[int] = []
    thread = threading.Thread(target=ran.append, args=(1,))
    with Noise(gather_s=0.001).applied() as applied:
        applied.begin_round(0)
        thread.start()
        with pytest.raises(RuntimeError, match="only be started once"):
            thread.start()
        thread.join()
    assert ran == [1]
    assert "run" not in vars(thread)


SUBJECT = """
class Counter:
    def __init__(self): self.count = 0
    def add(self):
        seen = self.count
        self.count = seen + 1
"""


def _counter() -> object:
    namespace: dict[str, object] = {"__name__": "noisy_counter"}
    exec(instrument_source(SUBJECT, "<noisy_counter>", "noisy_counter"), namespace)  # noqa: S102
    made: object = namespace["Counter"]()  # type: ignore[operator]
    return made


def _access(places: Places, spell: Spell, works: list[object]) -> None:
    """Let each work run in a thread of its own, one after the other, while accesses are heard."""
    board.access = places.begin_spell(spell)
    board.alone = board.shared[board.ALONE_NAME] = False
    try:
        for work in works:
            thread = threading.Thread(target=work)  # type: ignore[arg-type]
            thread.start()
            thread.join()
    finally:
        board.access = board.no_access
        board.alone = board.shared[board.ALONE_NAME] = True


def test_places_that_two_threads_touch_are_learned_and_held_up() -> None:
    places = Places(Noise(places=8, near=True, delay_s=1e-6))
    shared = _counter()
    own = type(shared)()
    _access(places, Spell(0, 0, 0), [own.add])  # type: ignore[attr-defined]
    assert places.counts() == (2, 0)  # the read and the write, and nobody else touched it
    _access(places, Spell(0, 0, 1), [shared.add, shared.add])  # type: ignore[attr-defined]
    assert places.counts() == (2, 2)
    told: set[str] = set()
    for number in range(20):
        places.begin_spell(Spell(0, 0, number))
        told.update(place.partition(" (")[0] for place in places.hot())
    assert told == {f"<noisy_counter>:{line} in Counter.add" for line in (5, 6)}


def test_the_same_seed_chooses_the_same_places() -> None:
    def chosen(seed: int) -> list[tuple[str, ...]]:
        places, counter = Places(Noise(places=3)), _counter()
        _access(places, Spell(seed, 0, 0), [counter.add])  # type: ignore[attr-defined]
        found = []
        for number in range(1, 20):
            places.begin_spell(Spell(seed, 0, number))
            found.append(places.hot())
        return found

    assert chosen(3) == chosen(3)
    assert chosen(3) != chosen(4)


def test_a_thread_sleeps_no_longer_than_the_budget_of_a_spell() -> None:
    noise = Noise(sleeps=1.0, delay_s=0.02, budget_s=0.03)
    counter = _counter()
    works = [lambda: [counter.add() for _ in range(500)]]  # type: ignore[attr-defined]
    began_s = time.monotonic()
    _access(Places(noise), Spell(0, 0, 0), works)  # type: ignore[arg-type]
    assert time.monotonic() - began_s < 5.0  # 1000 sleeps; without a budget that is 9 s on average


def test_pressure_keeps_its_memory_resident_and_ends_its_threads() -> None:
    threads = threading.active_count()
    with Pressure(busy=2, memory_mib=2):
        assert threading.active_count() == threads + 3
    assert threading.active_count() == threads
