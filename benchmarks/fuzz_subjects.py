"""Targets with one bug each, and the engine without guidance, for `fuzz_engines.py`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from fuzz import Target, UndecidedError
from fuzz.engines.greybox import Greybox
from fuzz.targets.flow_operations import FLOW_OPERATIONS, flow_run
from fuzz.targets.secret_operations import SECRET_OPERATIONS, secret_run
from tests.fuzz import secret_twins
from tests.planted.flow import twins as flow_twins

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fuzz.campaign.corpus import InputFolder
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerJob
    from secmem.flow import FlowController


class FoundError(Exception):
    """The bug; says after how many executions."""


class Counted:
    """Counts executions up to the first failure."""

    def __init__(self, run: Callable[[bytes], Collection[int] | None]) -> None:
        self._run = run
        self._executions = 0

    def __call__(self, data: bytes) -> Collection[int] | None:
        self._executions += 1
        try:
            return self._run(data)
        except UndecidedError:
            raise
        except BaseException as error:
            raise FoundError(self._executions) from error


class Blind(Greybox):
    """Random bytes, short ones as often as long ones."""

    name = "blind"
    what = "random bytes"

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        del corpus
        rng = random.Random(job.seed)
        run = executor.runner()
        bits = job.facts.max_bytes.bit_length()
        while not executor.done:
            run(rng.randbytes(min(rng.randint(0, 1 << rng.randrange(bits)), job.facts.max_bytes)))


# -- code: the target tells nothing ---------------------------------------------------------------


def guarded(data: bytes) -> None:
    """Five bytes, each behind a branch of its own."""
    if len(data) > 4 and data[0] == 0xA1:  # noqa: SIM102  # each its own branch, as below
        if data[1] == 0x3C:  # noqa: SIM102
            if data[2] == 0x77:  # noqa: SIM102
                if data[3] == 0xE9:  # noqa: SIM102
                    if data[4] == 0x50:
                        raise RuntimeError


def magic(data: bytes) -> None:
    """A magic number, a word, a length: each compared at once."""
    if len(data) < 8 or int.from_bytes(data[:4], "little") != 0xDEADBEEF:
        return
    if data[4:8] == b"holy" and len(data) == 13 and data[8:10] == b"OK":
        raise RuntimeError


def protocol(data: bytes) -> None:
    """Four commands in the right order."""
    state = 0
    for word in data.decode("latin-1").split():
        if word == "open":
            state = 1 if state == 0 else 9
        elif word == "write" and state == 1:
            state = 2
        elif word == "sync" and state == 2:
            state = 3
        elif word == "close" and state == 3:
            raise RuntimeError


def calculator(data: bytes) -> None:
    """A parser of sums; a division within two brackets is wrong."""
    depth = 0
    number = False
    for byte in data:
        if byte == ord("("):
            if number:
                return
            depth += 1
        elif byte == ord(")"):
            if depth == 0 or not number:
                return
            depth -= 1
        elif ord("0") <= byte <= ord("9"):
            number = True
        elif byte in b"+-*/":
            if not number:
                return
            number = False
            if byte == ord("/") and depth == 2:
                raise RuntimeError
        else:
            return


# -- what the target tells ------------------------------------------------------------------------


def stages(data: bytes) -> list[int]:
    """Four bytes; only the target says how far an input came."""
    wanted = b"\xa1\x3c\x77\xe9"
    reached = max(count for count in range(5) if data.startswith(wanted[:count]))
    if reached == len(wanted):
        raise RuntimeError
    return [reached]


def interleave(data: bytes, bodies: list[Callable[[], None]]) -> None:
    """Run bodies as greenlets; a byte chooses who goes on."""
    live = [greenlet(body) for body in bodies]
    position = 0
    while live:
        byte = data[position] if position < len(data) else 0
        position += 1
        chosen = live[byte % len(live)]
        chosen.switch()
        if chosen.dead:
            live.remove(chosen)


def chain(data: bytes) -> set[int]:
    """Six reads, each of which must meet one certain write of 24; tells which met which."""
    main = getcurrent()
    wanted = (3, 4, 9, 10, 16, 20)
    value, reached, met = 0, 0, set()

    def writer() -> None:
        nonlocal value
        for number in range(1, 25):
            value = number
            main.switch()

    def reader() -> None:
        nonlocal reached
        for stage, want in enumerate(wanted):
            met.add(stage * 32 + value)
            if value != want:
                return
            reached += 1
            main.switch()

    interleave(data, [writer, reader])
    if reached == len(wanted):
        raise RuntimeError
    return met


def lost_update(data: bytes) -> set[int]:
    """Three tasks add 1 four times each; of 12 only 2 are left in the worst interleaving."""
    main = getcurrent()
    total, writer, met = 0, 0, set()

    def adds(task: int) -> Callable[[], None]:
        def body() -> None:
            nonlocal total, writer
            for turn in range(4):
                seen = total
                met.add((task * 4 + turn) * 16 + writer)
                main.switch()
                total, writer = seen + 1, 1 + task * 4 + turn
                main.switch()

        return body

    interleave(data, [adds(task) for task in range(3)])
    if total <= 2:
        raise RuntimeError
    return met


def _code(run: Callable[[bytes], None]) -> Target:
    return Target(
        name=run.__name__,
        run=Counted(run),
        what=str(run.__doc__),
        instrument=(__name__,),
        max_bytes=64,
    )


def _told(run: Callable[[bytes], Collection[int]]) -> Target:
    return Target(name=run.__name__, run=Counted(run), what=str(run.__doc__), max_bytes=64)


def _secret(**how: Callable[..., Any]) -> Target:
    return Target(
        name="secret",
        run=Counted(secret_run(**how)),
        what="a twin of the secrets that decides one thing wrongly",
        instrument=("secmem.memory",),
        compares=False,
        seeds=SECRET_OPERATIONS.seeds,
        max_bytes=256,
    )


def _flow(twin: type[FlowController]) -> Target:
    return Target(
        name="flow",
        run=Counted(flow_run(twin)),
        what="a twin of the flow controller that decides one thing wrongly, under the scheduler",
        instrument=("secmem.flow", "tests.planted.flow.twins"),
        controlled=True,
        compares=False,
        seeds=FLOW_OPERATIONS.seeds,
        max_bytes=256,
    )


GUARDED = _code(guarded)
MAGIC = _code(magic)
PROTOCOL = _code(protocol)
CALCULATOR = _code(calculator)
STAGES = _told(stages)
CHAIN = _told(chain)
LOST_UPDATE = _told(lost_update)
REORDERS = _secret(make_stream=secret_twins.ReordersStream)
STICKY = _secret(make=secret_twins.StickyReaders)
KEEPS_SLOT = _flow(flow_twins.KeepsCancelledSlot)
