"""Functions with a cache, and containers of the library that no lock guards."""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable

STRATEGIES = ("dfs", "dpor", "random", None)
COMPLETE = ("dfs", "dpor", None)  # they can be through


@functools.cache
def the_one(name: str) -> list[str]:
    return [name]


class Maker:
    @lru_cache(maxsize=8)  # noqa: B019  # what people write
    def make(self, name: str) -> list[str]:
        return [name]


def locked_maker() -> Callable[[str], list[str]]:
    lock = threading.Lock()

    def make(name: str) -> list[str]:
        with lock:
            return the_one(name)

    return make


def both(call: Callable[[], Any], other: Callable[[], Any] | None = None) -> list[Any]:
    """Make two calls at once, and return what they returned."""
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda call=call: found.append(call()))
        for call in (call, other or call)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_cached_function_is_no_singleton(strategy: str | None) -> None:
    def body() -> None:
        the_one.cache_clear()
        first, second = both(lambda: the_one("config"))
        assert first is second, "two configs"

    result = harness.explore(body, strategy)
    assert result.verdict is harness.Verdict.FAILED, result
    assert "cache of the_one()" in str(result.finding)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_cached_method_is_none_either(strategy: str | None) -> None:
    def body() -> None:
        maker = Maker()
        first, second = both(lambda: maker.make("config"))
        assert first is second, "two configs"

    result = harness.explore(body, strategy)
    assert result.verdict is harness.Verdict.FAILED, result


@pytest.mark.parametrize("strategy", COMPLETE)
def test_with_a_lock_around_it_there_is_one_and_every_schedule_shows_it(
    strategy: str | None,
) -> None:
    def body() -> None:
        the_one.cache_clear()
        make = locked_maker()
        first, second = both(lambda: make("config"))
        assert first is second

    result = harness.explore(body, strategy)
    assert result.exhausted, result


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_computed_may_be_put_in_after_a_clear(strategy: str | None) -> None:
    def body() -> None:
        the_one.cache_clear()
        both(lambda: the_one("old"), the_one.cache_clear)
        assert the_one.cache_info().currsize == 0, "what was cleared came back"

    result = harness.explore(body, strategy)
    assert result.verdict is harness.Verdict.FAILED, result


@functools.cache
def table(size: int) -> list[int]:
    return [0] * size


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_cache_that_is_warm_from_the_second_execution_on_is_no_nondeterminism(
    strategy: str | None,
) -> None:
    table.cache_clear()

    def body() -> None:
        found: list[int] = []
        both(lambda: found.append(len(table(3))), lambda: found.append(0))
        assert found[0] == 3 or not found[0]

    result = harness.explore(body, strategy, executions=200)
    assert result.verdict is harness.Verdict.PASSED, result


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_token_of_a_cleared_cache_fails_again(strategy: str | None) -> None:
    def body() -> None:
        the_one.cache_clear()
        the_one("other")
        first, second = both(lambda: the_one("config"))
        assert first is second, "two configs"
        assert the_one("config") is the_one("config")

    finding = harness.explore(body, strategy).finding
    assert finding is not None
    the_one("warm")
    assert harness.replay(body, finding.token) is not None


def test_a_cache_that_no_decorator_names_is_never_called_exhausted() -> None:
    def body() -> None:
        made = functools.lru_cache()(compute)
        both(lambda: made("config"))

    def compute(name: str) -> str:
        return name

    result = harness.explore(body, "dpor")
    assert result.verdict is harness.Verdict.PASSED
    assert not result.exhausted
    assert "cache" in result.evidence


class Value:
    pass


def weak_body() -> None:
    known: weakref.WeakValueDictionary[str, Value] = weakref.WeakValueDictionary()
    both(lambda: known.setdefault("k", Value()))


def weak_item_body() -> None:
    known: weakref.WeakValueDictionary[str, Value] = weakref.WeakValueDictionary()
    value = Value()

    def put() -> None:
        known["k"] = value

    both(put)


def weak_set_body() -> None:
    known: weakref.WeakSet[Value] = weakref.WeakSet()
    value = Value()
    known.add(value)
    both(lambda: value in known)


def stack_body() -> None:
    with contextlib.ExitStack() as stack:
        both(lambda: stack.callback(len, ""))


@pytest.mark.parametrize("body", [weak_body, weak_item_body, weak_set_body, stack_body])
@pytest.mark.parametrize("strategy", COMPLETE)
def test_a_container_of_many_steps_that_nobody_sees_is_never_called_exhausted(
    body: Callable[[], None], strategy: str | None
) -> None:
    result = harness.explore(body, strategy)
    assert result.verdict is harness.Verdict.PASSED
    assert not result.exhausted, result.evidence
    assert "not exhausted: code that is not instrumented touches a shared" in result.evidence
