"""Finds planted bugs, and runs what was found again in a fresh process, many times each.

A token is worth what it does elsewhere: the child is a new interpreter of the same Python with a
hash seed of its own, imports the bugs anew, and gets nothing but labels and tokens.

`python -m tests.planted.replays` is the child: jobs on its standard input, a line of JSON each,
answers on its output.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.table import Table

import harness
from harness.replay_token import decode_token
from tests.planted.catalogue import Method, instrumented, load_bugs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.planted.catalogue import PlantedBug

ROOT: Final = Path(__file__).resolve().parents[2]
TIMEOUT_S: Final = 900.0  # for all replays of all bugs; they take seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A finding to run again.

    Attributes:
        example: Of a controlled property: the text that its generator is made from.
    """

    label: str
    token: str
    kind: str
    times: int
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bug and what became of its finding elsewhere.

    Attributes:
        endings: How often each kind of finding came, "no finding", or the words of an error.
        found_s: The search, with shrinking.
    """

    bug: PlantedBug
    job: Job | None
    endings: dict[str, int]
    shrunk: str
    found_s: float

    @property
    def again(self) -> int:
        """How often the same kind of failure came again."""
        return self.endings.get(self.job.kind, 0) if self.job is not None else 0

    @property
    def ok(self) -> bool:
        """Whether it came every time."""
        return self.job is not None and self.again == self.job.times


def replayable(bug: PlantedBug) -> bool:
    """Say whether a bug is found as a schedule."""
    return bug.method is Method.EXPLORATION or bug.controlled


def body_of(bug: PlantedBug, example: str) -> Callable[[], Any]:
    """Return the check of the bad twin as a body; of a controlled property, one example of it."""
    if bug.controlled:
        return lambda: bug.body(bug.bad, random.Random(example))
    return partial(bug.body, bug.bad)


def find(bug: PlantedBug, *, seed: int, times: int) -> Job | None:
    """Look for a bug as the matrix does; None where this seed does not find it."""
    explore = harness.explore_isolated if bug.isolated else harness.explore
    examples = [f"{seed}:{number}" for number in range(bug.executions)] if bug.controlled else [""]
    for number, example in enumerate(examples):
        result = explore(
            body_of(bug, example),
            bug.strategy,
            executions=1 if bug.controlled else bug.executions,
            seed=seed + number,
            max_steps=bug.max_steps,
            model=bug.model,
        )
        finding = result.finding
        if finding is not None:
            return Job(
                label=bug.label, token=finding.token, kind=finding.kind.name, times=times,
                example=example,
            )  # fmt: skip
    return None


def run(
    bugs: Iterable[PlantedBug],
    *,
    times: int,
    seed: int = 0,
    progress: Callable[[PlantedBug], object] | None = None,
) -> list[Row]:
    """Find each bug here and replay it in a fresh process."""
    chosen = [bug for bug in bugs if replayable(bug)]
    jobs: list[tuple[PlantedBug, Job | None, float]] = []
    for bug in chosen:
        if progress is not None:
            progress(bug)
        began_s = time.perf_counter()
        job = find(bug, seed=seed, times=times)
        jobs.append((bug, job, time.perf_counter() - began_s))
    endings = replay_elsewhere([job for _, job, _ in jobs if job is not None])
    return [
        Row(
            bug=bug, job=job, endings=endings.get(bug.label, {}), shrunk=_switches(job),
            found_s=found_s,
        )
        for bug, job, found_s in jobs
    ]  # fmt: skip


def _switches(job: Job | None) -> str:
    if job is None:
        return ""
    token = decode_token(job.token)
    return f"{len(token.switches)} in {token.length}" if token.choices is None else "no names"


def replay_elsewhere(jobs: Sequence[Job]) -> dict[str, dict[str, int]]:
    """Replay findings in a fresh process; return how often each ending came, by label."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.planted.replays"],
        input="".join(f"{json.dumps(asdict(job))}\n" for job in jobs),
        env={**os.environ, "PYTHONHASHSEED": "random"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the child that replays left with {done.returncode}:\n{done.stderr}")
    answers = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return {answer["label"]: answer["endings"] for answer in answers}


def table_of(rows: Sequence[Row]) -> Table:
    """Return the rows as they are printed."""
    good = sum(row.ok for row in rows)
    table = Table(
        title=f"Findings replayed in another process: {good} of {len(rows)} every time",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("bug", "finding"):
        table.add_column(heading, no_wrap=True)
    for heading in ("again", "switches in choices", "token"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        times = row.job.times if row.job is not None else 0
        kind, token = (row.job.kind, row.job.token) if row.job is not None else ("not found", "")
        table.add_row(
            row.bug.label, kind, f"{row.again}/{times}", row.shrunk, f"{len(token)} characters"
        )
    return table


def _serve() -> None:
    with harness.instrument_imports(include=instrumented()):
        bugs = {bug.label: bug for bug in load_bugs()}
    for line in sys.stdin:
        job = Job(**json.loads(line))
        bug = bugs[job.label]
        replay = harness.replay_isolated if bug.isolated else harness.replay
        endings = Counter(_ending(replay, body_of(bug, job.example), job) for _ in range(job.times))
        sys.stdout.write(f"{json.dumps({'label': job.label, 'endings': endings})}\n")
        sys.stdout.flush()


def _ending(replay: Callable[..., harness.Finding | None], body: Any, job: Job) -> str:
    try:
        finding = replay(body, job.token)
    except harness.HarnessError as error:
        return f"{type(error).__name__}: {error}"
    if finding is None:
        return "no finding"
    # Not the whole token: the first run of a process fills caches, which is a few reads more.
    same = decode_token(finding.token).switches == decode_token(job.token).switches
    return finding.kind.name if same else f"{finding.kind.name}, by other switches"


if __name__ == "__main__":
    _serve()
