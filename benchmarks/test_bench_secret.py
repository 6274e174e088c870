"""How long a secret takes: to live, to be read by one, to be read by several."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from secmem.memory import SecretFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

    from secmem.memory import Secret

READY_TIMEOUT_S = 10.0


@pytest.fixture
def secret() -> Iterator[Secret]:
    with SecretFactory().random(32) as made:
        yield made


def read(secret: Secret) -> None:
    with secret.access() as view:
        view.tobytes()


def test_access_to_a_32_byte_secret(benchmark: BenchmarkFixture, secret: Secret) -> None:
    benchmark(read, secret)


def test_second_reader_of_an_open_secret(benchmark: BenchmarkFixture, secret: Secret) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with secret.access():
            entered.set()
            leave.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert entered.wait(READY_TIMEOUT_S)
        benchmark(read, secret)
    finally:
        leave.set()
        holder.join()


def test_four_threads_read_one_secret_100_times_each(
    benchmark: BenchmarkFixture, secret: Secret
) -> None:
    def read_100_times() -> None:
        for _ in range(100):
            read(secret)

    def crowd() -> None:
        threads = [threading.Thread(target=read_100_times) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    benchmark(crowd)


@pytest.mark.parametrize("size_bytes", [32, 4096, 65536])
def test_create_and_close(benchmark: BenchmarkFixture, size_bytes: int) -> None:
    factory = SecretFactory()
    benchmark(lambda: factory.random(size_bytes).close())
