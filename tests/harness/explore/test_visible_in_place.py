"""A body imported in the ordinary way is seen through, whatever it reaches, and left as it was."""

from __future__ import annotations

import functools
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.instrument.in_place import visible
from harness.instrument.type_facts import is_instrumented

if TYPE_CHECKING:
    from collections.abc import Callable

    Plain = Callable[..., Any]

HEAD = """
import functools
import threading

class Box:
    value = 0

def in_tasks(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""

# Each makes a body in which two tasks lose an update at a place that is reached in another way.
REACHED = {
    "function": """
        box = Box()
        def add():
            box.value += 1
        def body():
            box.value = 0
            in_tasks(add, add)
            assert box.value == 2
    """,
    "method": """
        class Counter(Box):
            def add(self):
                self.value += 1
        def body():
            counter = Counter()
            in_tasks(counter.add, counter.add)
            assert counter.value == 2
    """,
    "classmethod": """
        class Counter:
            value = 0
            @classmethod
            def add(cls):
                cls.value += 1
        def body():
            Counter.value = 0
            in_tasks(Counter.add, Counter.add)
            assert Counter.value == 2
    """,
    "staticmethod": """
        class Counter:
            box = Box()
            @staticmethod
            def add():
                Counter.box.value += 1
        def body():
            Counter.box.value = 0
            in_tasks(Counter.add, Counter.add)
            assert Counter.box.value == 2
    """,
    "property": """
        class Counter:
            _value = 0
            @property
            def next(self):
                self._value += 1
            @next.setter
            def next(self, by):
                self._value += by
        def body():
            counter = Counter()
            def read():
                counter.next
            in_tasks(read, read)
            assert counter._value == 2
    """,
    "property setter": """
        class Counter:
            _value = 0
            @property
            def step(self):
                return 0
            @step.setter
            def step(self, by):
                self._value += by
        def body():
            counter = Counter()
            def write():
                counter.step = 1
            in_tasks(write, write)
            assert counter._value == 2
    """,
    "closure": """
        def make():
            value = 0
            def add():
                nonlocal value
                value += 1
            def body():
                nonlocal value
                value = 0
                in_tasks(add, add)
                assert value == 2
            return body
        body = make()
    """,
    "closure in a closure": """
        def make():
            box = Box()
            def inner():
                box.value += 1
            def outer():
                inner()
            def body():
                box.value = 0
                in_tasks(outer, outer)
                assert box.value == 2
            return body
        body = make()
    """,
    "partial": """
        def add(box, by):
            box.value += by
        def run(by):
            box = Box()
            in_tasks(functools.partial(add, box, by), functools.partial(add, box, by=by))
            assert box.value == 2
        body = functools.partial(run, 1)
    """,
    "decorated": """
        def traced(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper
        @traced
        def add(box):
            box.value += 1
        def body():
            box = Box()
            in_tasks(lambda: add(box), lambda: add(box))
            assert box.value == 2
    """,
    "nested class": """
        class Outer:
            class Inner(Box):
                def add(self):
                    self.value += 1
        def body():
            counter = Outer.Inner()
            in_tasks(counter.add, counter.add)
            assert counter.value == 2
    """,
    "local class": """
        def make():
            class Counter(Box):
                def add(self):
                    self.value += 1
            def body():
                counter = Counter()
                in_tasks(counter.add, counter.add)
                assert counter.value == 2
            return body
        body = make()
    """,
    "local class that captures": """
        def make():
            step = 1
            class Counter(Box):
                def add(self):
                    self.value += step
            def body():
                counter = Counter()
                in_tasks(counter.add, counter.add)
                assert counter.value == 2
            return body
        body = make()
    """,
    "cached_property": """
        class Counter(Box):
            @functools.cached_property
            def box(self):
                return Box()
            def add(self):
                self.box.value += 1
        def body():
            counter = Counter()
            counter.box
            in_tasks(counter.add, counter.add)
            assert counter.box.value == 2
    """,
    "bound method as the body": """
        class Test(Box):
            def add(self):
                self.value += 1
            def run(self):
                self.value = 0
                in_tasks(self.add, self.add)
                assert self.value == 2
        body = Test().run
    """,
    "object with a call": """
        class Body(Box):
            def add(self):
                self.value += 1
            def __call__(self):
                self.value = 0
                in_tasks(self.add, self.add)
                assert self.value == 2
        body = Body()
    """,
    "subclass of Thread": """
        class Worker(threading.Thread):
            def __init__(self, box):
                super().__init__()
                self.box = box
            def run(self):
                self.box.value += 1
        def body():
            box = Box()
            workers = [Worker(box), Worker(box)]
            for worker in workers: worker.start()
            for worker in workers: worker.join()
            assert box.value == 2
    """,
}


def _behind(value: Any, module: Any) -> list[Any]:
    """Return what a value wraps or holds that may have code."""
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, staticmethod | classmethod | types.MethodType):
        return [value.__func__]
    if isinstance(value, functools.partial | functools.cached_property):
        return [value.func]
    if isinstance(value, types.FunctionType):
        return [cell.cell_contents for cell in value.__closure__ or ()]
    own = isinstance(value, type) and value.__module__ == module.__name__
    return list(vars(value).values()) if own else []


def codes_of(module: Any) -> dict[str, types.CodeType]:
    """Return the code of everything in a module that has one, by its qualified name."""
    found: dict[str, types.CodeType] = {}
    waiting = list(vars(module).values())
    seen: list[Any] = []
    while waiting:
        value = waiting.pop()
        if any(value is other for other in seen):
            continue
        seen.append(value)
        waiting += _behind(value, module)
        if isinstance(value, types.FunctionType):
            found[f"{value.__qualname__} {value.__code__.co_firstlineno}"] = value.__code__
    return found


@pytest.mark.parametrize("source", REACHED.values(), ids=REACHED.keys())
@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_a_lost_update_is_seen_wherever_it_is_reached(
    source: str, strategy: str, plain: Plain
) -> None:
    import textwrap  # noqa: PLC0415

    module = plain(HEAD + textwrap.dedent(source))
    before = codes_of(module)
    assert not any(map(is_instrumented, (module.in_tasks, module.Box)))
    # An execution misses with at most 7 in 8 for random (two of a few choices must go one way).
    result = harness.explore(module.body, strategy, executions=500)
    assert result.verdict is harness.Verdict.FAILED, result.evidence
    assert result.finding is not None
    assert result.finding.kind is harness.FindingKind.ASSERTION
    again = harness.replay(module.body, result.finding.token)
    assert again is not None
    assert again.message == result.finding.message
    assert codes_of(module) == before
    assert all(codes_of(module)[name] is code for name, code in before.items())


def test_everything_is_as_it_was_after_an_error(plain: Plain) -> None:
    module = plain(HEAD + "def add(): pass\ndef body(): in_tasks(add)\n")
    before = codes_of(module)

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    strategy = types.SimpleNamespace(begin=lambda _: True, pick=broken)
    with pytest.raises(ZeroDivisionError):
        harness.explore(module.body, strategy)
    with pytest.raises(RuntimeError), visible(module.body) as (runnable, words):  # noqa: PT012  # one block that fails
        assert words == ""
        assert runnable is module.body
        assert is_instrumented(module.add)
        raise RuntimeError
    assert all(codes_of(module)[name] is code for name, code in before.items())


def test_code_without_source_is_run_and_said_to_be_out_of_sight() -> None:
    namespace: dict[str, Any] = {"__name__": "made_by_exec"}
    source = HEAD + "def body():\n    in_tasks(lambda: None)\n"
    exec(compile(source, "<made by exec>", "exec"), namespace)  # noqa: S102  # what the test is about
    for strategy in ("random", "pct", "dfs"):
        result = harness.explore(namespace["body"], strategy, executions=300)
        assert not result.exhausted
        assert result.verdict is harness.Verdict.PASSED
        assert "none failed" in result.evidence
        assert "; its plain accesses are not switching points: " in result.evidence
        assert "<made by exec>" in result.evidence


def test_a_callable_of_the_standard_library_is_left_alone() -> None:
    barrier = threading.Barrier(1)
    code = threading.Barrier.wait.__code__
    assert harness.explore(barrier.wait, executions=2).executions == 2
    assert threading.Barrier.wait.__code__ is code
