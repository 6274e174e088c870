"""Our own subjects under chaos: the report store, secrets, back-pressure.

Each says of an operation that could not be done that it was not done, and keeps its promises about
all the others.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from reports import Outcome, Record, RecordKind, ReportsError, Store
from reports.document import document_now
from reports.environment import Environment
from reports.write import write_document
from secmem.flow import FlowController
from secmem.memory import SecretError, SecretFactory, SecretStream, live_secret_count, memory_usage
from secmem.memory.system_calls import default_system_calls
from stress.chaos_applied import calm, faults_now
from stress.scenarios.durability import durable
from stress.scenarios.scenario import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from secmem.memory import SystemCalls

PATTERN: Final = bytes(range(1, 33))
PADDING: Final = 2_000  # of a document: a few blocks of a file system
HIGH: Final = 4
_HERE: Final = Environment.capture()  # outside of any chaos: it reads files and starts programs


def store_a_run(folder: Path, chance: random.Random) -> str:
    """Write one run into a report store; return the id of its document."""
    record = Record(
        kind=RecordKind.STRESS,
        name=f"run {chance.getrandbits(64):x}",
        outcome=Outcome.PASSED,
        message="x" * chance.randint(0, PADDING),
    )
    document = document_now([record], source="chaos", commit=None, environment=_HERE)
    return write_document(document, store=folder / "store").stem


def store_is_whole(folder: Path, committed: frozenset[str]) -> None:
    """Check that all that was written is there, and that nothing is there in part."""
    if not (folder / "store").exists():
        assert not committed, "the store is gone"
        return
    try:
        with Store(folder / "store") as store:
            store.rebuild()
            assert not store.refused, f"the store holds a damaged document: {store.refused[0]}"
            present = {stamp.run_id for stamp in store.stamps()}
    except ReportsError:
        if committed:
            raise  # a store that was hardly begun need not be one yet
        return
    lost = committed - present
    assert not lost, f"{len(lost)} of {len(committed)} runs that were written are not there"


STORE_UNDER_CHAOS: Final = durable(
    store_a_run,
    store_is_whole,
    name="store_under_chaos",
    what="runs are written into a report store: each that was is there whole, nothing half written",
    allow=(OSError, ReportsError),
)


def secrets(scale: Scale) -> None:
    """Threads make, read, stream and close secrets; what fails says so, and nothing stays."""
    secrets_with(scale, _calls)


def secrets_with(scale: Scale, calls: Callable[[], SystemCalls]) -> None:
    """Do so through the given system calls."""
    before = (memory_usage(), live_secret_count())
    failures: list[str] = []
    _in_threads(scale, lambda chance: _use_a_secret(chance, calls(), failures))
    calm()
    assert not failures, failures[0]
    left = (memory_usage(), live_secret_count())
    assert left == before, f"secrets or pages are left: {left} after, {before} before"


def _calls() -> SystemCalls:
    """Return the page layer's system calls, which fail where a fault plan says so."""
    real, faults = default_system_calls(), faults_now()
    if faults is None:
        return real
    # Pages that the system refuses to take back, twice, stay: there is nobody to give them to.
    return faults.port(real, bound={"protector": "protect"}, spared=("wipe", "unmap"))


def _use_a_secret(chance: random.Random, calls: SystemCalls, failures: list[str]) -> None:
    factory = SecretFactory(calls=calls)
    try:
        if chance.random() < 0.5:  # noqa: PLR2004  # the two kinds alike
            with factory.new(bytearray(PATTERN)) as secret, secret.access() as view:
                if bytes(view) != PATTERN:
                    failures.append("a reader saw other bytes than were put in")
            if not secret.closed:
                failures.append("a secret is not closed after its block")
        else:
            with SecretStream(factory) as pipe:
                pipe.write(bytearray(PATTERN))
                if pipe.read() != PATTERN:
                    failures.append("a stream gave other bytes than were put in")
    except SecretError:
        pass  # the system refused, and it says so


SECRETS_UNDER_CHAOS: Final = Scenario(
    name="secrets_under_chaos",
    body=secrets,
    exploration_scale=Scale(threads=1, operations=2),
    stress_scale=Scale(threads=4, operations=50),
    what="threads use secrets while calls fail: true bytes or a typed error, and nothing stays",
    takes=("threads", "operations", "seed"),
)


def flow(scale: Scale) -> None:
    """Threads take and give slots; however the world behaves, none is lost and nobody is stuck."""
    flow_with(scale, FlowController)


def flow_with(scale: Scale, make: Callable[..., Any]) -> None:
    """Do so with a controller of the given kind."""
    controller = make(HIGH, HIGH // 2)

    def pass_through(chance: random.Random) -> None:
        controller.acquire(timeout_s=30.0)
        try:
            assert controller.pending <= HIGH, "more slots are taken than there are"
            if chance.random() < 0.1:  # noqa: PLR2004  # often enough for waiters to come about
                time.sleep(0.000_1)
        finally:
            controller.release()

    _in_threads(scale, pass_through)
    calm()
    assert (controller.pending, controller.waiting) == (0, 0), "a slot is lost, or a waiter"


FLOW_UNDER_CHAOS: Final = Scenario(
    name="flow_under_chaos",
    body=flow,
    exploration_scale=Scale(threads=1, operations=2),
    stress_scale=Scale(threads=8, operations=100),
    what="threads pass through a flow controller under chaos: no slot is lost, none hangs",
    takes=("threads", "operations", "seed"),
)


def _in_threads(scale: Scale, operation: Callable[[random.Random], object]) -> None:
    """Do the operations in the threads, and one more share of them in this one.

    This one is the main thread in a stress run, and signals interrupt it alone.
    """

    def client(number: int) -> None:
        chance = random.Random(f"{scale.seed}:{number}")  # noqa: S311  # chance that repeats
        for _ in range(scale.operations):
            operation(chance)

    started: list[threading.Thread] = []
    try:
        for number in range(1, scale.threads):
            thread = threading.Thread(target=client, args=(number,))
            thread.start()
            started.append(thread)
        client(0)
    finally:
        for thread in started:
            thread.join()
