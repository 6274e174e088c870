"""What sharing one OS thread would break, and does not."""

# ruff: noqa: TRY301, PT017  # bodies are written as users write them
from __future__ import annotations

import asyncio
import contextvars
import decimal
import functools
import io
import itertools
import logging
import sqlite3
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEP = threading.Lock()


def step() -> None:
    """Let somebody else run."""
    with STEP:
        pass


def in_tasks(*works: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def passes(body: Callable[[], Any], executions: int = 100, **options: Any) -> None:
    result = harness.explore(body, executions=executions, **options)
    assert result.verdict is harness.Verdict.PASSED, str(result)


def test_context_variables_start_fresh_and_do_not_leak_through_pooled_workers() -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
    seen = []

    def body() -> None:
        def work() -> None:
            seen.append(variable.get(0))
            variable.set(1)
            step()
            seen.append(variable.get(0) - 1)

        in_tasks(work, work)

    passes(body)
    assert set(seen) == {0}


def test_the_body_sees_the_context_of_its_caller_and_keeps_it_clean() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    variable.set("caller")
    seen = set()

    def body() -> None:
        seen.add(variable.get())
        variable.set("body")

    passes(body)
    assert seen == {"caller"}
    assert variable.get() == "caller"


def test_decimal_contexts_are_per_task() -> None:
    def body() -> None:
        def work(precision: int) -> None:
            decimal.getcontext().prec = precision
            step()
            assert len(str(decimal.Decimal(1) / 3)) == precision + 2

        in_tasks(lambda: work(5), lambda: work(9))

    passes(body)


def test_asyncio_runs_in_two_tasks_at_once() -> None:
    def body() -> None:
        loops = []

        async def nap(number: int) -> int:
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0.01 * number)
            return number

        async def gather() -> list[int]:
            mine = asyncio.get_running_loop()
            step()
            found = await asyncio.gather(nap(1), nap(2))
            assert asyncio.get_running_loop() is mine
            return found

        def work() -> None:
            assert asyncio.run(gather()) == [1, 2]

        in_tasks(work, work)
        assert len(set(map(id, loops))) == 2

    passes(body, executions=30)


def test_asyncio_is_woken_from_another_task() -> None:
    def body() -> None:
        ready = threading.Event()
        found: dict[str, Any] = {}

        async def wait() -> None:
            found["loop"] = asyncio.get_running_loop()
            found["future"] = asyncio.get_running_loop().create_future()
            ready.set()
            found["value"] = await found["future"]

        def wake() -> None:
            ready.wait()
            found["loop"].call_soon_threadsafe(found["future"].set_result, 5)

        in_tasks(lambda: asyncio.run(wait()), wake)
        assert found["value"] == 5

    passes(body, executions=30)


def test_asyncio_runs_work_in_an_executor() -> None:
    def body() -> None:
        async def main() -> int:
            return await asyncio.to_thread(pow, 2, 5)

        assert asyncio.run(main()) == 32

    passes(body, executions=20)


class Collecting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.worst = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.inside += 1
        self.worst = max(self.worst, self.inside)
        step()
        self.inside -= 1


def test_a_logging_handler_made_before_is_entered_by_one_task_at_a_time() -> None:
    handler = Collecting()
    logger = logging.getLogger("holdfast.test.one_os_thread")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        passes(lambda: in_tasks(*[lambda: logger.warning("hello")] * 3))
    finally:
        logger.removeHandler(handler)
    assert handler.worst == 1


class Computed:
    calls = 0

    @functools.cached_property
    def value(self) -> int:
        type(self).calls += 1
        step()
        return 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="cached_property has no lock from 3.12 on")
def test_a_cached_property_computes_once() -> None:
    def body() -> None:
        Computed.calls = 0
        shared = Computed()
        in_tasks(*[lambda: shared.value] * 3)
        assert Computed.calls == 1

    passes(body)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="cached_property has a lock before 3.12")
def test_a_cached_property_without_a_lock_may_compute_twice() -> None:
    def body() -> None:
        Computed.calls = 0
        shared = Computed()
        in_tasks(*[lambda: shared.value] * 2)
        assert Computed.calls == 1

    # misses with (1 - 1/4)**200 < 1e-24: the second task reads in the gap of the first
    assert harness.explore(body, executions=200).verdict is harness.Verdict.FAILED


