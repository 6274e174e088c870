"""What a run of pytest says at its end about the tests that were explored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.headway import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Covered = dict[str, Any]  # plain values, because xdist carries them from a worker
SLOWEST: Final = 3  # tests
SLOW_S: Final = 1.0  # in all, from which on it is worth saying which test took how long
_ORDER: Final = ("FAILED", "UNDECIDED", "PASSED")


def summary_lines(covered: Sequence[Covered], *, verbosity: int) -> Iterator[str]:
    """Yield the lines: how much was run, what each test showed, notes, the slowest.

    Args:
        covered: For each test `test`, `executions`, `verdict`, `evidence`, `elapsed_s`, `notes`.
        verbosity: pytest's; below 0 only what somebody has to know.
    """
    explored = [one for one in covered if one["verdict"]]
    if explored:
        yield _count(explored)
    if verbosity >= 0:
        for one in sorted(explored, key=lambda one: _ORDER.index(one["verdict"])):
            if verbosity > 0 or one["verdict"] != "PASSED":
                yield f"  {one['verdict'].lower()}: {one['test']}: {_evidence(one)}"
    for one in covered:
        for note in one["notes"]:
            first, *more = note.splitlines()
            yield f"  {one['test']}: {first}"
            yield from (f"    {line}" for line in more)
    if verbosity >= 0:
        yield from _slowest(explored)


def _count(explored: Sequence[Covered]) -> str:
    executions = sum(one["executions"] for one in explored)
    exhausted = sum(one["exhausted"] for one in explored)
    elapsed_s = sum(one["elapsed_s"] for one in explored)
    tests = f"{len(explored)} interleaved test{'s' if len(explored) != 1 else ''}"
    text = f"{tests}, {grouped(executions)} execution{'s' if executions != 1 else ''}"
    through = f"; {exhausted} exhausted" if exhausted else ""
    return f"{text} in {elapsed_s:.2f} s{through}"


def _evidence(one: Covered) -> str:
    return str(one["evidence"]).removeprefix("undecided: ")


def _slowest(explored: Sequence[Covered]) -> Iterator[str]:
    ordered = sorted(explored, key=lambda one: -one["elapsed_s"])
    if len(ordered) < 2 or sum(one["elapsed_s"] for one in ordered) < SLOW_S:  # noqa: PLR2004  # one is not slower than another
        return
    told = (f"{one['test']} {one['elapsed_s']:.2f} s" for one in ordered[:SLOWEST])
    yield f"slowest: {', '.join(told)}"
