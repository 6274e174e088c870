"""Real threads whose accesses go to a backend: what it hears, and who may not have it."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.engine import board
from harness.instrument import (
    AccessesTakenError,
    accessing_frame,
    perturb_imports,
    perturbed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Define = Callable[..., dict[str, Any]]

KINDS = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}

ACCOUNT = """
import threading
total = 0
class Account:
    def __init__(self): self.balance = 10; self.log = []; self.lock = threading.Lock()
    def withdraw(self):
        global total
        if self.balance >= 10:
            self.balance -= 10
            self.log.append("out")
        with self.lock: self.log[0]
        self.lock.acquire(); self.lock.release()
        total += 1
def body():
    account = Account()
    threads = [threading.Thread(target=account.withdraw) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return account.balance
"""


def test_a_backend_hears_of_what_several_threads_access(subject: Define) -> None:
    heard: set[tuple[str, str, str]] = set()

    def backend(kind: int, obj: Any, key: Any) -> None:
        heard.add((KINDS[kind], type(obj).__name__, str(key)))

    body = subject(ACCOUNT)["body"]
    with perturbed(backend):
        body()
    assert {
        ("read", "Account", "balance"),
        ("write", "Account", "balance"),
        ("write", "list", "*"),  # append
        ("read", "list", "('item', 0)"),
        ("write", "lock", "*"),  # `with` and acquire
        ("write", "dict", "total"),  # a module's variable
        ("write", "Thread", "*"),  # start and join
    } <= heard


def test_a_thread_held_up_between_look_and_change_loses_an_update(subject: Define) -> None:
    account = subject(ACCOUNT)["Account"]()
    both_looked = threading.Barrier(2)

    def backend(kind: int, _obj: Any, key: Any) -> None:
        if kind == board.WRITE and key == "balance":
            both_looked.wait(10)

    with perturbed(backend):
        works = [threading.Thread(target=account.withdraw) for _ in range(2)]
        for work in works:
            work.start()
        for work in works:
            work.join()
    assert (account.balance, account.log) == (0, ["out", "out"])  # two got ten, of ten


def test_the_frame_of_an_access_is_the_programs_own(subject: Define) -> None:
    functions: set[str] = set()
    body = subject(ACCOUNT)["body"]
    with perturbed(lambda *_: functions.add(accessing_frame().f_code.co_qualname)):
        body()
    assert functions == {"Account.__init__", "Account.withdraw", "body"}


def test_without_a_backend_nothing_is_called(subject: Define) -> None:
    body = subject(ACCOUNT)["body"]
    calls: list[object] = []
    with perturbed(lambda *access: calls.append(access)) as place:
        place.use(None)
        assert board.alone
        body()
        assert calls == []
        place.use(lambda *access: calls.append(access))
        body()
    assert calls
    assert (board.alone, board.perturbed) == (True, False)
    assert board.access is board.no_access
    calls.clear()
    body()
    assert calls == []


def test_only_one_hears_of_the_accesses() -> None:
    with perturbed(), pytest.raises(AccessesTakenError, match="a backend hears"), perturbed():
        pass
    with perturbed(), pytest.raises(AccessesTakenError):
        harness.explore(lambda: None, executions=1)
    refused: list[BaseException] = []

    def body() -> None:
        try:
            with perturbed():
                pass
        except AccessesTakenError as error:
            refused.append(error)

    harness.explore(body, executions=1)
    assert "controlled execution" in str(refused[0])


def test_a_backend_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(harness.ArgumentError, match="backend"), perturbed(7):  # type: ignore[arg-type]
        pass
    assert board.alone
    assert not board.perturbed


def test_imported_modules_keep_the_real_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "perturbed_subject.py").write_text("import threading\nLOCK = threading.Lock()\n")
    monkeypatch.syspath_prepend(tmp_path)
    with perturb_imports(include=["perturbed_subject"]):
        module = importlib.import_module("perturbed_subject")
    try:
        assert type(module.LOCK) is type(threading.Lock())
        assert harness.instrument.is_instrumented("perturbed_subject")
    finally:
        del sys.modules["perturbed_subject"]


def test_a_cached_function_is_shared_by_real_threads(subject: Define) -> None:
    source = """
import functools, threading
@functools.lru_cache
def square(x): return x * x
def body():
    found = []
    def work():
        for x in range(300): found.append(square(x % 7))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return len(found)
"""
    errors: list[Any] = []
    before, threading.excepthook = threading.excepthook, errors.append
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        body = subject(source)["body"]
        with perturbed(lambda *_: time.sleep(0)):
            assert body() == 1200
    finally:
        sys.setswitchinterval(switch_s)
        threading.excepthook = before
    assert errors == []


def test_a_destructor_that_runs_in_the_backend_is_heard_of_too(subject: Define) -> None:
    """A collection may come anywhere, so a backend is entered again by the same thread."""
    source = """
class Node:
    def __init__(self): self.me = self; self.name = "node"
    def __del__(self): self.name = "gone"
def body():
    for _ in range(3): Node()
    return 3
"""
    heard: list[str] = []

    def backend(_kind: int, obj: Any, key: Any) -> None:
        heard.append(f"{type(obj).__name__}.{key}")
        if len(heard) < 50:
            gc.collect()

    body = subject(source)["body"]
    with perturbed(backend):
        assert body() == 3
    gc.collect()
    assert heard.count("Node.name") >= 4  # of the constructors, and of at least one destructor
