"""A profile as a table for a terminal: share, bar, cost, place, and what makes it up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from reports.profiling.hot_spot import HotSpot, Profile, ProfileKind
from reports.quantities import count, quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BAR: Final = 12
KEPT_BYTES: Final = 1024  # less is caches of the interpreter's own; it is in --json
KEPT_SHARE: Final = 0.25
DETAIL_SHARE: Final = 0.2  # of its place: smaller parts are in --json


def table(profile: Profile, *, top: int) -> Iterator[str]:
    """Yield the lines of one profile, the `top` hottest places and one line for the rest."""
    yield _head(profile)
    if not profile.spots:
        yield f"  nothing: {_NOTHING[profile.kind]}"
    largest = max((spot.amount for spot in profile.spots), default=0.0)
    for spot in profile.spots[:top]:
        share = profile.share(spot)
        bar = "#" * round(BAR * spot.amount / largest) if largest else ""
        yield f"  {share:5.1%} {bar:{BAR}} {_cost(spot, profile):>10}  {spot.place}{_aside(spot)}"
        yield from _details(spot, profile)
    rest = profile.spots[top:]
    if rest:
        amount = sum(spot.amount for spot in rest)
        share = amount / profile.total if profile.total else 0.0
        where = count(len(rest), "more place")
        yield f"  {share:5.1%} {'':{BAR}} {_amount(amount, profile):>10}  in {where}"
    for note in profile.notes:
        yield f"  ({note})"


_NOTHING: Final = {
    ProfileKind.CPU: "no tick of CPU time fell into the target; call it for longer with --time",
    ProfileKind.WAIT: "no thread waited for another",
    ProfileKind.MEMORY: "less than can be told was allocated",
}


def _head(profile: Profile) -> str:
    total = quantity(profile.total, profile.kind.unit)
    calls = count(profile.calls, "call")
    wall = quantity(profile.wall_s, "s")
    match profile.kind:
        case ProfileKind.CPU:
            return f"CPU: {total} in {calls}, {wall} by the clock"
        case ProfileKind.WAIT:
            return f"Waiting: {total} of all threads together in {calls}, {wall} by the clock"
        case ProfileKind.MEMORY:
            return f"Memory: {total} at the peak of one call"


def _amount(amount: float, profile: Profile) -> str:
    return quantity(amount, profile.kind.unit)


def _cost(spot: HotSpot, profile: Profile) -> str:
    return _amount(spot.amount, profile)


def _aside(spot: HotSpot) -> str:
    said = []
    if spot.including is not None and spot.including > spot.amount * 1.05:
        said.append(f"{quantity(spot.including, 's')} with what it calls")
    if spot.longest is not None:
        longest = quantity(spot.longest, "s")
        said.append(f"{count(spot.count, 'wait')}, the longest {longest}")
    if spot.kept and spot.kept >= max(KEPT_BYTES, KEPT_SHARE * spot.amount):
        said.append(f"{quantity(spot.kept, 'B')} kept")
    return f"  ({'; '.join(said)})" if said else ""


def _details(spot: HotSpot, profile: Profile) -> Iterator[str]:
    lone = len(spot.details) == 1 and spot.details[0][0].startswith("line ")
    for text, amount in () if lone else spot.details:
        if spot.amount and amount / spot.amount >= DETAIL_SHARE:
            yield f"  {'':6}{'':{BAR}} {_amount(amount, profile):>10}    {text}"


def as_json(profiles: Iterable[Profile], *, top: int | None) -> str:
    """Return profiles as one JSON text; seconds are of all calls."""
    return json.dumps([_profile_json(one, top) for one in profiles], indent=1, allow_nan=False)


def _profile_json(profile: Profile, top: int | None) -> dict[str, object]:
    return {
        "target": profile.target,
        "profile": profile.kind.value,
        "unit": profile.kind.unit,
        "total": profile.total,
        "calls": profile.calls,
        "wall_s": profile.wall_s,
        "notes": list(profile.notes),
        "places": [_spot_json(spot, profile) for spot in _first(profile.spots, top)],
        "more_places": 0 if top is None else max(0, len(profile.spots) - top),
    }


def _first(spots: Sequence[HotSpot], top: int | None) -> Sequence[HotSpot]:
    return spots if top is None else spots[:top]


def _spot_json(spot: HotSpot, profile: Profile) -> dict[str, object]:
    known = {"including": spot.including, "longest": spot.longest, "kept": spot.kept}
    return {
        "place": spot.place,
        "amount": spot.amount,
        "share": profile.share(spot),
        "count": spot.count,
        **{name: value for name, value in known.items() if value is not None},
        "details": [{"what": what, "amount": amount} for what, amount in spot.details],
    }
