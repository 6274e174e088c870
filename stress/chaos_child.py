"""The child that is killed: checks what its predecessor left, then works until its end."""

from __future__ import annotations

import contextlib
import random
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.faults import FILE_CALLS, FaultPlan
from stress.chaos import Chaos
from stress.chaos_errors import NothingDurableError
from stress.chaos_faults import SPARED
from stress.errors import StressError
from stress.scenarios import find_scenario
from stress.scenarios.durability import DurableBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.channel import Channel


def work_until_killed(job: Mapping[str, Any], channel: Channel) -> None:
    """Do the job of one life: what `stress.chaos_kills` sends."""
    life = job["life"]
    try:
        body = _durable_body(job["target"])
    except StressError as error:
        channel.tell("broken", text=str(error))
        return
    folder, committed = Path(life["folder"]), frozenset(life["committed"])
    try:
        body.check(folder, committed)
    except Exception:  # noqa: BLE001  # whatever it raises says that it does not hold
        channel.tell("failed", text=traceback.format_exc())
        return
    channel.tell("checked")
    if life["works"]:
        _work(body, job, channel)


def _durable_body(target: str) -> DurableBody:
    found = find_scenario(target)
    if not isinstance(found.body, DurableBody):
        raise NothingDurableError(found.name)
    return found.body


def _work(body: DurableBody, job: Mapping[str, Any], channel: Channel) -> None:
    life = job["life"]
    chance = random.Random(f"{job['seed']}:{life['number']}")  # noqa: S311  # chance that repeats
    chaos = Chaos.from_json(job["chaos"])
    with contextlib.ExitStack() as undo:
        applied = undo.enter_context(chaos.applied(seed=job["seed"], scratch=Path(job["scratch"])))
        undo.enter_context(applied.round(life["number"]))
        if life["plan"]:
            plan = FaultPlan.parse(life["plan"])
            undo.enter_context(plan.applied(calls=FILE_CALLS, spared=SPARED))
        channel.tell("working", skipped=list(applied.skipped))
        while True:
            try:
                done = body.work(Path(life["folder"]), chance)
            except body.allow:
                continue
            except Exception:  # noqa: BLE001  # whatever it is, it is the finding
                channel.tell("failed", text=traceback.format_exc())
                return
            channel.tell("did", what=done)
