"""The token of a run that was recorded: where it departed from what goes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.replay_token import MAX_DONE, MAX_SWITCHES, Done, Switch, Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.engine.points import Point, TaskName
    from harness.engine.recorder import Recorder
    from harness.rules import Rule


def token_of_run(  # noqa: PLR0913  # what a token holds
    recorder: Recorder,
    schedule: Sequence[int],
    *,
    early: bool,
    model: str,
    max_steps: int,
    rules: tuple[Rule, ...] = (),
) -> Token:
    """Return the token of a run.

    Args:
        schedule: The choices of the run that `recorder` has kept.
        rules: What the run is judged by.
    """
    points = recorder.places.points()
    switches = switches_of(points, schedule, recorder.places.names())
    if len(points) != len(schedule) or len(switches) > MAX_SWITCHES:
        return Token(
            choices=tuple(schedule), early=early, model=model, max_steps=max_steps, rules=rules
        )
    return Token(
        switches=switches,
        done=_done(recorder, schedule),
        early=early,
        model=model,
        max_steps=max_steps,
        rules=rules,
        length=len(schedule),
        digest=recorder.places.digest(),
    )


def switches_of(
    points: Sequence[Point], schedule: Sequence[int], names: Mapping[int, TaskName]
) -> tuple[Switch, ...]:
    """Return where a schedule departs from what goes by itself."""
    return tuple(
        Switch(
            task=point.task,
            act=point.act,
            counts=point.counts,
            context=point.context,
            ready=point.ready,
            who=point.who,
            to=names[choice],
        )
        for point, choice in zip(points, schedule, strict=False)
        if choice != point.default
    )


def _done(recorder: Recorder, schedule: Sequence[int]) -> tuple[Done, ...]:
    """Return what the tasks of the switches did to the objects of the switches."""
    switched = [
        point
        for point, choice in zip(recorder.places.points(), schedule, strict=True)
        if choice != point.default
    ]
    done: list[Done] = []
    seen: set[tuple[int, str]] = set()
    for number, point in enumerate(switched):
        if point.thing in seen or point.thing[0] <= 0:  # no object, or a task
            continue
        seen.add(point.thing)
        done += [
            Done(switch=number, task=task, count=len(sums), checksum=sums[-1] & 0xFFFF)
            for task, sums in recorder.places.done_to(point.thing).items()
        ]
    return tuple(done[:MAX_DONE])
