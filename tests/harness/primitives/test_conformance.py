"""The same small program gives the same result with real threads and under every schedule."""

# ruff: noqa: FBT001, FBT002, PERF401, PLC0415  # programs are written as users write them
from __future__ import annotations

import concurrent.futures as cf
import contextvars
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def _run(*works: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lock_excludes() -> Any:
    lock = threading.Lock()
    seen = {"inside": 0, "worst": 0}

    def work() -> None:
        with lock:
            seen["inside"] += 1
            seen["worst"] = max(seen["worst"], seen["inside"])
            time.sleep(0.001)
            seen["inside"] -= 1

    _run(work, work, work)
    return seen, lock.locked()


def lock_is_freed_by_another() -> Any:
    lock = threading.Lock()
    lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    got = lock.acquire()
    thread.join()
    return got, lock.locked()


def lock_times_out() -> Any:
    lock = threading.Lock()
    with lock:
        began = time.monotonic()
        got = lock.acquire(timeout=0.02)
        long_enough = time.monotonic() - began >= 0.019
        return got, lock.acquire(timeout=0), lock.acquire(blocking=False), long_enough


def rlock_is_entered_again() -> Any:
    lock = threading.RLock()
    got: list[bool] = []
    with lock, lock:
        other = threading.Thread(target=lambda: got.append(lock.acquire(blocking=False)))
        other.start()
        other.join()
    later = threading.Thread(target=lambda: got.append(lock.acquire(blocking=False)))
    later.start()
    later.join()
    return got


def condition_passes_items() -> Any:
    condition = threading.Condition()
    items: list[int] = []
    taken: list[int] = []

    def take() -> None:
        with condition:
            condition.wait_for(lambda: items)
            taken.append(items.pop())

    def give() -> None:
        for number in (1, 2):
            with condition:
                items.append(number)
                condition.notify()

    _run(take, take, give)
    return sorted(taken), items


def condition_over_a_users_lock() -> Any:
    class Noisy:
        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.calls = 0

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            self.calls += 1
            return self.lock.acquire(blocking, timeout)

        def release(self) -> None:
            self.lock.release()

        def __enter__(self) -> bool:
            return self.acquire()

        def __exit__(self, *_: object) -> None:
            self.release()

    noisy = Noisy()
    condition = threading.Condition(noisy)  # type: ignore[arg-type]
    flag: list[int] = []

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: flag)

    def wake() -> None:
        with condition:
            flag.append(1)
            condition.notify_all()

    _run(wait, wake)
    return noisy.calls >= 2, noisy.lock.locked()


def conditions_share_one_lock() -> Any:
    lock = threading.RLock()
    one, two = threading.Condition(lock), threading.Condition(lock)
    order: list[str] = []

    def first() -> None:
        with one:
            while not order:
                one.wait()
            order.append("second")
            two.notify_all()

    def second() -> None:
        with two:
            order.append("first")
            one.notify_all()
            two.wait_for(lambda: len(order) == 2)

    _run(first, second)
    return order


def condition_lets_go_of_a_deep_rlock() -> Any:
    condition = threading.Condition(threading.RLock())
    flag: list[int] = []

    def wait() -> None:
        with condition, condition:
            condition.wait_for(lambda: flag)
            assert condition._is_owned()  # type: ignore[attr-defined]

    def wake() -> None:
        with condition:
            flag.append(1)
            condition.notify()

    _run(wait, wake)
    return flag


def condition_times_out() -> Any:
    condition = threading.Condition()
    with condition:
        return (
            condition.wait(0.01),
            condition.wait(0),
            condition.wait(-1),
            condition.wait_for(lambda: False, timeout=0.01),
            condition.wait_for(lambda: 7, timeout=0),
        )


def semaphore_limits() -> Any:
    semaphore = threading.Semaphore(2)
    inside = {"now": 0, "worst": 0}
    guard = threading.Lock()

    def work() -> None:
        with semaphore:
            with guard:
                inside["now"] += 1
                inside["worst"] = max(inside["worst"], inside["now"])
            time.sleep(0.001)
            with guard:
                inside["now"] -= 1

    _run(work, work, work, work)
    return inside["worst"] <= 2, inside["now"], semaphore._value  # type: ignore[attr-defined]


