"""Many machines: rounds on a Dask cluster that is there already.

A round is a pure function of its job, seconds to minutes long, that runs in a child process of
whichever worker takes it. Jobs are idempotent, so the scheduler may run one again where its worker
was lost: that loses the round and nothing else. A job that takes worker after worker with it is
given up and named.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from fuzz.cluster.errors import (
    ClusterMissingError,
    ClusterUnreachableError,
    NoClusterWorkersError,
    RoundRaisedError,
)
from fuzz.cluster.round import run_round

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECT_S: Final = 10.0
WORKERS_S: Final = 30.0  # until the first worker has registered
LOOK_S: Final = 0.25
J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnd(Generic[J, R]):
    """What became of one job.

    Attributes:
        result: What the round returned; None if it was lost or raised.
        trouble: Why there is no result; "" if there is one.
        again: It may have one elsewhere, or another time: nothing in the job was at fault.
    """

    job: J
    result: R | None = None
    trouble: str = ""
    again: bool = True


class Cluster:
    """A connection to a scheduler. Used by one thread, as a context manager.

    Args:
        address: Of the scheduler, such as "tcp://10.0.0.1:8786".

    Raises:
        ClusterMissingError: Dask is not installed.
        ClusterUnreachableError: Nobody answers at that address.
        NoClusterWorkersError: The scheduler has no worker, and none came in time.
    """

    def __init__(self, address: str, *, workers_s: float = WORKERS_S) -> None:
        try:
            import distributed  # noqa: PLC0415  # an extra, and half a second
        except ImportError as error:
            raise ClusterMissingError from error
        self.address = address
        self._distributed: Any = distributed  # without types where it counts
        try:
            self._client: Any = self._distributed.Client(
                address, timeout=CONNECT_S, set_as_default=False, name="holdfast"
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterUnreachableError(address, f"{type(error).__name__}: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=workers_s)
        except TimeoutError as error:
            self._client.close()
            raise NoClusterWorkersError(address, workers_s) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be gone; nothing is left to do
            self._client.close()

    @property
    def slots(self) -> int:
        """How many rounds it runs at once now; workers may come and go."""
        told: dict[str, int] = self._client.nthreads()
        return sum(told.values())

    @property
    def workers(self) -> int:
        """How many workers it has now."""
        return len(self._client.nthreads())

    def rounds(
        self,
        next_job: Callable[[], tuple[J, float] | None],
        *,
        beat: Callable[[], bool] = lambda: True,
    ) -> Iterator[RoundEnd[J, R]]:
        """Run jobs, as many at once as there are slots, and yield each as it ends.

        Args:
            next_job: Returns a job and the seconds that it means to take; None if there is none to
                begin. Asked whenever a slot is free, so that it may depend on what came back. A
                job is called without arguments, in a child process of a worker, and can be
                pickled, as its result can.
            beat: Called some four times a second; False ends it at once.
        """
        running: dict[Any, J] = {}
        try:
            while True:
                while len(running) < max(self.slots, 1):
                    job = next_job()
                    if job is None:
                        break
                    # Not pure: two rounds with equal jobs are two rounds.
                    future = self._client.submit(run_on_worker, *job, pure=False, retries=0)
                    running[future] = job[0]
                if not running:
                    return
                for future in self._ended(running):
                    yield _end_of(future, running.pop(future))
                if not beat():
                    return
        finally:
            for future in running:
                future.cancel(force=True)

    def _ended(self, running: dict[Any, J]) -> list[Any]:
        """Wait a moment; return what has ended."""
        ended = contextlib.suppress(TimeoutError, self._distributed.TimeoutError)
        with self._client.as_current(), ended:
            self._distributed.wait(list(running), timeout=LOOK_S, return_when="FIRST_COMPLETED")
        return [future for future in running if future.done()]


def run_on_worker(job: Callable[[], R], seconds: float) -> R:
    """Run a job on the worker that this is called on, while somebody waits for it.

    A task that was cancelled goes on in its thread; what runs in it has to look.
    """
    import distributed  # noqa: PLC0415  # as above

    worker: Any = distributed.get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled"

    result: R = run_round(job, seconds, wanted=wanted)
    return result


def _end_of(future: Any, job: J) -> RoundEnd[J, Any]:  # noqa: ANN401  # Dask's future
    if future.status == "finished":
        return RoundEnd(job=job, result=future.result())
    if future.status == "cancelled":
        return RoundEnd(job=job, trouble="it was cancelled; the scheduler lost it")
    error = future.exception()
    again = not isinstance(error, RoundRaisedError)
    return RoundEnd(job=job, trouble=str(error) or type(error).__name__, again=again)