def test_a_module_is_never_seen_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_made_module.py").write_text(
        "import threading\nfirst = 1\nthreading.Event().is_set()\nlock = threading.Lock()\n"
        "with lock: pass\nlast = 2\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def body() -> None:
        sys.modules.pop("half_made_module", None)

        def work() -> None:
            import half_made_module  # type: ignore[import-not-found]  # noqa: PLC0415

            assert half_made_module.last == 2

        in_tasks(work, work, work)

    passes(body)
    sys.modules.pop("half_made_module", None)


def test_an_import_that_waits_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "waiting_module.py").write_text("import threading\nthreading.Event().wait()\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def body() -> None:
        import waiting_module  # type: ignore[import-not-found]  # noqa: F401, PLC0415

    with pytest.raises(harness.BlockedInRegionError, match="import of waiting_module"):
        harness.explore(body, executions=2)


class SteppingRaw(io.RawIOBase):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with self.lock:
            self.chunks.append(bytes(data))
        return len(data)


def test_a_buffered_writer_is_not_entered_twice() -> None:
    def body() -> None:
        raw = SteppingRaw()
        buffered = io.BufferedWriter(raw, buffer_size=8)
        text = io.TextIOWrapper(buffered, write_through=True)

        def work() -> None:
            for _ in range(2):
                buffered.write(b"0123456789")
                print("abcdefghij", file=text, flush=True)

        in_tasks(work, work)
        buffered.flush()
        written = b"".join(raw.chunks)
        assert len(written) == 4 * 10 + 4 * 11

    passes(body)


def test_a_finaliser_that_takes_a_lock_runs_where_the_last_reference_goes() -> None:
    def body() -> None:
        lock = threading.Lock()
        gone: list[int] = []

        class Resource:
            def __del__(self) -> None:
                with lock:
                    gone.append(1)

        def work() -> None:
            resource = Resource()
            step()
            del resource

        in_tasks(work, work)
        assert gone == [1, 1]

    passes(body)


def _finalised_under_its_lock() -> Any:
    def body() -> None:
        lock = threading.Lock()

        class Resource:
            def __del__(self) -> None:
                with lock:
                    pass

        resource = Resource()
        with lock:
            del resource

    return body


def test_a_finaliser_that_waits_for_its_own_task_is_an_error_that_names_it() -> None:
    with pytest.raises(harness.BlockedInRegionError, match="finaliser of Resource"):
        harness.explore(_finalised_under_its_lock(), executions=2)


def test_a_finaliser_in_foreign_code_that_waits_for_its_own_task_is_a_deadlock() -> None:
    body = _finalised_under_its_lock()
    foreign = iter(body, object()).__next__  # explore looks into no callable written in C
    result = harness.explore(foreign, executions=2)
    assert result.finding is not None
    assert result.finding.kind is harness.FindingKind.DEADLOCK


def test_a_weakref_callback_runs_as_part_of_its_task() -> None:
    def body() -> None:
        gone: list[str] = []
        lock = threading.Lock()

        class Resource:
            pass

        def forget(_: object) -> None:
            with lock:
                gone.append(threading.current_thread().name)

        def work() -> None:
            resource = Resource()
            reference = weakref.ref(resource, forget)
            step()
            del resource
            assert reference() is None

        in_tasks(work, work)
        assert sorted(gone) == ["Thread-1 (work)", "Thread-2 (work)"]

    passes(body)


def test_a_finalize_callback_that_waits_is_an_error_that_names_it() -> None:
    def body() -> None:
        class Resource:
            pass

        def close_pool() -> None:
            threading.Event().wait()

        resource = Resource()
        weakref.finalize(resource, close_pool)
        del resource

    with pytest.raises(harness.BlockedInRegionError, match="close_pool"):
        harness.explore(body, executions=2)


def test_a_users_excepthook_is_called_and_the_exception_is_no_finding() -> None:
    seen = []

    def body() -> None:
        def fail() -> None:
            raise ValueError("told to the hook")

        thread = threading.Thread(target=fail, name="failing")
        thread.start()
        thread.join()

    before = threading.excepthook
    threading.excepthook = lambda args: seen.append((args.thread.name, str(args.exc_value)))
    try:
        passes(body, executions=5)
    finally:
        threading.excepthook = before
    assert seen == [("failing", "told to the hook")] * (2 + 5)  # two runs check the body
    result = harness.explore(body, executions=5)
    assert result.finding is not None
    assert "told to the hook" in result.finding.message


def test_a_hook_that_takes_notes_around_another_is_not_the_users() -> None:
    def body() -> None:
        def fail() -> None:
            raise ValueError("nobody's hook")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    before = threading.excepthook  # that of pytest, which tells of errors and decides nothing

    @functools.wraps(before)
    def noting(args: threading.ExceptHookArgs) -> None:
        before(args)

    threading.excepthook = noting
    try:
        result = harness.explore(body, executions=2)
    finally:
        threading.excepthook = before
    assert result.finding is not None
    assert "nobody's hook" in result.finding.message


def test_an_excepthook_that_raises_is_a_finding_that_says_so() -> None:
    def body() -> None:
        def fail() -> None:
            raise ValueError("first")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    def hook(_: object) -> None:
        raise KeyError("second")

    before = threading.excepthook
    threading.excepthook = hook
    try:
        result = harness.explore(body, executions=2)
    finally:
        threading.excepthook = before
    assert result.finding is not None
    assert result.finding.error is not None
    assert "threading.excepthook raised KeyError" in result.finding.error.__notes__[0]


def test_low_level_threads_are_tasks() -> None:
    def body() -> None:
        import _thread  # noqa: PLC0415

        done = _thread.allocate_lock()
        done.acquire()
        idents = [_thread.get_ident()]

        def work() -> None:
            idents.append(threading.get_ident())
            assert threading.current_thread().ident == idents[-1]
            done.release()

        ident = _thread.start_new_thread(work, ())
        done.acquire()
        assert idents[1:] == [ident]
        assert idents[0] != ident

    passes(body)


def test_exceptions_in_flight_belong_to_their_task() -> None:
    def body() -> None:
        def work(name: str) -> None:
            try:
                raise ValueError(name)
            except ValueError:
                step()
                assert str(sys.exc_info()[1]) == name
                try:
                    step()
                    raise KeyError(name)
                except KeyError as error:
                    step()
                    assert str(error.__context__) == name
            assert sys.exc_info()[1] is None

        in_tasks(lambda: work("one"), lambda: work("two"))

    passes(body)


def test_generators_go_on_across_switches() -> None:
    def body() -> None:
        def numbers() -> Any:
            for number in itertools.count():
                step()
                yield number

        def work() -> None:
            made = numbers()
            assert [next(made) for _ in range(3)] == [0, 1, 2]
            made.close()

        in_tasks(work, work)

    passes(body)


def test_a_shared_generator_says_that_it_runs_already() -> None:
    def body() -> None:
        def numbers() -> Any:
            for number in range(10):
                step()
                yield number

        shared = numbers()
        errors = []

        def work() -> None:
            try:
                next(shared)
            except ValueError as error:
                errors.append(str(error))

        in_tasks(work, work)
        assert errors in ([], ["generator already executing"])

    passes(body)


def test_callbacks_from_c_may_switch() -> None:
    class Key:
        def __init__(self, number: int) -> None:
            self.number = number

        def __hash__(self) -> int:
            step()
            return self.number % 2

        def __eq__(self, other: object) -> bool:
            step()
            return isinstance(other, Key) and self.number == other.number

    def body() -> None:
        def work() -> None:
            def slow(number: int) -> int:
                step()
                return -number

            assert sorted(range(4), key=slow) == [3, 2, 1, 0]
            assert len({Key(number): number for number in range(4)}) == 4

        in_tasks(work, work)

    passes(body, executions=30)


def test_deep_recursion_in_one_task_leaves_the_others_their_stack() -> None:
    def body() -> None:
        def deep(left: int) -> int:
            if not left:
                step()
                return 0
            return 1 + deep(left - 1)

        in_tasks(lambda: deep(300), lambda: deep(300), lambda: deep(300))

    passes(body, executions=20)


def test_sqlite_refuses_a_connection_of_another_task_as_it_does_of_another_thread() -> None:
    def body() -> None:
        connection = sqlite3.connect(":memory:")
        refused: list[str] = []

        def work() -> None:
            try:
                connection.execute("select 1")
            except sqlite3.ProgrammingError as error:
                refused.append(str(error))

        in_tasks(work)
        assert connection.execute("select 1").fetchone() == (1,)
        connection.close()
        assert "same thread" in refused[0]

    passes(body, executions=3)


def test_sqlite_without_the_check_serves_all_tasks() -> None:
    def body() -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        in_tasks(*[lambda: connection.execute("select 1")] * 2)
        connection.close()

    passes(body, executions=3)


def test_time_is_virtual_and_moves_when_everybody_waits() -> None:
    def body() -> None:
        began = time.monotonic()
        in_tasks(lambda: time.sleep(3600), lambda: threading.Event().wait(1800))
        assert 3600 <= time.monotonic() - began < 5401

    began_s = time.perf_counter()
    passes(body, executions=20)
    assert time.perf_counter() - began_s < 5