def semaphore_times_out() -> Any:
    semaphore = threading.BoundedSemaphore(1)
    return (
        semaphore.acquire(),
        semaphore.acquire(blocking=False),
        semaphore.acquire(timeout=0.01),
        semaphore.acquire(timeout=0),
        semaphore.release(),
        semaphore.acquire(timeout=1),
    )


def event_wakes_all() -> Any:
    event = threading.Event()
    woken: list[bool] = []

    def wait() -> None:
        woken.append(event.wait())

    _run(wait, wait, event.set)
    event.clear()
    return woken, event.is_set(), event.wait(0.01), event.wait(0), event.wait(-1)


def barrier_meets() -> Any:
    actions: list[int] = []
    barrier = threading.Barrier(3, action=lambda: actions.append(1))
    numbers: list[int] = []

    def work() -> None:
        for _ in range(2):
            numbers.append(barrier.wait())

    _run(work, work, work)
    return sorted(numbers), actions, barrier.parties, barrier.n_waiting, barrier.broken


def barrier_is_aborted() -> Any:
    barrier = threading.Barrier(3)
    broken: list[str] = []

    def wait() -> None:
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            broken.append("broken")

    def abort() -> None:
        barrier.abort()

    _run(wait, wait, abort)
    was = barrier.broken
    barrier.reset()
    return broken, was, barrier.broken


def barrier_times_out() -> Any:
    barrier = threading.Barrier(2, timeout=0.01)
    try:
        barrier.wait()
    except threading.BrokenBarrierError:
        return barrier.broken
    return "passed"


def barrier_action_fails() -> Any:
    def fail() -> None:
        raise ValueError("no")

    barrier = threading.Barrier(2, action=fail)
    kinds: list[str] = []

    def wait() -> None:
        try:
            barrier.wait()
        except (ValueError, threading.BrokenBarrierError) as error:
            kinds.append(type(error).__name__)

    _run(wait, wait)
    return sorted(kinds)


def timer_fires() -> Any:
    fired: list[tuple[Any, ...]] = []
    timer = threading.Timer(0.005, lambda *args, **kw: fired.append((args, kw)), [1], {"a": 2})
    timer.start()
    timer.join()
    return fired, timer.finished.is_set(), timer.is_alive()


def timer_is_cancelled() -> Any:
    fired: list[int] = []
    timer = threading.Timer(30, fired.append, [1])
    timer.cancel()  # before the start: afterwards it may have fired already
    timer.start()
    timer.join()
    return fired, timer.finished.is_set()


class InitialisedLocal(threading.local):
    made = 0

    def __init__(self, start: int) -> None:
        type(self).made += 1
        self.value = start


def local_is_per_thread() -> Any:
    plain = threading.local()
    InitialisedLocal.made = 0
    initialised = InitialisedLocal(5)
    plain.mine = "main"
    seen: list[Any] = []

    def work() -> None:
        before = hasattr(plain, "mine")
        plain.mine = "task"
        initialised.value += 1
        time.sleep(0.001)
        seen.append((before, plain.mine, initialised.value, sorted(plain.__dict__)))
        del plain.mine

    _run(work, work)
    return seen, plain.mine, initialised.value, InitialisedLocal.made, plain.__dict__


class Squarer(threading.Thread):
    def __init__(self, number: int) -> None:
        super().__init__(name=f"square-{number}", daemon=False)
        self.number = number
        self.result = 0

    def run(self) -> None:
        self.result = self.number**2


def thread_subclass_runs() -> Any:
    threads = [Squarer(n) for n in (2, 3)]
    before = [(t.is_alive(), t.ident, t.native_id) for t in threads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (
        before,
        [(t.result, t.name, t.is_alive(), t.daemon) for t in threads],
        [type(t.ident) for t in threads],
    )


def thread_tells_its_state() -> Any:
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="waiter", daemon=True)

    def state() -> str:
        return repr(thread).split("(")[1].rsplit(")", 1)[0].rstrip("0123456789")

    states = [state()]
    thread.start()
    states.append(state())
    alive = thread.is_alive()
    thread.join(0.001)
    still = thread.is_alive()
    go.set()
    thread.join()
    states.append(state())
    thread.join()
    thread.join(0)
    return states, alive, still, thread.is_alive(), thread.name, thread.daemon


