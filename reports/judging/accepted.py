"""What people have accepted: changes that are known, and places where a history begins anew.

An entry names what it means by more than an alert's id. As points come in, the detector may place
a change a point or two aside, and the id, which is made of that point, is then another one; the
entry still holds for the change it was made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError
from reports.judging.patterns import matches
from reports.judging.verdict import Acknowledgement
from reports.record import check_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from reports.judging.timeline import Spot
    from reports.series import SeriesKey

SLACK: Final = 3  # points that a change's place may wander while points come in
_GROWN: Final = 1.5  # a change that is now so many times what was accepted is news
_GROWN_BY: Final = 0.05  # and by so much of the level more
_LEAST_DIGITS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A change that somebody has looked at and lets stand.

    Attributes:
        alert: The change's id, or an empty text where a pattern and a commit say which.
        benchmark: A pattern: `*` and `?` alone mean something.
        metric: A pattern.
        environment: A fingerprint, or an empty text for all.
        commit: With which the change begins; a prefix of at least 7 digits, or empty with `alert`.
        change: How large it was when it was accepted, relative and signed; None for any size.
    """

    alert: str = ""
    benchmark: str = "*"
    metric: str = "*"
    environment: str = ""
    commit: str = ""
    change: float | None = None
    author: str
    day: date
    reason: str

    def __post_init__(self) -> None:
        _check_signed(self.author, self.reason)
        if not self.alert and not self.commit:
            got = "neither alert nor commit"
            raise BadValueError("an accepted change", got, "an alert's id, or a commit")
        _check_commit(self.commit)

    @property
    def acknowledgement(self) -> Acknowledgement:
        """Return who, why and when."""
        return Acknowledgement(who=self.author, why=self.reason, day=self.day)

    def covers(
        self, alert: str, key: SeriesKey, *, begins: tuple[int, int], spots: Sequence[Spot]
    ) -> bool:
        """Return whether a change that begins between these two indices is the accepted one."""
        if self.alert == alert:
            return True
        if not self.commit or not _is_of(key, self.benchmark, self.metric, self.environment):
            return False
        near = spots[max(begins[0] - SLACK, 0) : begins[1] + SLACK + 1]
        return any((spot.place.commit_id or "").startswith(self.commit) for spot in near)

    def allows(self, change: float) -> bool:
        """Return whether the change is still about as large as what was accepted."""
        if self.change is None:
            return True
        grown = abs(change) - abs(self.change)
        return not (grown > _GROWN_BY and abs(change) > _GROWN * abs(self.change))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A point from which a history counts: what was before is another benchmark.

    Attributes:
        benchmark: A pattern.
        commit: The first that counts; a prefix of at least 7 digits.
        position: Of the commit along first parents, for when it was not measured itself.
        committed_at: The same for histories without positions.
    """

    benchmark: str
    metric: str = "*"
    environment: str = ""
    commit: str
    position: int | None = None
    committed_at: datetime | None = None
    author: str
    day: date
    reason: str

    def __post_init__(self) -> None:
        check_text("a reset's benchmark", self.benchmark, least=1)
        _check_signed(self.author, self.reason)
        if not self.commit:
            raise BadValueError("a reset's commit", "nothing", "7 to 64 hex digits")
        _check_commit(self.commit)

    @property
    def acknowledgement(self) -> Acknowledgement:
        """Return who, why and when."""
        return Acknowledgement(who=self.author, why=self.reason, day=self.day)

    def concerns(self, key: SeriesKey) -> bool:
        """Return whether the reset is for this series."""
        return _is_of(key, self.benchmark, self.metric, self.environment)

    def begin(self, spots: Sequence[Spot]) -> int | None:
        """Return the index of the first spot that counts, or None where that cannot be told."""
        for index, spot in enumerate(spots):
            if (spot.place.commit_id or "").startswith(self.commit):
                return index
        if self.position is not None and all(s.place.position is not None for s in spots):
            later = [s.place.index for s in spots if (s.place.position or 0) >= self.position]
        elif self.committed_at is not None:
            later = [s.place.index for s in spots if s.place.at >= self.committed_at]
        else:
            return None
        return min(later, default=len(spots))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptances:
    """All entries of a project, in the order of their file."""

    changes: tuple[Accepted, ...] = ()
    resets: tuple[Reset, ...] = ()


def _is_of(key: SeriesKey, benchmark: str, metric: str, environment: str) -> bool:
    return (
        matches(benchmark, key.benchmark)
        and matches(metric, key.metric)
        and environment in {"", key.environment}
    )


def _check_signed(author: str, reason: str) -> None:
    check_text("author", author)
    check_text("reason", reason)
    if not author.strip():
        raise BadValueError("author", repr(author), "a name")
    if not reason.strip():
        raise BadValueError("reason", repr(reason), "why, for whoever reads it next year")


def _check_commit(commit: str) -> None:
    check_text("commit", commit, most=64)
    if commit and (len(commit) < _LEAST_DIGITS or set(commit) - set("0123456789abcdef")):
        raise BadValueError("commit", repr(commit), "7 to 64 hex digits")
