"""One run of the gate: judge what is stored, decide, and write what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.environment import Environment
from reports.errors import BadValueError, TooLittleDataError
from reports.judging.decision import decide
from reports.judging.decision_json import decision_bytes
from reports.judging.judged_store import judge_store
from reports.judging.junit import junit_bytes
from reports.judging.markdown import markdown
from reports.judging.sarif import sarif_bytes
from reports.judging.verdict import StoreJudgement
from reports.selection import select
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.judging.accepted import Acceptances
    from reports.judging.decision import Decision, Since
    from reports.judging.policy import Policy
    from reports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFiles:
    """Where the verdict is written to, besides the terminal."""

    markdown: Path | None = None
    junit: Path | None = None
    sarif: Path | None = None
    json: Path | None = None


def run_gate(
    store: Store,
    *,
    policy: Policy,
    accepted: Acceptances,
    since: Since | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decision:
    """Return what the gate says of a store; one without a benchmark cannot be told.

    Raises:
        MissingExtraError: NumPy is not installed.
    """
    try:
        judgement = judge_store(store, policy=policy, accepted=accepted, progress=progress)
    except TooLittleDataError as error:
        judgement = _nothing(store, str(error))
    return decide(judgement, policy=policy, since=since)


def write_files(decision: Decision, store: Store, files: GateFiles) -> tuple[Path, ...]:
    """Write what was asked for, each file whole or not at all, and return their paths.

    Raises:
        BadValueError: A file cannot be written.
    """
    written = []
    if files.markdown is not None:
        written.append(_write(files.markdown, markdown(decision).encode("utf-8")))
    if files.junit is not None:
        written.append(_write(files.junit, junit_bytes(decision)))
    if files.sarif is not None:
        written.append(_write(files.sarif, sarif_bytes(decision, select(store).records)))
    if files.json is not None:
        written.append(_write(files.json, decision_bytes(decision)))
    return tuple(written)


def _nothing(store: Store, why: str) -> StoreJudgement:
    stamps = store.stamps()
    return StoreJudgement(
        label=stamps[0].label if stamps else "no run",
        environment=Environment.capture(),
        series=(),
        notes=(why,),
    )


def _write(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        takes = "a file that can be written"
        raise BadValueError(str(path), error.strerror or str(error), takes) from error
    return path