def thread_knows_itself() -> Any:
    seen: dict[str, Any] = {}

    def work() -> None:
        me = threading.current_thread()
        seen["name"] = me.name
        seen["same"] = me is thread
        seen["ident"] = threading.get_ident() == me.ident
        seen["native"] = threading.get_native_id() == me.native_id
        seen["main"] = threading.main_thread() is me
        seen["listed"] = me in threading.enumerate()
        seen["not mine"] = threading.get_ident() != outer

    outer = threading.get_ident()
    thread = threading.Thread(target=work, name="worker")
    before = thread in threading.enumerate()
    count = threading.active_count()
    thread.start()
    thread.join()
    return seen, before, thread in threading.enumerate(), threading.active_count() - count


def threads_inherit_daemon() -> Any:
    seen: list[bool] = []

    def work() -> None:
        child = threading.Thread(target=lambda: None)
        seen.append(child.daemon)
        child.start()
        child.join()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join()
    return seen


def system_exit_ends_a_thread_quietly() -> Any:
    before = threading.excepthook
    threading.excepthook = threading.__excepthook__  # pytest's reports it
    try:
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    return thread.is_alive()


def queue_passes_in_order() -> Any:
    items: queue.Queue[int] = queue.Queue(maxsize=1)
    taken: list[int] = []

    def give() -> None:
        for number in range(4):
            items.put(number)

    def take() -> None:
        for _ in range(4):
            taken.append(items.get())
            items.task_done()

    _run(give, take)
    items.join()
    return taken, items.empty(), items.full(), items.qsize(), items.unfinished_tasks


def queue_orders() -> Any:
    last: queue.Queue[int] = queue.LifoQueue()
    smallest: queue.Queue[int] = queue.PriorityQueue()
    simple: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (2, 3, 1):
        last.put(number)
        smallest.put_nowait(number)
        simple.put(number, block=False, timeout=None)
    return [(last.get(), smallest.get(), simple.get()) for _ in range(3)], simple.qsize()


def queue_times_out() -> Any:
    items: queue.Queue[int] = queue.Queue(1)
    kinds: list[str] = []
    for call in (
        lambda: items.get(timeout=0.01),
        lambda: items.get(timeout=0),
        lambda: items.get(block=False),
        lambda: items.put(1),
        lambda: items.put(1, timeout=0.01),
        lambda: items.put(1, timeout=0),
        lambda: queue.SimpleQueue().get(timeout=0),
    ):
        try:
            call()  # type: ignore[no-untyped-call]
        except (queue.Empty, queue.Full) as error:
            kinds.append(type(error).__name__)
        else:
            kinds.append("passed")
    return kinds


def queue_join_waits_for_the_work() -> Any:
    items: queue.Queue[int] = queue.Queue()
    done: list[int] = []

    def work() -> None:
        while True:
            item = items.get()
            if item < 0:
                return
            done.append(item)
            items.task_done()

    thread = threading.Thread(target=work)
    thread.start()
    for number in range(3):
        items.put(number)
    items.join()
    finished = list(done)
    items.put(-1)
    thread.join()
    return finished


def queue_shuts_down() -> Any:
    if sys.version_info < (3, 13):
        return None
    items: queue.Queue[int] = queue.Queue(1)
    kinds: list[str] = []

    def get() -> None:
        try:
            items.get()
        except queue.ShutDown:
            kinds.append("shut down")

    _run(get, get, items.shutdown)
    try:
        items.put(1)
    except queue.ShutDown:
        kinds.append("no put")
    return kinds


def simple_queue_wakes_a_waiter() -> Any:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    taken: list[int] = []
    _run(
        lambda: taken.append(items.get()),
        lambda: taken.append(items.get()),
        lambda: [items.put(1), items.put(2)],
    )  # type: ignore[func-returns-value]
    return sorted(taken), items.empty()


