"""Chance inside an execution: the same in every execution, and none of the process's own."""

from __future__ import annotations

import os
import random
import secrets
import tempfile
import threading
import uuid
from pathlib import Path
from random import choice
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.primitives.chance import chance

if TYPE_CHECKING:
    from collections.abc import Callable


def draws(draw: Callable[[], object], *, executions: int = 5, **settings: Any) -> list[Any]:
    """Return what `draw` gave in each execution."""
    seen: list[Any] = []
    result = harness.explore(lambda: seen.append(draw()), executions=executions, **settings)
    assert result.verdict is harness.Verdict.PASSED, result
    return seen


def _temporary_folder() -> str:
    path = tempfile.mkdtemp()
    Path(path).rmdir()
    return path


def _instance() -> float:
    return random.Random().random()


def _reseeded() -> float:
    random.seed()
    return random.random()


SOURCES: dict[str, Callable[[], object]] = {
    "random.random": lambda: random.random(),  # noqa: PLW0108  # looked up while it is replaced
    "random.choice by another name": lambda: choice(range(10**6)),
    "random.gauss": lambda: random.gauss(0, 1),
    "random.sample": lambda: tuple(random.sample(range(10**6), 3)),
    "random.Random": _instance,
    "random.seed": _reseeded,
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "os.urandom": lambda: os.urandom(16),
    "secrets.token_hex": lambda: secrets.token_hex(16),
    "secrets.randbelow": lambda: secrets.randbelow(10**12),
    "uuid.uuid1": lambda: uuid.uuid1(),  # noqa: PLW0108  # as above
    "uuid.uuid4": lambda: uuid.uuid4(),  # noqa: PLW0108  # as above
    "tempfile.mkdtemp": _temporary_folder,
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_execution_draws_the_same(name: str) -> None:
    seen = draws(SOURCES[name])
    # By chance five draws of at least a million values agree once in 10**24 times.
    assert len(set(seen)) == 1
    assert draws(SOURCES[name]) == seen


@pytest.mark.parametrize("name", SOURCES)
def test_outside_an_execution_chance_stays_chance(name: str) -> None:
    draws(SOURCES[name], executions=1)
    assert len({SOURCES[name]() for _ in range(3)}) == 3


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "tempfile.mkdtemp"])
def test_two_draws_of_one_execution_differ(name: str) -> None:
    draw = SOURCES[name]
    ((one, two),) = draws(lambda: (draw(), draw()), executions=1)
    assert one != two


def test_the_process_goes_on_as_if_nothing_had_been_drawn() -> None:
    random.seed(11)
    expected = [random.random() for _ in range(3)]
    random.seed(11)
    got = [random.random()]
    draws(lambda: (random.random(), random.seed(5), random.gauss(0, 1)))
    got += [random.random(), random.random()]
    assert got == expected


def test_seeding_random_does_not_repeat_identifiers() -> None:
    def draw() -> tuple[object, ...]:
        random.seed(1)
        one = uuid.uuid4()
        random.seed(1)
        return one, uuid.uuid4()

    one, two = draws(draw, executions=1)[0]
    assert one != two


def test_a_seed_in_the_body_means_what_it_says() -> None:
    expected = random.Random(42).random()

    def draw() -> float:
        random.seed(42)
        return random.random()

    assert set(draws(draw)) == {expected}
    assert set(draws(lambda: random.Random(42).random())) == {expected}


def test_a_strategy_that_draws_is_no_part_of_the_execution() -> None:
    class Drawing:
        def begin(self, execution: int) -> bool:
            return True

        def pick(self, ready: Any, current: Any) -> Any:
            return random.choice(ready)

    orders: list[tuple[float, ...]] = []

    def body() -> None:
        order: list[float] = []
        lock = threading.Lock()

        def work(number: int) -> None:
            with lock:
                order.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        orders.append((random.random(), *order))

    harness.explore(body, Drawing(), executions=50)
    assert len({order[0] for order in orders}) == 1
    # Were the strategy's draws those of the execution, all orders would be one; that 50 free ones
    # agree has a chance below 10**-30.
    assert len(set(orders)) > 1


def test_arguments_are_checked_in_the_words_of_the_original() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="negative"):
            os.urandom(-1)
        with pytest.raises(TypeError):
            os.urandom("x")  # type: ignore[arg-type]
        with pytest.raises(IndexError):
            random.choice([])

    assert harness.explore(body, executions=2).verdict is harness.Verdict.PASSED


def test_an_execution_that_draws_nothing_winds_nothing_back() -> None:
    draws(lambda: random.random())  # noqa: PLW0108  # as above
    before = chance.windings
    draws(lambda: None, executions=50)
    assert not chance.touched
    assert chance.windings == before


def test_time_based_identifiers_stand_on_virtual_time() -> None:
    def draw() -> tuple[int, int, bool]:
        one, two = uuid.uuid1(), uuid.uuid1()
        assert one.version == 1
        assert one.variant == uuid.RFC_4122
        return one.time, two.time, one.node == two.node

    first, second, same_node = draws(draw, executions=1)[0]
    assert 0 < second - first < 10**7  # 100 ns: less than a virtual second
    assert same_node
    # 2023-11-14 22:13:20 UTC, where virtual time begins.
    assert (first - 0x01B21DD213814000) // 10**7 == 1_700_000_000


def test_numpy_is_seeded_if_the_program_has_it() -> None:
    numpy = pytest.importorskip("numpy")
    before = numpy.random.get_state()[1].copy()
    seen = draws(
        lambda: (
            float(numpy.random.rand()),
            float(numpy.random.default_rng().random()),
            float(numpy.random.RandomState().rand()),
        )
    )
    assert len(set(seen)) == 1
    assert (numpy.random.get_state()[1] == before).all()
