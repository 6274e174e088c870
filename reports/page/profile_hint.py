"""What profiles say about a regression: where its profile stands, or how to make one."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import ChangeKind
from reports.page.profile_growth import Grown, grown
from reports.page.profile_history import ProfiledRun, is_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.judging.verdict import SeriesChange
    from reports.page.data import PageData

_TIME_KINDS: Final = ("cpu", "wait")
_MEMORY_KINDS: Final = ("memory",)
_BYTES: Final = ("B", "bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileHint:
    """Where the time of a regression goes.

    Attributes:
        anchor: Where on the page its profile stands, or an empty text.
        about: What code that profile is of.
        compared: The codes of two profiles, one of each side of the change, or an empty text.
        grown: The functions whose share grew most between these; none where none did clearly.
        command: Makes a profile of the code after the change, where there is none; or empty.
        of_memory: What got worse is memory, not time.
    """

    anchor: str
    about: str
    compared: str
    grown: tuple[Grown, ...]
    command: str
    of_memory: bool


def profile_hint(
    data: PageData, change: SeriesChange, *, links: Mapping[str, str]
) -> ProfileHint | None:
    """Return what is to be told of profiles beside a regression, or None where nothing is.

    Args:
        links: Where the profiles on the page stand, by benchmark.
    """
    runs = data.profiled.get(change.key.benchmark, ())
    series, began = data.series[change.key], data.began(data.judged(change.key))
    sides = [(run, is_after(run.stamp, change, series, began=began)) for run in runs]
    after = [run for run, side in sides if side is True]
    before = [run for run, side in sides if side is False]
    pairs = list(_pairs(before, after, kinds=_kinds_for(change.unit)))
    anchor = links.get(change.key.benchmark, "")
    command = "" if after else profile_command(change.key.benchmark)
    if not anchor and not command:
        return None
    return ProfileHint(
        anchor=anchor,
        about=_about(*sides[0], change.kind) if anchor and sides else "",
        compared=f"{pairs[0][0].stamp.label} and {pairs[0][1].stamp.label}" if pairs else "",
        grown=tuple(one for old, new in pairs for one in grown(old.record, new.record)),
        command=command,
        of_memory=change.unit in _BYTES,
    )


def profile_command(benchmark: str) -> str:
    """Return the command that profiles a benchmark, or an empty text.

    Only a pytest node id is a target by its name alone. The names that asv, pyperf and others give
    are no way to call anything, and what looks like an option would be read as one.
    """
    head, bracket, parameters = benchmark.partition("[")
    file, *parts = head.split("::")
    if not file.endswith(".py") or file.startswith("-") or not benchmark.isprintable():
        return ""
    if not parts or not all(part.isidentifier() for part in parts):
        return ""
    if bracket and not parameters.endswith("]"):
        return ""
    return f"holdfast report profile {shlex.quote(benchmark)}"


def _kinds_for(unit: str) -> tuple[str, ...]:
    return _MEMORY_KINDS if unit in _BYTES else _TIME_KINDS


def _pairs(
    before: Sequence[ProfiledRun], after: Sequence[ProfiledRun], *, kinds: Sequence[str]
) -> Iterator[tuple[ProfiledRun, ProfiledRun]]:
    """Yield the newest two profiles of each kind that one machine made, one of each side."""
    for kind in kinds:
        found = (
            (old, new)
            for new in after
            for old in before
            if new.kind == old.kind == kind and new.stamp.environment == old.stamp.environment
        )
        pair = next(found, None)
        if pair is not None:
            yield pair


def _about(run: ProfiledRun, side: bool | None, kind: ChangeKind) -> str:  # noqa: FBT001  # as `is_after` says it
    code = f"of {run.stamp.label}"
    what = "it began" if kind is ChangeKind.DRIFT else "the change"
    match side:
        case True:
            return f"{code}, after {what}"
        case False:
            return f"{code}, before {what}"
        case None:
            return code
