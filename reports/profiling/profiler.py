"""Profile a target: one child process for each kind, and what they found as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError
from reports.profiling.attribution import hot_spots
from reports.profiling.hot_spot import Profile, ProfileKind
from reports.profiling.running import Request, run_child
from reports.profiling.stack_sums import StackSum
from reports.record import check_number, check_text

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_S: Final = 2.0  # 500 ticks of 4 ms: a share of 10 percent is known to 1.3 percent
LIMIT_S: Final = 120.0
ALL_KINDS: Final = tuple(ProfileKind)


def profile(
    target: str,
    *,
    kinds: Sequence[ProfileKind] = ALL_KINDS,
    time_s: float = TIME_S,
    repeat: int | None = None,
    limit_s: float = LIMIT_S,
) -> tuple[Profile, ...]:
    """Return the hottest functions of a target by each kind of cost.

    The target runs in child processes, one for each kind, so that no look disturbs another: it is
    called again and again for a while, and is expected to do the same each time.

    Args:
        target: `module:function`, `file.py:function`, a pytest node id, or a name that an installed
            package resolves.
        kinds: Which costs, in that order.
        time_s: Seconds to go on calling. Memory is looked at in two calls.
        repeat: How many calls to make instead.
        limit_s: Seconds after which a child that has not ended is killed.

    Raises:
        BadValueError: An argument is not one it takes.
        NoTargetError: There is no such target.
        TargetFailedError: The target failed, ended its process, or did not end in time.
    """
    _check(target, kinds, time_s=time_s, repeat=repeat, limit_s=limit_s)
    request = Request(target=target, time_s=time_s, repeat=repeat, limit_s=limit_s)
    return tuple(_profile(request, kind) for kind in kinds)


def _profile(request: Request, kind: ProfileKind) -> Profile:
    said = run_child(request, kind)
    sums = [StackSum.from_json(one) for one in said["sums"]]
    return Profile(
        kind=kind,
        target=request.target,
        total=float(said["total"]),
        calls=int(said["calls"]),
        wall_s=float(said["wall_s"]),
        spots=hot_spots(sums, kind),
        notes=tuple(str(note) for note in said["notes"]),
    )


def _check(
    target: object,
    kinds: Sequence[object],
    *,
    time_s: object,
    repeat: object,
    limit_s: object,
) -> None:
    check_text("target", target, least=1)
    if not kinds or not all(isinstance(kind, ProfileKind) for kind in kinds):
        raise BadValueError("kinds", repr(kinds)[:80], "one ProfileKind or more")
    for name, value in (("time_s", time_s), ("limit_s", limit_s)):
        check_number(name, value)
        if not value > 0:  # type: ignore[operator]  # a number, as was just checked
            raise BadValueError(name, repr(value), "seconds above 0")
    if repeat is not None and (type(repeat) is not int or repeat < 1):
        raise BadValueError("repeat", repr(repeat), "None, or a whole number of calls from 1 on")
