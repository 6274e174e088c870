"""Two versions of the code side by side, every pair judged together with all the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reports.comparing.pairs import Comparison, Options, judged_pairs
from reports.comparing.sides import choose_sides, metric_values
from reports.comparing.versions import find_version
from reports.errors import BadValueError, TooLittleDataError, UnlikeEnvironmentsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.comparing.sides import MetricKey, MetricValues, Sides
    from reports.comparing.versions import Version
    from reports.document import RunDocument
    from reports.store import Store


def compare(
    store: Store, old: str, new: str, *, options: Options | None = None, folder: Path | None = None
) -> Comparison:
    """Return what changed between two versions.

    Args:
        old: A commit or run by its first digits, or what git calls a commit.
        new: The same for the version to compare with it.
        folder: Where the repository is whose names count; the working directory by default.

    Raises:
        BadValueError: A name fits nothing or more than one version, both are the same, or an
            option is out of its range.
        UnlikeEnvironmentsError: They were never measured in one environment.
        TooLittleDataError: One of them has no benchmarks, or they share none.
    """
    stamps, where = store.stamps(), folder or Path.cwd()
    before = find_version(stamps, old, folder=where)
    after = find_version(stamps, new, folder=where)
    if before.codes & after.codes:
        got = f"{old!r} and {new!r}, which are both {before.label}"
        raise BadValueError("compare", got, "two versions; `measure` compares one with itself")
    return compare_runs(
        _documents(store, before),
        _documents(store, after),
        labels=(before.label, after.label),
        options=options,
    )


def compare_runs(
    old: Iterable[RunDocument],
    new: Iterable[RunDocument],
    *,
    labels: tuple[str, str] = ("old", "new"),
    options: Options | None = None,
) -> Comparison:
    """Return what differs between the runs of two sides; raises as `compare` does."""
    chosen = options or Options()
    sides = choose_sides(old, new, sessions=chosen.sessions)
    before = metric_values(sides.old, across=chosen.across)
    after = metric_values(sides.new, across=chosen.across)
    shared = [key for key in before if key in after]
    if not shared:
        _refuse(sides, labels, before, after)
    ties = {key: (before[key], after[key]) for key in shared}
    return Comparison(
        old_label=labels[0],
        new_label=labels[1],
        old_runs=len(sides.old),
        new_runs=len(sides.new),
        options=chosen,
        pairs=judged_pairs(ties, sides, options=chosen),
        only_old=len(before.keys() - after.keys()),
        only_new=len(after.keys() - before.keys()),
        session=sides.session,
        differences=_differences(sides) if chosen.across else (),
    )


def _documents(store: Store, version: Version) -> list[RunDocument]:
    return [store.document(stamp.run_id) for stamp in version.stamps]


def _differences(sides: Sides) -> tuple[str, ...]:
    told: dict[str, None] = {}
    for one in {document.environment.fingerprint: document for document in sides.old}.values():
        for two in {document.environment.fingerprint: document for document in sides.new}.values():
            told |= dict.fromkeys(one.environment.differences(two.environment))
    return tuple(told)


def _refuse(
    sides: Sides,
    labels: tuple[str, str],
    before: Mapping[MetricKey, MetricValues],
    after: Mapping[MetricKey, MetricValues],
) -> None:
    for label, values in zip(labels, (before, after), strict=True):
        if not values:
            needed = "Compare versions whose benchmarks are in the store."
            raise TooLittleDataError(f"{label} has no benchmarks", needed)
    here, there = _environments(sides.old), _environments(sides.new)
    if here & there:
        needed = "Compare versions that ran the same benchmarks."
        raise TooLittleDataError(f"{labels[0]} and {labels[1]} share no benchmark", needed)
    raise UnlikeEnvironmentsError(_differences(sides))


def _environments(documents: Sequence[RunDocument]) -> set[str]:
    return {one.environment.fingerprint for one in documents}
