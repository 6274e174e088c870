"""From stacks to functions: each cost goes to the innermost function that the user wrote.

A library function that it had called is named beside it; a thread of the library's own, with no
function of the user's on it, goes by the library's. The profiler's own frames end a stack: what
stands above the target is nobody's cost.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reports.profiling.frames import is_library, is_ours
from reports.profiling.functions import Function, Functions, place_of, usual_roots
from reports.profiling.hot_spot import HotSpot, ProfileKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.profiling.frames import Frame
    from reports.profiling.stack_sums import StackSum

DETAILS: Final = 5  # of one place; the rest of them are small


@dataclass(slots=True)
class _Tally:
    """One function's costs while they are added up."""

    amount: float = 0.0
    count: int = 0
    including: float = 0.0
    longest: float = 0.0
    kept: float = 0.0
    details: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def hot_spots(
    sums: Iterable[StackSum], kind: ProfileKind, *, roots: Sequence[str] | None = None
) -> tuple[HotSpot, ...]:
    """Return what each function costs, the hottest first.

    Args:
        sums: What a pass found.
        kind: What they are sums of.
        roots: Folders that paths are told from; the current one and the import path when None.
    """
    adding = _Adding(kind, usual_roots() if roots is None else roots)
    for one in sums:
        adding.add(one)
    return adding.spots()


class _Adding:
    """Adds stacks up by function."""

    def __init__(self, kind: ProfileKind, roots: Sequence[str]) -> None:
        self._kind = kind
        self._roots = roots
        self._functions = Functions()
        self._tallies: defaultdict[str, _Tally] = defaultdict(_Tally)

    def add(self, one: StackSum) -> None:
        """Add one stack's costs to the functions on it."""
        frames = _up_to_ours(one.frames)
        if not frames:
            return
        at = next((at for at, frame in enumerate(frames) if not is_library(frame.file)), None)
        owner = frames[-1 if at is None else at]
        called = frames[at - 1] if at else None
        tally = self._tallies[self._place(owner)]
        tally.amount += one.amount
        tally.count += one.count
        tally.kept += one.kept
        tally.longest = max(tally.longest, one.longest)
        for detail in self._details(one, owner, called):
            tally.details[detail] += one.amount
        if self._kind is ProfileKind.CPU:
            for place in {self._place(one) for one in frames if not is_library(one.file)}:
                self._tallies[place].including += one.amount

    def spots(self) -> tuple[HotSpot, ...]:
        """Return the functions, the hottest first."""
        by_cost = sorted(self._tallies.items(), key=lambda item: (-item[1].amount, item[0]))
        return tuple(
            self._spot(place, tally) for place, tally in by_cost if tally.amount or tally.kept
        )

    def _spot(self, place: str, tally: _Tally) -> HotSpot:
        details = sorted(tally.details.items(), key=lambda item: (-item[1], item[0]))[:DETAILS]
        kind = self._kind
        return HotSpot(
            place=place,
            amount=tally.amount,
            count=tally.count,
            including=tally.including if kind is ProfileKind.CPU else None,
            longest=tally.longest if kind is ProfileKind.WAIT else None,
            kept=tally.kept if kind is ProfileKind.MEMORY else None,
            details=tuple(details),
        )

    def _place(self, frame: Frame) -> str:
        return place_of(self._functions.of(frame), roots=self._roots)

    def _details(self, one: StackSum, owner: Frame, called: Frame | None) -> Iterable[str]:
        if one.what:
            yield self._waited_for(one, called)
        elif called is not None:
            function = self._functions.of(called)
            yield f"in {_dotted(function)}"
        elif owner.line > self._functions.of(owner).line > 0:  # not where CPU goes by function
            yield f"line {owner.line}"

    def _waited_for(self, one: StackSum, called: Frame | None) -> str:
        what = one.what if called is None else _dotted(self._functions.of(called))
        if one.other is None:
            return what
        other = self._place(one.other)
        return f"{what}, held by {other}" if one.held else f"{what}, until {other}"


def _up_to_ours(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    for at, frame in enumerate(frames):
        if is_ours(frame.file):
            return frames[:at]
    return frames


def _dotted(function: Function) -> str:
    """Return a library function as people know it, such as "threading.Condition.wait"."""
    file = short_library(function.file)
    return f"{file}.{function.name}" if file else function.name


def short_library(file: str) -> str:
    """Return the module's name of a library's file, such as "json.decoder"."""
    if file.startswith("<frozen "):
        return file[len("<frozen ") : -1]
    return _module_name(file)


def _module_name(file: str) -> str:
    parts = file.replace("\\", "/").removesuffix(".py").split("/")
    above = [at for at, part in enumerate(parts) if part.startswith("python3")]
    inside = parts[above[-1] + 1 :] if above else parts[-1:]
    return ".".join(part for part in inside if part != "__init__")
