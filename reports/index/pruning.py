"""Which runs a store could do without, and the deletion of their documents."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reports.layout import RUNS
from reports.record import check_count

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.series import RunStamp


def superfluous(stamps: Iterable[RunStamp], *, keep_newest: int) -> tuple[RunStamp, ...]:
    """Return the runs beyond the newest ones of each source in each environment, the oldest first.

    Counted apart, so that a nightly run of one kind does not push out a rare one of another.

    Raises:
        BadValueError: `keep_newest` is below 1.
    """
    check_count("keep_newest", keep_newest)
    alike: dict[tuple[str, str], list[RunStamp]] = defaultdict(list)
    for stamp in stamps:
        alike[stamp.source, stamp.environment].append(stamp)
    gone = [
        stamp
        for group in alike.values()
        for stamp in sorted(group, key=_age, reverse=True)[keep_newest:]
    ]
    return tuple(sorted(gone, key=_age))


def delete_documents(stamps: Iterable[RunStamp], *, store: Path) -> None:
    """Delete the runs' documents for good; the index forgets them at the next refresh."""
    for stamp in stamps:
        (store / RUNS / f"{stamp.run_id}.json").unlink(missing_ok=True)


def _age(stamp: RunStamp) -> tuple[float, str]:
    return (stamp.written_at.timestamp(), stamp.run_id)
