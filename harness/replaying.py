"""Runs the schedule of a token again: exactly, or after an edit by the operations it names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from harness.engine.ending import EndingKind
from harness.engine.points import Naming
from harness.engine.recorder import Recorder
from harness.errors import DriftError
from harness.examination import finding_of, livelock_finding
from harness.finding import kind_of
from harness.hash_seed import VARIABLE, current_hash_seed
from harness.livelock import prove
from harness.replay_token import ENGINE
from harness.strategies.follow import Follow, where
from harness.strategies.replay import RE_RECORD, Replay
from harness.token_of_run import token_of_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.campaign import Campaign
    from harness.finding import Finding
    from harness.replay_token import Token


def replay_token(campaign: Campaign, body: Callable[[], object], wanted: Token) -> Finding | None:
    """Run the schedule of a token; return the finding if the execution fails.

    Objects of one class are first told apart as when the token was made. Where that leads nowhere,
    an edit may have brought another object of the class, and the other ways are tried.

    Raises:
        DriftError: The code no longer does what it did when the token was made.
    """
    try:
        if wanted.choices is not None:
            return _run_choices(campaign, body, wanted)
        return _run_switches(campaign, body, wanted)
    except DriftError as error:
        origin = _origin(wanted)
        if not origin:
            raise
        raise DriftError(f"{error.reason} ({origin})", error.remedy) from None


def _origin(wanted: Token) -> str:
    """Say what else is different from when the token was made."""
    here = sys.version_info[:2]
    if wanted.engine != ENGINE:
        return f"it was made by engine {wanted.engine}, this is {ENGINE}"
    if wanted.python != here:
        made = ".".join(map(str, wanted.python))
        return f"it was made under Python {made}, this is {here[0]}.{here[1]}"
    mine = current_hash_seed()
    if wanted.hash_seed != mine:
        made, now = _hashes(wanted.hash_seed), _hashes(mine)
        return f"it was made with {made}, this process has {now}: sets may be in another order"
    return ""


def _hashes(seed: int | None) -> str:
    return "random hashes" if seed is None else f"{VARIABLE}={seed}"


def _run_switches(campaign: Campaign, body: Callable[[], object], wanted: Token) -> Finding | None:
    first: DriftError | None = None
    for naming in Naming:
        try:
            return follow(campaign, body, wanted, naming)[0]
        except DriftError as error:
            first = first or error
    assert first is not None
    raise first


def follow(
    campaign: Campaign,
    body: Callable[[], object],
    wanted: Token,
    naming: Naming = Naming.ORDER,
) -> tuple[Finding | None, list[int]]:
    """Run the switches of a token once; return what came of it and the schedule.

    Raises:
        DriftError: A switch could not be made, or the tasks did other things to its object.
    """
    recorder = Recorder()
    strategy = Follow(wanted, recorder, naming)
    ending, schedule = campaign.run(body, strategy, recorder=recorder)
    strategy.check_end()
    if ending.kind is EndingKind.STEP_BOUND:
        return _endless(campaign, body, schedule, wanted), schedule
    exact = (recorder.places.digest(), len(schedule)) == (wanted.digest, wanted.length)
    kind = kind_of(ending)
    if kind is None:
        # Under pytest a repaired run ends otherwise even where the code is the same: a failing
        # assertion looks at its values again.
        if not wanted.open_end:
            _check_done(wanted, strategy, recorder, naming)
        return None, schedule
    token = wanted
    if not exact:
        token = token_of_run(
            recorder,
            schedule,
            early=wanted.early,
            model=wanted.model,
            max_steps=wanted.max_steps,
            rules=wanted.rules,
        )
    finding = finding_of(kind, ending, recorder, token=token.encode(), model=wanted.model)
    return finding, schedule


def _check_done(wanted: Token, strategy: Follow, recorder: Recorder, naming: Naming) -> None:
    """Check that the run did to the objects of the switches what it did when it failed."""
    for one in wanted.done:
        sums = recorder.places.done_to(strategy.things[one.switch]).get(one.task, [])
        if len(sums) < one.count or sums[one.count - 1] & 0xFFFF != one.checksum:
            switch = wanted.switches[one.switch]
            raise DriftError(
                f"the run does not fail, and {one.task} did other things than when the token was "
                f"made to the object of the switch from {switch.task} to {switch.to} "
                f"{where(switch, naming)}",
                RE_RECORD,
            )


def _endless(
    campaign: Campaign, body: Callable[[], object], schedule: list[int], wanted: Token
) -> Finding:
    """Return the finding of a run that goes on for ever.

    Raises:
        DriftError: Nothing shows that it does.
    """
    same = Replay(schedule, early_timeouts=wanted.early)
    found = prove(campaign, body, same, wanted.max_steps)
    if found is None:
        raise DriftError(f"the run met its bound of {wanted.max_steps} steps", RE_RECORD)
    return livelock_finding(found, token=wanted.encode(), model=wanted.model)


def _run_choices(campaign: Campaign, body: Callable[[], object], wanted: Token) -> Finding | None:
    """Run a schedule that has no names: choice by choice."""
    assert wanted.choices is not None
    strategy = Replay(wanted.choices, early_timeouts=wanted.early, open_end=wanted.open_end)
    strategy.begin(0)
    recorder = Recorder()
    ending, schedule = campaign.run(body, strategy, recorder=recorder)
    if strategy.left:
        raise DriftError(
            f"the run ended with {strategy.left} choices of the schedule left", RE_RECORD
        )
    if ending.kind is EndingKind.STEP_BOUND:
        return _endless(campaign, body, schedule, wanted)
    kind = kind_of(ending)
    if kind is None:
        return None
    return finding_of(kind, ending, recorder, token=wanted.encode(), model=wanted.model)
