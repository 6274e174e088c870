"""Apply what was accepted to what was found, and keep account of entries that match nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.judging.timeline import renumbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.accepted import Acceptances, Accepted, Reset
    from reports.judging.timeline import Spot
    from reports.judging.verdict import Acknowledgement, SeriesChange
    from reports.series import SeriesKey


class Bookkeeping:
    """The entries of a project while a store is judged; used once, by one thread."""

    __slots__ = ("_entries", "_grown", "_used")

    def __init__(self, entries: Acceptances) -> None:
        self._entries = entries
        self._used: set[int] = set()
        self._grown: list[str] = []

    def begun_anew(
        self, key: SeriesKey, spots: tuple[Spot, ...]
    ) -> tuple[tuple[Spot, ...], Acknowledgement | None]:
        """Return the spots that count after the resets of a series, and who made the last one."""
        latest, entry = 0, None
        for reset in self._entries.resets:
            begin = reset.begin(spots) if reset.concerns(key) else None
            if begin is None:
                continue
            self._used.add(id(reset))
            if begin >= latest:
                latest, entry = begin, reset
        if entry is None:
            return spots, None
        return renumbered(spots[latest:]), entry.acknowledgement

    def with_acknowledgement(self, change: SeriesChange, spots: Sequence[Spot]) -> SeriesChange:
        """Return the change with the entry that accepts it, if one does."""
        for entry in self._entries.changes:
            # Where a climb begins is known to some points only: they widen what an entry means.
            begins = change.begins or (change.first_after.index, change.first_after.index)
            if not entry.covers(change.alert_id, change.key, begins=begins, spots=spots):
                continue
            self._used.add(id(entry))
            if entry.allows(change.change):
                return replace(change, acknowledged=entry.acknowledgement)
            self._grown.append(_grown_note(entry, change))
        return change

    def notes(self) -> tuple[str, ...]:
        """Return what should be said of entries: those that match nothing, those outgrown."""
        every: list[Accepted | Reset] = [*self._entries.changes, *self._entries.resets]
        stale = [_stale_note(entry) for entry in every if id(entry) not in self._used]
        return (*self._grown, *stale)


def _grown_note(entry: Accepted, change: SeriesChange) -> str:
    return (
        f"{change.alert_id} of {change.key.benchmark} was accepted by {entry.author} at "
        f"{100 * (entry.change or 0):+.0f} % and is {100 * change.change:+.0f} % now: it counts."
    )


def _stale_note(entry: Accepted | Reset) -> str:
    name = getattr(entry, "alert", "") or f"{entry.benchmark} at {entry.commit[:12]}"
    return (
        f"the entry of {entry.author} ({entry.day}) for {name} matches nothing in this store; "
        "if that stays so, take it out."
    )
