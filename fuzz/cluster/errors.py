"""What can go wrong with rounds on a cluster, and with corpora that come from elsewhere."""

from __future__ import annotations

from fuzz.errors import FuzzError


class ClusterError(FuzzError):
    """Base of what can go wrong with a cluster."""


class ClusterMissingError(ClusterError):
    """Dask is not installed here."""

    def __str__(self) -> str:
        return "--cluster needs Dask, which is not installed: pip install 'holdfast[cluster]'"


class ClusterUnreachableError(ClusterError):
    """No scheduler answers at an address."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no scheduler answers at {self.address} ({self.reason}). Start one with `dask "
            "scheduler`, and give the address it prints, such as tcp://127.0.0.1:8786."
        )


class NoClusterWorkersError(ClusterError):
    """A scheduler has no workers."""

    def __init__(self, address: str, waited_s: float) -> None:
        super().__init__(address, waited_s)
        self.address = address
        self.waited_s = waited_s

    def __str__(self) -> str:
        return (
            f"the scheduler at {self.address} has no worker, and none came in {self.waited_s:g} s. "
            f"Start some with `dask worker {self.address}`, in the project's folder, with holdfast "
            "installed."
        )


class RoundsLostError(ClusterError):
    """Round after round came to no result."""

    def __init__(self, lost: int, last: str) -> None:
        super().__init__(lost, last)
        self.lost = lost
        self.last = last

    def __str__(self) -> str:
        return (
            f"{self.lost} rounds came to no result, so no more were begun; the last one: "
            f"{self.last}. Can the cluster's workers import the target, and have they this version "
            "of holdfast?"
        )


class RoundFailedError(ClusterError):
    """A round came to no result on the machine that ran it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the round failed: {self.reason}"


class RoundRaisedError(RoundFailedError):
    """A round raised; it would do so on any machine."""


class CorpusBlobError(FuzzError, ValueError):
    """A corpus that came from elsewhere is damaged, or none."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"this is no corpus: {self.reason}"
