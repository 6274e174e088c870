"""What a run of a whole suite says of one test: plain values, which any process can send."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """What became of a test under `--holdfast-all`."""

    LEFT_ALONE = "it starts no thread"
    NOT_EXPLORED = "it starts threads and did not pass by itself"
    PASSED = "explored, and no execution failed"
    UNDECIDED = "explored, and a budget ended first"
    FAILED = "explored, and an execution failed"
    UNCONTROLLED = "it could not be controlled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One test of the run.

    Attributes:
        test: Its node id.
        threads: How many it started when it ran by itself, with real threads.
        executions: Controlled ones.
        words: The evidence; the failure in a line; or what could not be controlled.
        where: The line at which control ended, for one that could not be controlled.
        remedy: What to do about it.
        token: The schedule that fails.
        gil: Whether CPython with the GIL can do so, in words.
        elapsed_s: Wall time of the exploration in seconds.
        notes: Lines for the reader, about the failure that was kept from an earlier run.
    """

    test: str
    standing: Standing
    threads: int = 0
    executions: int = 0
    words: str = ""
    where: str = ""
    remedy: str = ""
    token: str = ""
    gil: str = ""
    elapsed_s: float = 0.0
    notes: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return plain values, for a report that another process reads."""
        return {**asdict(self), "standing": self.standing.name, "notes": list(self.notes)}

    def properties(self) -> list[tuple[str, str]]:
        """Return what a junit file says of the test."""
        found = [("holdfast", self.standing.name), ("holdfast_threads", str(self.threads))]
        if self.executions:
            found.append(("holdfast_executions", str(self.executions)))
        found += [
            (f"holdfast_{name}", value)
            for name, value in (("words", self.words), ("where", self.where), ("token", self.token))
            if value
        ]
        return found


def account_from(plain: dict[str, Any]) -> Account:
    """Return what `to_plain` gave."""
    return Account(
        **{**plain, "standing": Standing[plain["standing"]], "notes": tuple(plain["notes"])}
    )