def clocks_go_on() -> Any:
    clocks = (time.monotonic, time.perf_counter, time.time)
    clocks_ns = (time.monotonic_ns, time.perf_counter_ns, time.time_ns)
    before = [clock() for clock in (*clocks, *clocks_ns)]
    time.sleep(0.02)
    after = [clock() for clock in (*clocks, *clocks_ns)]
    longer = [b - a for a, b in zip(before, after, strict=True)]
    return [gap >= 0.019 for gap in longer[:3]], [gap >= 19_000_000 for gap in longer[3:]]


def executor_maps() -> Any:
    with cf.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda n: n * n, range(5))), pool.submit(pow, 2, 5).result()


def executor_initialises() -> Any:
    made: list[int] = []
    with cf.ThreadPoolExecutor(1, initializer=made.append, initargs=(7,)) as pool:
        pool.submit(int).result()
    return made


def executor_tells_errors() -> Any:
    with cf.ThreadPoolExecutor(2) as pool:
        future = pool.submit(int, "x")
        error = future.exception()
        return type(error).__name__, future.done(), future.cancelled(), future.running()


def executor_cancels() -> Any:
    go = threading.Event()
    pool = cf.ThreadPoolExecutor(1)
    first = pool.submit(go.wait)
    while not first.running():
        time.sleep(0.001)
    second = pool.submit(int)
    third = pool.submit(int)
    cancelled = second.cancel()
    pool.shutdown(wait=False, cancel_futures=True)
    go.set()
    pool.shutdown(wait=True)
    return first.result(), cancelled, second.cancelled(), third.cancelled(), first.cancel()


def futures_are_waited_for() -> Any:
    go = threading.Event()
    with cf.ThreadPoolExecutor(3) as pool:
        slow = pool.submit(go.wait)
        quick = pool.submit(int, "5")
        done, pending = cf.wait([slow, quick], return_when=cf.FIRST_COMPLETED)
        first = (quick in done, slow in pending)
        late = cf.wait([slow], timeout=0.001)
        go.set()
        found = {future.result() for future in cf.as_completed([slow, quick])}
        all_done = cf.wait([slow, quick]).not_done
    return first, len(late.not_done), found, len(all_done)


def as_completed_times_out() -> Any:
    go = threading.Event()
    with cf.ThreadPoolExecutor(1) as pool:
        future = pool.submit(go.wait)
        try:
            list(cf.as_completed([future], timeout=0.001))
        except TimeoutError as error:
            return str(error)
        finally:
            go.set()
    return None


def future_calls_back() -> Any:
    calls: list[Any] = []
    with cf.ThreadPoolExecutor(1) as pool:
        future = pool.submit(int, "3")
        future.add_done_callback(lambda f: calls.append(f.result()))
    return calls


def executor_is_left_open() -> Any:
    pool = cf.ThreadPoolExecutor(2)
    return pool.submit(pow, 2, 3).result()


def context_variables_are_per_thread() -> Any:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="fresh")
    seen: list[str] = []

    def work() -> None:
        seen.append(variable.get())
        variable.set("task")
        time.sleep(0.001)
        seen.append(variable.get())

    variable.set("main")
    _run(work, work)
    return sorted(seen), variable.get()


def low_level_threads_run() -> Any:
    import _thread

    done = threading.Event()
    idents: list[int] = []

    def work(number: int, *, extra: int) -> None:
        idents.append(threading.get_ident())
        assert threading.current_thread().name
        idents.append(number + extra)
        done.set()

    ident = _thread.start_new_thread(work, (1,), {"extra": 2})
    done.wait()
    return idents == [ident, 3]


def thread_hooks_get_the_error() -> Any:
    got: list[Any] = []
    before = threading.excepthook

    def hook(args: Any) -> None:
        got.append((args.exc_type, str(args.exc_value), args.thread.name, bool(args.exc_traceback)))

    def fail() -> None:
        raise ValueError("in a thread")

    threading.excepthook = hook
    try:
        thread = threading.Thread(target=fail, name="failing")
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    return got


PROGRAMS = [
    value
    for name, value in list(globals().items())
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and isinstance(value, type(_run))
    and not name.startswith("_")
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program_gives_what_real_threads_give(program: Any, controlled: Any) -> None:
    really = program()
    for result in controlled(program):
        assert result == really
