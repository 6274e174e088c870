"""R-TS-09 on our own subjects: every system, file and callback call fails once, in its turn."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.faults import FILE_CALLS, Broken, Faults, each_failure, replay_fault
from reports import Outcome, Record, RecordKind, ReportsError, RunDocument, Store
from reports.document import content_id, document_now
from reports.write import write_document
from secmem.flow import AsyncFlowController, CancelToken, FlowController, FlowError
from secmem.memory import (
    AlignedMemory,
    Backing,
    Secret,
    SecretError,
    SecretFactory,
    SecretStream,
    Storage,
    live_secret_count,
    memory_usage,
)
from secmem.memory.system_calls import default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATTERN = bytes(range(1, 33))


def failing_calls(faults: Faults) -> Any:
    """Return the page layer's system calls under the plan; wiping cannot fail, by its contract."""
    return faults.port(default_system_calls(), bound={"protector": "protect"}, spared=("wipe",))


def factory(faults: Faults, **how: Any) -> SecretFactory:
    return SecretFactory(calls=failing_calls(faults), **how)


def use(secret: Secret) -> None:
    try:
        with secret.access() as view, secret.access():
            assert bytes(view) == PATTERN
    finally:
        secret.close()


def page(faults: Faults) -> None:
    use(factory(faults).new(bytearray(PATTERN)))


def secret_file(faults: Faults) -> None:
    use(factory(faults, backing=Backing.MEMFD_SECRET).new(bytearray(PATTERN)))


def random_bytes(faults: Faults) -> None:
    with factory(faults).random(32) as secret:
        assert secret.with_bytes(len) == 32


def slab(faults: Faults) -> None:
    made = factory(faults, storage=Storage.SLAB)
    with made.new(bytearray(PATTERN)):
        use(made.new(bytearray(PATTERN)))


def reader(faults: Faults) -> None:
    with factory(faults).new(bytearray(PATTERN)) as secret:
        source = secret.reader()
        assert source.read(8) + source.read() == PATTERN


def stream(faults: Faults) -> None:
    with SecretStream(factory(faults)) as pipe:
        pipe.write(bytearray(PATTERN * 700))  # two chunks
        assert pipe.read(32) == PATTERN
        pipe.flush().close()


def memory(faults: Faults) -> None:
    AlignedMemory.with_data(PATTERN, calls=failing_calls(faults)).release()


def callback(faults: Faults) -> None:
    """The user's function raises, in with_bytes and in a nested one."""
    look = faults.callback(len)
    with factory(faults).new(bytearray(PATTERN)) as secret:
        assert secret.with_bytes(look) == 32
        assert secret.with_bytes(lambda view: (look(view), secret.with_bytes(look))) == (32, 32)


SECRETS = [page, secret_file, random_bytes, slab, reader, stream, memory, callback]


@pytest.mark.parametrize("body", SECRETS, ids=lambda body: body.__name__)
def test_whichever_call_of_a_secret_fails_the_error_is_typed_and_nothing_stays(
    body: Callable[[Faults], None],
) -> None:
    before = (memory_usage(), live_secret_count())

    def nothing_stays() -> None:
        if (memory_usage(), live_secret_count()) != before:
            gc.collect()  # dear, and only what sits in a dead cycle needs it
        assert (memory_usage(), live_secret_count()) == before, "pages or secrets are left"

    sweep = each_failure(
        body, allow=(SecretError, RuntimeError), check=nothing_stays, leaks=body is page
    )
    assert sweep, str(sweep)
    assert {"map_pages", "protect", "unmap"} <= set(sweep.failed)


