"""Checks that a body does the same thing under the same schedule, and names where it does not.

Before a search one schedule runs twice. Operations, their lines and who could go on are compared;
values are not: a counter that numbers connections or an object's `id` in a field makes no other
execution. But a value that differs before the operations do is the best hint at the cause.

The first execution of a program often does more than all later ones: it fills caches, imports,
registers. So where the first two differ there are three more, and if these agree it was that.
"""

from __future__ import annotations

import linecache
import re
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from harness.engine.footprint import READY, Footprint, Step
from harness.errors import HarnessError
from harness.finding import Finding, FindingKind, Trace, message_of, signature_of
from harness.livelock import period_of
from harness.replay_token import Token
from harness.strategies.fair import Alternate
from harness.strategies.replay import Guide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.campaign import Campaign
    from harness.engine.ending import Ending
    from harness.strategies.protocol import Strategy

MAX_STEPS: Final = 2_000  # of each execution that are compared: some 20 ms
RUNS_AFTER_WARM_UP: Final = 3  # that must agree; a coin that is thrown passes one time in four
CHECKING_RUNS: Final = 2 + RUNS_AFTER_WARM_UP  # of a body that does not do the same thing
NEAR_LINES: Final = 8  # lines above an operation that are looked at for its cause
_ADDRESS: Final = 1 << 32  # an int above it that differs from run to run is an id() or a hash
_NUMBER: Final = re.compile(r"-?\d+", re.ASCII)
_SIZED: Final = re.compile(r"<\w+ of (\d+)>", re.ASCII)
CAUSES: Final = (
    "state kept between executions, random numbers, the order of a set, id(), real time or real I/O"
)
# What a line of code near the first difference suggests.
_HINTS: Final = (
    (re.compile(r"\b(datetime|date)\.(now|utcnow|today)\b"), "real time: datetime is not virtual"),
    (re.compile(r"\bgc\.|\bweakref\b|\bWeak\w+\("), "garbage collection or a weak reference"),
    (re.compile(r"\b(id|hash)\("), "id() or hash(), which differ from object to object"),
    (re.compile(r"\b(open|read_text|read_bytes|stat|listdir|iterdir)\("), "real files"),
    (re.compile(r"\b(environ|getpid|getenv)\b"), "the surroundings of the process"),
    (re.compile(r"\brandom\b|\brng\b|\bshuffle\(|\bchoice\("), "a generator of random numbers"),
    (re.compile(r"\b(frozen)?set\(|\{[^:}]+\}"), "the order of a set"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One execution as it is compared."""

    steps: tuple[Step, ...]
    signature: tuple[object, ...]
    schedule: tuple[int, ...]
    ending: Ending
    full: bool  # it was given up at the bound


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two executions of one schedule part.

    Attributes:
        number: Of the operation, from 1, as a reader counts: points of choice are none.
        first: What was done there in the one, in words.
        second: And in the other.
        cause: What probably made the difference, in words.
    """

    number: int
    first: str
    second: str
    cause: str

    def __str__(self) -> str:
        return (
            f"Operation {self.number} differs. One execution: {self.first}. Another: {self.second}."
            f" Likely cause: {self.cause}."
        )


@dataclass(frozen=True, slots=True)
class Check:
    """What came of running one schedule twice.

    Attributes:
        finding: The body did something else the second time.
        turns: It did not end within the bound, and its last operations repeat.
    """

    finding: Finding | None = None
    turns: bool = False


def check_determinism(
    campaign: Campaign, body: Callable[[], object], *, model: str, max_steps: int
) -> Check:
    """Run one schedule twice, in which all take turns, and say what came of it.

    Raises:
        HarnessError: An execution could not be controlled.
    """
    runs = [_in_turn(campaign, body) for _ in range(2)]
    if difference_of(runs[0], runs[1]) is None:
        return Check(turns=runs[1].full and turns_in(runs[1].steps))
    runs += [_in_turn(campaign, body) for _ in range(RUNS_AFTER_WARM_UP)]
    later = runs[-RUNS_AFTER_WARM_UP:]
    if all(difference_of(later[0], other) is None for other in later[1:]):
        return Check()  # only the first ones differed: caches, imports
    token = Token(choices=runs[0].schedule, early=False, model=model, max_steps=max_steps).encode()
    message = str(explain(runs))
    return Check(
        Finding(kind=FindingKind.NONDETERMINISM, message=message, token=token, trace=Trace())
    )


def _in_turn(campaign: Campaign, body: Callable[[], object]) -> Run:
    return record(campaign, body, Alternate((), early_timeouts=False))


def turns_in(steps: Sequence[Step]) -> bool:
    """Say whether the last operations of an execution repeat often enough to look closer."""
    keys = [(*step.key(), step.value) for step in steps if step.kind != READY]
    return bool(period_of(keys[::-1]))


def name_difference(
    campaign: Campaign, body: Callable[[], object], schedule: Sequence[int], *, early: bool
) -> str:
    """Run a schedule a few times more and say where the executions part; empty if they do not."""
    guides = [Guide(schedule, early_timeouts=early) for _ in range(RUNS_AFTER_WARM_UP)]
    try:
        found = explain([record(campaign, body, guide) for guide in guides])
    except HarnessError:
        return ""  # what is known already is told
    return "" if found is None else f"{found}"


def record(campaign: Campaign, body: Callable[[], object], strategy: Strategy) -> Run:
    """Run one execution and keep what is compared."""
    footprint = Footprint(MAX_STEPS)
    strategy.begin(0)
    ending, schedule = campaign.run(body, strategy, recorder=footprint)
    footprint.settle()
    # Where an execution is given up, how its tasks end while they are thrown out tells nothing.
    signature = () if footprint.full else signature_of(ending)
    return Run(tuple(footprint.steps), signature, tuple(schedule), ending, footprint.full)


def explain(runs: Sequence[Run]) -> Difference | None:
    """Return where the last two executions that differ do so, and the likely cause."""
    for one, two in zip(reversed(runs[:-1]), reversed(runs), strict=False):
        found = difference_of(one, two, runs=runs)
        if found is not None:
            return found
    return None


def difference_of(one: Run, two: Run, *, runs: Sequence[Run] = ()) -> Difference | None:
    """Return where two executions part; None if they do not.

    Args:
        runs: All that were recorded, in order: they tell what grows.
    """
    for index, (mine, theirs) in enumerate(zip_longest(one.steps, two.steps)):
        if mine is None or theirs is None or mine.key() != theirs.key():
            cause = _cause(one, two, index, runs)
            return Difference(_number(one, index), _words(mine), _words(theirs), cause)
    if one.signature != two.signature:
        ends = [message_of(run.ending) or run.ending.kind.value for run in (one, two)]
        count = len(one.steps)
        cause = _cause(one, two, count, runs)
        return Difference(_number(one, count), f"ended: {ends[0]}", f"ended: {ends[1]}", cause)
    return None


def _number(run: Run, index: int) -> int:
    return 1 + sum(step.kind != READY for step in run.steps[:index])


def _words(step: Step | None) -> str:
    return "it had ended" if step is None else step.words()


# -- causes ---------------------------------------------------------------------------------------


def _cause(one: Run, two: Run, index: int, runs: Sequence[Run]) -> str:
    """Return what probably made two executions part at a step."""
    if _swapped(one.steps[index : index + 1], two.steps[index : index + 1]):
        return "the order of a set or of a dict, which follows id() or hash()"
    value = _value_cause(one, two, index, runs)
    if value:
        return value
    near = [step for run in (one, two) for step in run.steps[max(index - 1, 0) : index + 1]]
    for pattern, words in _HINTS:
        if any(pattern.search(line) for step in near for line in _source_near(step)):
            return words
    if _counted(one) == _counted(two):
        return "the order of a set or of a dict, which follows id() or hash()"
    return CAUSES


def _swapped(mine: Sequence[Step], theirs: Sequence[Step]) -> bool:
    """Say whether the same line does the same to another object of the same class."""
    return any(
        (one.kind, one.site) == (two.kind, two.site)
        and one.target != two.target
        and _NUMBER.sub("", one.target) == _NUMBER.sub("", two.target)
        for one, two in zip(mine, theirs, strict=False)
        if one.kind != READY
    )


def _counted(run: Run) -> Counter[tuple[object, ...]]:
    return Counter((step.kind, step.site) for step in run.steps if step.kind != READY)


def _value_cause(one: Run, two: Run, index: int, runs: Sequence[Run]) -> str:
    """Return what the first value says that differed before the operations did."""
    for number, (mine, theirs) in enumerate(
        zip(one.steps[:index], two.steps[:index], strict=False)
    ):
        if mine.value != theirs.value:
            return _judge([_value(run, number) for run in runs] or [mine.value, theirs.value], mine)
    return ""


def _value(run: Run, number: int) -> str:
    return run.steps[number].value if number < len(run.steps) else ""


def _judge(values: list[str], step: Step) -> str:
    """Say what kind of source gives such values in one execution after the other."""
    where = f"{step.target} at {step.site.text()}" if step.site is not None else step.target
    sizes = [_size(value) for value in values]
    known = [size for size in sizes if size is not None]
    if len(known) == len(values) and all(abs(size) > _ADDRESS for size in known):
        return f"id() or hash(): {where} was {values[0]}, then {values[1]}"
    shown = ", then ".join(dict.fromkeys(value for value in values if value))
    if len(known) == len(values) and known in (
        sorted(set(known)),
        sorted(set(known), reverse=True),
    ):
        return f"state kept between executions: {where} was {shown}"
    return f"random numbers, real time, or state kept between executions: {where} was {shown}"


def _size(value: str) -> int | None:
    sized = _SIZED.fullmatch(value)
    if sized is not None:
        return int(sized[1])
    return int(value) if _NUMBER.fullmatch(value) else None


def _source_near(step: Step) -> list[str]:
    """Return the line of a step and some above it, nearest first."""
    if step.site is None:
        return []
    lines = range(step.site.line, max(step.site.line - NEAR_LINES, 0), -1)
    return [linecache.getline(step.site.path, line) for line in lines]
