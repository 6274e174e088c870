"""What is in a store, as rows of text."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from reports.quantities import count, number, quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.environment import Environment
    from reports.series import RunStamp, Series

SHORT: Final = 8  # digits of a fingerprint or a name that tell it from others in one store
_WILD: Final = frozenset("*?[")


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a name holds one of the patterns, or matches one with `*`, `?` or `[...]`.

    Every name fits no pattern at all.
    """
    return not patterns or any(
        fnmatchcase(name, pattern) if _WILD & set(pattern) else pattern in name
        for pattern in patterns
    )


def series_rows(every: Iterable[Series]) -> list[tuple[str, ...]]:
    """Return a heading and a row for each series: its newest value, and of how much."""
    rows: list[tuple[str, ...]] = [
        ("benchmark", "metric", "latest", "at", "runs", "commits", "environment")
    ]
    for one in every:
        newest = one.runs[-1]
        commits = {run.stamp.commit_id for run in one.runs} - {None}
        rows.append(
            (
                one.key.benchmark,
                one.key.metric,
                quantity(newest.value, one.unit),
                newest.stamp.label,
                number(len(one.runs)),
                number(len(commits)),
                one.key.environment[:SHORT],
            )
        )
    return rows


def run_rows(stamps: Iterable[RunStamp]) -> list[tuple[str, ...]]:
    """Return a heading and a row for each run."""
    rows: list[tuple[str, ...]] = [
        ("run", "written", "commit", "position", "session", "kinds", "environment", "source")
    ]
    rows += [
        (
            stamp.run_id[:SHORT],
            stamp.written_at.strftime("%Y-%m-%d %H:%M"),
            stamp.label if stamp.commit_id else "-",
            "-" if stamp.position is None else number(stamp.position),
            stamp.session or "-",
            ", ".join(kind.value for kind in stamp.kinds) or "-",
            stamp.environment[:SHORT],
            stamp.source,
        )
        for stamp in stamps
    ]
    return rows


def environment_lines(environments: Iterable[Environment], stamps: Sequence[RunStamp]) -> list[str]:
    """Return a line for each environment: its fingerprint, how much ran there, what it is."""
    lines = []
    for one in environments:
        runs = [stamp for stamp in stamps if stamp.environment == one.fingerprint]
        lines.append(f"{one.fingerprint[:SHORT]}  {count(len(runs), 'run')}  {one}")
    return lines
