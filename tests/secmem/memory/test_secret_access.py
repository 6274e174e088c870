from __future__ import annotations

import copy
import gc
import pickle
import threading
from array import array
from typing import Any

import pytest

from secmem.memory import (
    EmptySecret,
    MemoryProtection,
    Secret,
    SecretClosed,
    SecretFactory,
    Storage,
    SystemCallFailed,
    ViewEscaped,
    live_secret_count,
    memory_usage,
)


@pytest.fixture(params=list(Storage), ids=lambda storage: storage.name.lower())
def factory(request: pytest.FixtureRequest) -> SecretFactory:
    return SecretFactory(storage=request.param)


def test_a_new_secret_holds_the_bytes_and_the_buffer_is_wiped(
    factory: SecretFactory, probes: Any
) -> None:
    buffer = bytearray(probes.secret_bytes)
    with factory.new(buffer) as secret:
        assert buffer == bytes(32)
        assert len(secret) == 32
        with secret.access() as view:
            assert view == probes.secret_bytes
            assert (view.readonly, view.format, view.itemsize) == (True, "B", 1)
            with pytest.raises(TypeError):
                view[0] = 1


@pytest.mark.parametrize(
    "buffer", [array("I", [1, 2, 3]), memoryview(bytearray(b"abc"))], ids=["array", "view"]
)
def test_any_writable_buffer_serves(buffer: Any) -> None:
    expected = bytes(memoryview(buffer).cast("B"))
    with SecretFactory().new(buffer) as secret:
        assert secret.with_bytes(bytes) == expected
    assert not any(memoryview(buffer).cast("B"))