class ForgetsToUnlock:
    """A planted twin of the port: a failed unlock is not told, and the pages stay mapped."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def unmap(self, address: int, size: int) -> None:
        with contextlib.suppress(OSError):  # the planted bug
            self._real.unmap(address, size)


def test_a_twin_that_swallows_a_failed_unmap_is_found() -> None:
    def body(faults: Faults) -> None:
        calls = ForgetsToUnlock(failing_calls(faults))
        SecretFactory(calls=calls).new(bytearray(PATTERN)).close()

    sweep = each_failure(body, allow=(SecretError,))
    (finding,) = [each for each in sweep.findings if each.call == "unmap"]
    assert finding.broken is Broken.LEAK
    assert "locked bytes" in finding.message or "mappings" in finding.message


def test_under_the_engine_a_failing_call_does_not_hang_a_close_against_a_reader() -> None:
    def body(faults: Faults) -> None:
        secret = factory(faults).new(bytearray(PATTERN))

        def read() -> None:
            try:
                with secret.access() as view:
                    assert bytes(view) == PATTERN
            except SecretError:
                pass

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            secret.close()
        finally:
            for thread in threads:
                thread.join()
        assert secret.closed

    sweep = each_failure(body, allow=(SecretError,), executions=20)
    assert sweep, str(sweep)
    assert sweep.failed["protect"] >= 2


def test_a_listener_of_a_flow_that_raises_takes_no_slot_with_it() -> None:
    kept: list[FlowController] = []

    def body(faults: Faults) -> None:
        flow = FlowController(2, 1, on_blocked=faults.callback(lambda: None))
        kept[:] = [flow]
        held = 0
        for _ in range(2):
            try:
                flow.acquire()
                held += 1
            except RuntimeError:
                assert flow.pending == held, "the slot of a failed acquire is not given back"
        for _ in range(held):
            flow.release()

    def balanced() -> None:
        (flow,) = kept
        assert (flow.pending, flow.waiting, flow.misuse_count) == (0, 0, 0)

    sweep = each_failure(body, allow=(RuntimeError,), check=balanced)
    assert sweep, str(sweep)
    assert sweep.failed == {"callback": 1}


def test_a_listener_of_an_asyncio_flow_that_raises_takes_no_slot_with_it() -> None:
    def body(faults: Faults) -> None:
        async def use_flow() -> None:
            flow = AsyncFlowController(2, 1, on_blocked=faults.callback(lambda: None))
            try:
                await flow.acquire()
                await flow.acquire()
            except RuntimeError:
                assert flow.pending == 1, "the slot of a failed acquire is not given back"

        asyncio.run(use_flow())

    sweep = each_failure(body, allow=(RuntimeError,))
    assert sweep, str(sweep)


def test_under_the_engine_a_listener_that_raises_leaves_no_waiter_behind() -> None:
    def body(faults: Faults) -> None:
        flow = FlowController(1, 1, on_blocked=faults.callback(lambda: None))
        cancel = CancelToken()

        def pass_through() -> None:
            try:
                flow.acquire(cancel=cancel)
            except (RuntimeError, FlowError):
                return
            flow.release()

        threads = [threading.Thread(target=pass_through) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert flow.pending == 0

    sweep = each_failure(body, executions=40)
    assert sweep, str(sweep)


def a_document(name: str) -> RunDocument:
    record = Record(kind=RecordKind.STRESS, name=name, outcome=Outcome.PASSED)
    return document_now([record], source="a test", commit=None)


def test_whichever_file_call_fails_the_store_holds_whole_documents_only(tmp_path: Path) -> None:
    store, kept = tmp_path / "store", a_document("kept")
    write_document(kept, store=store)
    fresh = a_document("fresh")

    def body(faults: Faults) -> None:
        for old in (store / "runs").glob("*.json"):
            if old.read_bytes() != kept.to_bytes():
                old.unlink()
        write_document(fresh, store=store)

    def whole() -> None:
        with Store(store) as opened:
            opened.rebuild()
            assert not opened.refused, str(opened.refused[0])
            assert 1 <= len(opened.stamps()) <= 2

    sweep = each_failure(body, calls=FILE_CALLS, allow=(OSError, ReportsError), check=whole)
    assert sweep, str(sweep)
    assert {"os.fsync", "file.write", "os.replace"} <= set(sweep.failed)


def test_whichever_file_call_fails_a_new_store_is_one_or_is_not_begun(tmp_path: Path) -> None:
    numbers = itertools.count()
    document = a_document("first")
    stores: list[Path] = []

    def body(faults: Faults) -> None:
        stores.append(tmp_path / f"store {next(numbers)}")
        write_document(document, store=stores[-1])

    def usable() -> None:
        write_document(document, store=stores[-1])  # what a failed beginning left is no hindrance
        with Store(stores[-1]) as opened:
            assert not opened.refused
            assert len(opened.stamps()) == 1

    sweep = each_failure(body, calls=FILE_CALLS, allow=(OSError, ReportsError), check=usable)
    assert sweep, str(sweep)


def test_a_store_that_writes_in_place_is_found(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write_document(a_document("kept"), store=store)
    fresh = a_document("fresh").to_bytes()

    def body(faults: Faults) -> None:
        name = f"{content_id(fresh)}.json"
        with (store / "runs" / name).open("wb", buffering=100) as file:
            file.write(fresh[:90])
            file.write(fresh[90:])

    def whole() -> None:
        with Store(store) as opened:
            opened.rebuild()
            assert not opened.refused, str(opened.refused[0])

    sweep = each_failure(body, calls=FILE_CALLS, check=whole)
    assert {each.call for each in sweep.findings} >= {"file.write"}
    again = replay_fault(body, sweep.findings[0].plan, calls=FILE_CALLS, check=whole)
    assert again is not None
