"""Targets for the tests of what judges single inputs; each can be named by its place."""

import itertools
import os
import signal
import sys
import threading
import time

import fuzz

HERE = "tests.fuzz.contained_targets"


@fuzz.target(instrument=[HERE])
def two_bugs(data: bytes) -> None:
    """Two bugs: an A anywhere needs a B behind it, and an X is always wrong."""
    if b"X" in data:
        refuse_x(data)
    _, found, behind = data.partition(b"A")
    if found and b"B" in behind:
        refuse_b(behind)


def refuse_x(data: bytes) -> None:
    raise ValueError(f"X in {data!r}")


def refuse_b(data: bytes) -> None:
    raise ValueError(f"B in {data!r}")


@fuzz.target(instrument=[HERE], hang_s=2.5)
def dies_in_many_ways(data: bytes) -> None:  # noqa: C901, PLR0912  # a case for each way
    """The first byte says how."""
    match data[:1]:
        case b"s":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"x":
            os._exit(3)
        case b"h":
            wait_for_ever()
        case b"e":
            raise LookupError("e")
        case b"q":
            raise SystemExit(0)
        case b"i":
            raise KeyboardInterrupt
        case b"t":
            in_thread()
        case b"f":
            if os.fork() == 0:
                return  # the child comes back into whatever called us
            os.wait()
        case b"c":
            os.closerange(3, 256)
        case b"p":
            for _ in range(60):
                sys.stdout.write("p" * 100_000)
                sys.stderr.write("p" * 100_000)
        case b"r":
            sys.stdin.read()
        case b"u":
            raise fuzz.UndecidedError("on purpose")
        case _:
            pass


@fuzz.target(instrument=[HERE], hang_s=2.0)
def dies_before_a_copy(data: bytes) -> None:
    """A copy holds what was open; under a thread of this module nobody forks runners."""
    if data == b"s":
        if os.fork() == 0:
            signal.pause()
        os.kill(os.getpid(), signal.SIGSEGV)


def wait_for_ever() -> None:
    threading.Event().wait()


def in_thread() -> None:
    thread = threading.Thread(target=raise_there)
    thread.start()
    thread.join()


def raise_there() -> None:
    raise LookupError("there")


@fuzz.target(instrument=[HERE])
def eats(data: bytes) -> None:
    """Takes a gigabyte and holds it."""
    if data:
        hoard = [b"x" * 50_000_000 for _ in range(20)]
        time.sleep(60)
        hoard.clear()


@fuzz.target(instrument=[HERE], hang_s=0.5)
def hangs_in_a_loop(data: bytes) -> None:
    """Where it stands at a moment is chance; the loop is not."""
    while data:
        step_one()
        step_two()


def step_one() -> int:
    return sum(range(100))


def step_two() -> int:
    return sum(range(150))


@fuzz.target(instrument=[HERE])
def depends_on_the_past(data: bytes, seen: list[bytes] = []) -> None:  # noqa: B006  # on purpose
    """Fails on the third input of a process."""
    seen.append(data)
    assert len(seen) < 3, "the third"


@fuzz.target(instrument=[HERE])
def depends_on_chance(data: bytes) -> None:
    """Fails every other time: a file tells how often it ran."""
    if data:
        with open(data.decode(), "a+") as file:  # noqa: PTH123  # a plain append
            file.write("x")
            file.seek(0)
            assert len(file.read()) % 2, "every other time"


@fuzz.target(instrument=[HERE])
def reads_numbers(provider: fuzz.FuzzedDataProvider) -> None:
    """Sixteen-bit numbers in a row; one above 1000 after one above 500 is wrong."""
    numbers = provider.ConsumeIntListInRange(8, 0, 65_535)
    for one, two in itertools.pairwise(numbers):
        assert not (one > 500 and two > 1000), numbers


@fuzz.target(instrument=[HERE])
def has_a_length(data: bytes) -> None:
    """A record is a length and so many bytes; a record with a Z is wrong."""
    rest = data
    while rest:
        size, body, rest = rest[0], rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        if len(body) == size and b"Z" in body:
            raise ValueError(f"Z in a record of {size}")


@fuzz.target(controlled=True, instrument=[HERE])
def loses_an_update(provider: fuzz.FuzzedDataProvider) -> None:
    """Two threads add; the operations say how much, and whether at all."""
    amounts = [provider.ConsumeIntInRange(0, 9) for _ in range(2)]
    account = Account()
    threads = [threading.Thread(target=account.add, args=(amount,)) for amount in amounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.total == sum(amounts), f"{account.total} is not {sum(amounts)}"


class Account:
    def __init__(self) -> None:
        self.total = 0

    def add(self, amount: int) -> None:
        total = self.total
        self.total = total + amount


try:
    from hypothesis import strategies
except ImportError:
    pass
else:

    @fuzz.target(strategies.lists(strategies.integers()), instrument=[HERE])
    def sums(numbers: list[int]) -> None:
        """A list whose sum is above 1000 is wrong."""
        assert sum(numbers) <= 1000, numbers
