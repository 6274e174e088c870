"""State of a module that is not instrumented: seen as opaque, and never called exhausted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable

    Plain = Callable[..., Any]

FOREIGN = """
count = 0
def add():
    global count
    count += 1
class Counter:
    total = 0
    def add(self):
        Counter.total += 1
add_again = Counter().add
"""
BODY = """
import threading
import {foreign} as foreign
def body():
    foreign.count = foreign.Counter.total = 0
    def work():
        {call}
    threads = [threading.Thread(target=work), threading.Thread(target=work)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


@pytest.mark.parametrize(
    "call", ["foreign.add()", "foreign.add_again()", "foreign.Counter().add()"]
)
def test_a_plain_module_that_two_tasks_call_is_never_exhausted(call: str, plain: Plain) -> None:
    foreign = plain(FOREIGN)
    module = plain(BODY.format(foreign=foreign.__name__, call=call))
    result = harness.explore(module.body, "dfs", executions=10_000)
    assert result.executions < 10_000
    assert not result.exhausted
    assert "; not exhausted: code that is not instrumented touches a shared " in result.evidence
    assert result.verdict is harness.Verdict.PASSED


def test_the_evidence_names_the_module_and_the_line(plain: Plain) -> None:
    foreign = plain(FOREIGN)
    module = plain(BODY.format(foreign=foreign.__name__, call="foreign.add()"))
    evidence = harness.explore(module.body, "dfs", executions=10_000).evidence
    where = f"module {foreign.__name__} at {module.__name__}.py:7 in body.<locals>.work"
    assert f"touches a shared {where}" in evidence


def test_one_task_alone_may_call_a_plain_module(plain: Plain) -> None:
    foreign = plain(FOREIGN)
    module = plain(f"""
        import threading
        import {foreign.__name__} as foreign
        def body():
            lock = threading.Lock()
            def other():
                with lock:
                    pass
            threads = [threading.Thread(target=other), threading.Thread(target=other)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            foreign.add()
    """)
    assert harness.explore(module.body, "dfs", executions=50_000).exhausted


def test_a_task_that_begins_in_a_plain_module_is_never_exhausted(plain: Plain) -> None:
    foreign = plain(FOREIGN)
    module = plain(f"""
        import threading
        import {foreign.__name__} as foreign
        def body():
            threads = [threading.Thread(target=foreign.add) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """)
    result = harness.explore(module.body, "dfs", executions=10_000)
    assert not result.exhausted
    where = f"add at {foreign.__name__}.py:3"
    assert f"code that is not instrumented runs in Thread-1 (add) ({where})" in result.evidence


def test_the_standard_library_is_no_foreign_state(plain: Plain) -> None:
    module = plain("""
        import json
        import threading
        def body():
            def work():
                json.loads("[1]")
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """)
    assert harness.explore(module.body, "dfs", executions=10_000).exhausted


def test_a_plain_function_that_an_executor_runs_is_never_exhausted(plain: Plain) -> None:
    foreign = plain(FOREIGN)
    module = plain(f"""
        from concurrent.futures import ThreadPoolExecutor
        import {foreign.__name__} as foreign
        def body():
            with ThreadPoolExecutor(2) as pool:
                jobs = [pool.submit(foreign.add) for _ in range(2)]
                for job in jobs: job.result()
    """)
    result = harness.explore(module.body, "dfs", executions=300)
    where = f"add at {foreign.__name__}.py:3"
    assert f"code that is not instrumented runs in an executor ({where})" in result.evidence
    assert not result.exhausted


def test_an_executor_does_the_same_under_the_same_schedule(plain: Plain) -> None:
    # Joined in the order of a set, by addresses, its threads differed within a few executions.
    module = plain("""
        from concurrent.futures import ThreadPoolExecutor
        def body():
            with ThreadPoolExecutor(3) as pool:
                jobs = [pool.submit(int, "1") for _ in range(3)]
                assert sum(job.result() for job in jobs) == 3
    """)
    result = harness.explore(module.body, "dfs", executions=1_500)
    assert result.finding is None, str(result)
    assert result.executions == 1_500