@pytest.mark.parametrize(
    ("buffer", "error", "words"),
    [
        (b"immutable", TypeError, "bytes is read-only"),
        ("text", TypeError, "such as a bytearray, not str"),
        (memoryview(bytearray(9))[::2], TypeError, "this view has gaps"),
        (bytearray(), EmptySecret, "at least 1 byte, and 0 were asked for"),
    ],
    ids=["bytes", "str", "gaps", "empty"],
)
def test_what_cannot_become_a_secret_is_refused(
    buffer: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        SecretFactory().new(buffer)


def test_random_secrets_differ_and_have_their_length(factory: SecretFactory) -> None:
    with factory.random(64) as one, factory.random(64) as other:
        assert len(one) == 64
        one_bytes = one.with_bytes(bytes)
        assert one_bytes != other.with_bytes(bytes)
        assert one_bytes != bytes(64)


@pytest.mark.parametrize(("size", "error"), [(0, EmptySecret), (-3, EmptySecret), (1.5, TypeError)])
def test_random_takes_a_number_of_bytes(size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        SecretFactory().random(size)


def test_a_copy_leaves_its_source_alone(probes: Any) -> None:
    with SecretFactory().copy_of(probes.secret_bytes) as secret:
        assert secret.with_bytes(bytes) == probes.secret_bytes
    with pytest.raises(EmptySecret):
        SecretFactory().copy_of(b"")


@pytest.mark.parametrize("name", ["policy", "storage", "backing"])
def test_a_factory_takes_members_of_its_enums(name: str) -> None:
    arguments: Any = {name: "strict"}
    with pytest.raises(TypeError, match=rf"{name} is a \w+ \(\w+, \w+\), not 'strict'"):
        SecretFactory(**arguments)


def test_the_page_has_no_access_unless_somebody_reads(probes: Any) -> None:
    with SecretFactory().random(32) as secret:
        address = probes.address_of(secret)
        assert not probes.readable(address)
        with secret.access():
            assert probes.readable(address)
            assert secret.protection is MemoryProtection.READ_ONLY
            with secret.access():
                assert probes.readable(address)
            assert probes.readable(address)
        assert not probes.readable(address)


def test_with_bytes_returns_the_result_and_raises_the_callers_error() -> None:
    with SecretFactory().new(bytearray(b"abc")) as secret:
        assert secret.with_bytes(lambda view: view[1]) == ord("b")
        with pytest.raises(KeyError, match="mine"):
            secret.with_bytes(lambda _: {"yours": 1}["mine"])
        assert secret.protection is MemoryProtection.NO_ACCESS
        with pytest.raises(TypeError, match="function of one view, not int"):
            secret.with_bytes(3)  # type: ignore[arg-type]


def test_with_bytes_func_returns_the_result_alone_and_wipes_the_bytes() -> None:
    made = bytearray()

    def transform(view: memoryview) -> tuple[int, bytearray]:
        made.extend(view)
        return len(view), made

    with SecretFactory().new(bytearray(b"abc")) as secret:
        assert secret.with_bytes_func(transform) == 3
    assert made == bytes(3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (7, r"returns \(result, buffer\), not int"),
        ((1, 2, 3), r"returns \(result, buffer\), not tuple"),
        ((1, b"frozen"), "bytes is read-only"),
    ],
    ids=["no tuple", "three", "bytes"],
)
def test_with_bytes_func_refuses_what_it_cannot_wipe(answer: Any, words: str) -> None:
    with SecretFactory().random(3) as secret, pytest.raises(TypeError, match=words):
        secret.with_bytes_func(lambda _: answer)


def test_the_view_dies_with_the_access(factory: SecretFactory) -> None:
    with factory.random(8) as secret:
        with secret.access() as view:
            kept = view
        with pytest.raises(ValueError, match="released"):
            kept[0]


@pytest.mark.parametrize(
    "escape",
    [
        lambda view: view[2:4],
        lambda view: view[:],
        memoryview,
        lambda view: view.cast("H"),
        lambda view: [view[1:2][:1]],
        lambda view: view.obj,
    ],
    ids=["slice", "whole slice", "copy", "cast", "slice of a slice", "exporter"],
)
def test_a_survivor_of_the_view_is_reported(factory: SecretFactory, escape: Any) -> None:
    secret = factory.new(bytearray(b"abcdefgh"))
    kept: list[Any] = []
    with pytest.raises(ViewEscaped, match="end of the access") as caught, secret.access() as view:
        kept.append(escape(view))
    assert caught.value.survivors == 1
    kept.clear()
    del caught
    assert secret.protection is MemoryProtection.NO_ACCESS
    secret.close()


def test_a_result_that_is_a_slice_is_reported_and_still_readable_until_dropped(
    factory: SecretFactory,
) -> None:
    secret = factory.new(bytearray(b"abcdefgh"))
    kept: list[memoryview] = []
    with pytest.raises(ViewEscaped):
        secret.with_bytes(lambda view: kept.append(view[:2]))
    assert bytes(kept[0]) == b"ab"
    assert secret.protection is MemoryProtection.READ_ONLY
    with pytest.raises(ViewEscaped, match="seen at close") as caught:
        secret.close()
    assert caught.value.during == "close"
    with pytest.raises(SecretClosed), secret.access():
        pass
    assert bytes(kept[0]) == b"ab"
    kept.clear()
    secret.close()
    assert secret.closed


def test_slices_that_are_released_in_time_are_nobodys_business(factory: SecretFactory) -> None:
    with factory.random(8) as secret:
        with secret.access() as view:
            piece = view[:4]
            piece.release()
            with view[4:] as rest:
                assert len(rest) == 4
        with secret.access() as view:
            view.release()


def test_a_survivor_keeps_a_dropped_secret_until_it_dies(factory: SecretFactory) -> None:
    secret = factory.new(bytearray(b"abcdefgh"))
    kept: list[memoryview] = []
    with pytest.raises(ViewEscaped):
        secret.with_bytes(lambda view: kept.append(view[:2]))
    del secret
    assert bytes(kept[0]) == b"ab"
    assert live_secret_count() == 1
    kept.clear()
    gc.collect()  # the error's traceback holds the frame of with_bytes
    assert live_secret_count() == 0
    assert memory_usage().mapped_bytes == 0


def test_an_escape_under_the_callers_own_error_is_a_note_on_it() -> None:
    secret = SecretFactory().random(8)
    kept: list[memoryview] = []

    def use(view: memoryview) -> None:
        kept.append(view[:1])
        raise LookupError

    with pytest.raises(LookupError) as caught:
        secret.with_bytes(use)
    assert "left a slice of the view alive" in caught.value.__notes__[0]
    kept.clear()
    secret.close()


def test_an_object_that_exports_the_view_itself_counts_as_survivor() -> None:
    np = pytest.importorskip("numpy")
    secret = SecretFactory().random(8)
    kept: list[Any] = []
    with pytest.raises(ViewEscaped):
        secret.with_bytes(lambda view: kept.append(np.frombuffer(view, dtype="u1")))
    assert kept[0].sum() >= 0
    kept.clear()
    secret.close()


def test_an_access_is_entered_once() -> None:
    with SecretFactory().random(1) as secret:
        access = secret.access()
        with access, pytest.raises(RuntimeError, match="entered once"), access:
            pass


def test_eight_threads_are_inside_at_once(factory: SecretFactory) -> None:
    together = threading.Barrier(8, timeout=20)
    seen: list[int] = []
    with factory.random(4) as secret:
        threads = [
            threading.Thread(
                target=lambda: secret.with_bytes(lambda _: seen.append(together.wait()))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(seen) == list(range(8))


def test_clones_share_one_life(factory: SecretFactory) -> None:
    secret = factory.new(bytearray(b"abc"))
    twin = secret.clone()
    other = copy.copy(twin)
    assert live_secret_count() == 1
    del secret
    assert twin.with_bytes(bytes) == b"abc"
    twin.close()
    assert other.closed
    assert live_secret_count() == 0


def test_dropping_the_last_clone_closes(factory: SecretFactory) -> None:
    secret = factory.random(3)
    twin = secret.clone()
    del secret
    assert live_secret_count() == 1
    del twin
    assert live_secret_count() == 0
    assert memory_usage().mapped_bytes == 0


def test_a_secret_is_neither_copied_deeply_nor_pickled() -> None:
    with SecretFactory().random(3) as secret:
        with pytest.raises(TypeError, match="clone"):
            copy.deepcopy(secret)
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(secret)


def test_a_picture_shows_no_byte() -> None:
    with SecretFactory().new(bytearray(b"visible?")) as secret:
        assert repr(secret) == "<Secret of 8 bytes, page>"
        assert bool(secret)
        assert secret.hardening.complete
    assert repr(secret) == "<Secret of 8 bytes, closed>"


def test_a_page_that_cannot_be_opened_counts_nobody_in(probes: Any) -> None:
    calls = probes.FaultyCalls()
    secret = SecretFactory(calls=calls).random(8)
    calls.always = ("mprotect",)
    with pytest.raises(SystemCallFailed, match="mprotect"), secret.access():
        pass
    calls.always = ()
    assert secret._state.accesses == 0
    with secret.access() as view:
        assert len(view) == 8
    secret.close()


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_a_failing_re_protect_is_reported_and_repaired_by_the_next_access(
    probes: Any, storage: Storage
) -> None:
    calls = probes.FaultyCalls()
    secret = SecretFactory(calls=calls, storage=storage).random(8)
    with pytest.raises(SystemCallFailed, match="mprotect"), secret.access():
        calls.always = ("mprotect",)
    calls.always = ()
    assert probes.readable(probes.address_of(secret))
    assert secret._state.accesses == 0
    with secret.access():
        pass
    assert not probes.readable(probes.address_of(secret))
    secret.close()


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_a_close_after_a_failing_re_protect_does_not_hang(probes: Any, storage: Storage) -> None:
    calls = probes.FaultyCalls()
    secret = SecretFactory(calls=calls, storage=storage).random(8)
    with pytest.raises(SystemCallFailed), secret.access():
        calls.always = ("mprotect",)
    calls.always = ()
    secret.close(timeout_s=0)
    assert secret.closed
    assert not calls.mapped


def test_a_secret_is_a_secret() -> None:
    with SecretFactory().random(1) as secret:
        assert isinstance(secret, Secret)
