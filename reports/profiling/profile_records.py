"""Profiles as records, so that the page can show them beside the benchmark of the same name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from reports.limits import NAME_CHARS
from reports.profiling.hot_spot import Profile, ProfileKind
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACES: Final = 50  # a function below the fiftieth is nobody's bottleneck


def profile_records(profiles: Iterable[Profile]) -> tuple[Record, ...]:
    """Return one record for each profile.

    Seconds are those of one call, so that runs of different lengths compare; bytes are those at
    the peak. `params` has the total of the same kind and the number of calls, `message` what the
    reader should know.
    """
    return tuple(_record(profile) for profile in profiles)


def _record(profile: Profile) -> Record:
    return Record(
        kind=RecordKind.PROFILE,
        name=profile.target,
        outcome=Outcome.PASSED,
        measures=tuple(
            Measure(
                metric=spot.place[:NAME_CHARS],
                value=spot.amount / _calls(profile),
                unit=profile.kind.unit,
                direction=Direction.LOWER,
                n=max(1, spot.count),
            )
            for spot in profile.spots[:PLACES]
        ),
        params={
            "profile": profile.kind.value,
            "total": f"{profile.total / _calls(profile):.6g}",
            "unit": profile.kind.unit,
            "per": "call" if profile.kind is not ProfileKind.MEMORY else "peak",
            "calls": str(profile.calls),
            "places": str(len(profile.spots)),
        },
        message="; ".join(profile.notes),
        replay=f"holdfast report profile {shlex.quote(profile.target)} --kind {profile.kind.value}",
    )


def _calls(profile: Profile) -> int:
    return 1 if profile.kind is ProfileKind.MEMORY else max(1, profile.calls)
