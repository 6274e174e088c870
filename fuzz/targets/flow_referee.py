"""Judges operations on a flow controller that ran at the same time.

`stress.scenarios.flow_model` judges one operation at a time. Here several overlap, a woken waiter
and a newcomer race for a slot, and both winners are right. So the referee searches: is there an
order of the round's steps, the waiters' looks at the gate among them, that obeys the rules and ends
in what was seen? A round has at most four operations; of its waiters, who may be many, those that
are alike are tried in one order only.

Source: requirements R-FL-01 to R-FL-08; the search is that of linearizability checkers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from stress.scenarios.flow_model import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Fate", "Figures", "FlowRefereeError", "Referee", "Step"]


class FlowRefereeError(AssertionError):
    """The controller did something that no order of the operations explains."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as the rules see it: "ask", "cancel", "release" or "close".

    `number` tells two like operations of a round apart.
    """

    what: str
    number: int
    caller: int = -1
    at_once: bool = False
    timed: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a controller shows of itself at rest."""

    pending: int
    blocked: bool
    closed: bool
    misuse: int
    episodes: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _State:
    pending: int = 0
    blocked: bool = False
    closed: bool = False
    misuse: int = 0
    episodes: int = 0
    waiting: frozenset[int] = frozenset()
    timed: frozenset[int] = frozenset()  # those of the waiting whose patience ends
    cancelled: frozenset[int] = frozenset()  # callers whose token was cancelled

    def figures(self) -> Figures:
        return Figures(
            pending=self.pending,
            blocked=self.blocked,
            closed=self.closed,
            misuse=self.misuse,
            episodes=self.episodes,
            waiting=len(self.waiting),
        )


class Referee:
    """Follows one controller from round to round. Not for concurrent use."""

    def __init__(self, high: int, low: int) -> None:
        self._high = high
        self._low = low
        # Several orders may explain one round and differ in who came when: all that are possible.
        self._states = {_State()}

    def judge(self, steps: tuple[Step, ...], fates: Mapping[int, Fate], seen: Figures) -> None:
        """Compare a round with the rules, everybody being at rest.

        Args:
            steps: The operations that ran at the same time.
            fates: Of every acquire that came back since the last call.

        Raises:
            FlowRefereeError: No order explains it.
        """
        self._check_bounds(seen)
        self._check_closed(seen)
        self._check_open(seen)
        before = self._states
        search = _Search(self._high, self._low, fates, seen)
        self._states = {end for state in before for end in search.ends(state, frozenset(steps))}
        if not self._states:
            self._refuse(before, steps, fates, seen)

    def _check_bounds(self, seen: Figures) -> None:
        if not 0 <= seen.pending <= self._high:
            raise FlowRefereeError(f"{seen.pending} slots are taken, the marks are {self._marks()}")

    # Two methods, so that a close and a release that wake nobody are two findings.

    def _check_closed(self, seen: Figures) -> None:
        if seen.closed and seen.waiting:
            raise FlowRefereeError(f"{seen.waiting} callers still wait at a closed controller")

    def _check_open(self, seen: Figures) -> None:
        if seen.waiting and not seen.blocked:
            raise FlowRefereeError(f"{seen.waiting} callers still wait at an open gate")

    def _refuse(
        self,
        before: set[_State],
        steps: tuple[Step, ...],
        fates: Mapping[int, Fate],
        seen: Figures,
    ) -> NoReturn:
        did = ", ".join(f"{step.what} c{step.caller}" if step.caller >= 0 else step.what
                        for step in steps)  # fmt: skip
        met = ", ".join(f"c{caller} {fate}" for caller, fate in sorted(fates.items())) or "nobody"
        state = next(iter(before))
        raise FlowRefereeError(
            f"no order of [{did}] explains that [{met}] came back and {seen} was seen; before it, "
            f"marks {self._marks()}, {state.figures()}, waiting {sorted(state.waiting)}"
        )

    def _marks(self) -> str:
        return f"{self._high}/{self._low}"


class _Search:
    """The search of one round."""

    def __init__(self, high: int, low: int, fates: Mapping[int, Fate], seen: Figures) -> None:
        self._high = high
        self._low = low
        self._fates = fates
        self._seen = seen
        self._met: set[tuple[_State, frozenset[Step], frozenset[int]]] = set()

    def ends(self, state: _State, steps: frozenset[Step]) -> set[_State]:
        """Return the states in which the round may have ended."""
        self._met.clear()
        found: set[_State] = set()
        self._follow(state, steps, frozenset(self._fates), found)
        return found

    def _follow(
        self, state: _State, steps: frozenset[Step], open_fates: frozenset[int], found: set[_State]
    ) -> None:
        key = (state, steps, open_fates)
        if key in self._met:
            return
        self._met.add(key)
        if not steps and not open_fates and self._is_rest(state):
            found.add(state)
        leaver = self._leaver(state, open_fates)
        if leaver is not None:
            rest, caller = leaver
            self._follow(rest, steps, open_fates - {caller}, found)
            return
        for step in steps:
            for after, came_back in self._do(state, step):
                left = steps - {step}
                if came_back is None:
                    self._follow(after, left, open_fates, found)
                elif came_back in open_fates:
                    self._follow(after, left, open_fates - {came_back}, found)
        for caller in self._takers(state, steps, open_fates):
            look = self._look(state, caller)
            if look is not None:
                self._follow(look, steps, open_fates - {caller}, found)

    def _leaver(self, state: _State, open_fates: frozenset[int]) -> tuple[_State, int] | None:
        """Return what follows when a waiter leaves with empty hands, and who, if any can.

        It changes nothing for the others, so it may as well happen now: no order is lost.
        """
        for caller in state.waiting & open_fates:
            if self._fates[caller] is not Fate.GRANTED:
                look = self._look(state, caller)
                if look is not None:
                    return look, caller
        return None

    def _takers(
        self, state: _State, steps: frozenset[Step], open_fates: frozenset[int]
    ) -> Iterator[int]:
        """Yield the waiters that may take a slot next: of those that are alike only one."""
        named = {step.caller for step in steps}
        alike = True
        for caller in sorted(state.waiting & open_fates):
            if self._fates[caller] is not Fate.GRANTED:
                continue
            if caller in named:
                yield caller
            elif alike:
                alike = False
                yield caller

    def _is_rest(self, state: _State) -> bool:
        restless = state.waiting & (state.cancelled | state.timed)
        return state.figures() == self._seen and not restless

    def _do(self, state: _State, step: Step) -> Iterator[tuple[_State, int | None]]:
        """Yield what becomes of a step, and the caller that comes back with it."""
        match step.what:
            case "release":
                yield self._release(state), None
            case "close":
                yield replace(state, closed=True), None
            case "cancel":
                yield replace(state, cancelled=state.cancelled | {step.caller}), None
            case _:
                yield from self._ask(state, step)

    def _ask(self, state: _State, step: Step) -> Iterator[tuple[_State, int | None]]:
        caller = step.caller
        if step.refused:
            state = replace(state, cancelled=state.cancelled | {caller})
        fate = self._fates.get(caller)
        refusal = self._refusal(state, caller)
        if refusal is not None:
            if fate is refusal:
                yield state, caller
        elif not state.blocked:
            if fate is Fate.GRANTED:
                yield self._take(state), caller
        elif step.at_once:
            if fate is Fate.TIMED_OUT:
                yield state, caller
        else:
            timed = state.timed | {caller} if step.timed else state.timed
            yield replace(state, waiting=state.waiting | {caller}, timed=timed), None

    def _look(self, state: _State, caller: int) -> _State | None:
        """Return the state after a waiter looked and left as it did; None if it could not."""
        fate = self._fates[caller]
        rest = replace(state, waiting=state.waiting - {caller}, timed=state.timed - {caller})
        refusal = self._refusal(state, caller)
        if refusal is not None:
            return rest if fate is refusal else None
        if not state.blocked:
            return self._take(rest) if fate is Fate.GRANTED else None
        return rest if fate is Fate.TIMED_OUT and caller in state.timed else None

    def _refusal(self, state: _State, caller: int) -> Fate | None:
        if state.closed:
            return Fate.CLOSED
        return Fate.CANCELLED if caller in state.cancelled else None

    def _take(self, state: _State) -> _State:
        full = state.pending + 1 >= self._high
        return replace(
            state,
            pending=state.pending + 1,
            blocked=full or state.blocked,
            episodes=state.episodes + full,
        )

    def _release(self, state: _State) -> _State:
        if not state.pending:
            return replace(state, misuse=state.misuse + 1)
        pending = state.pending - 1
        return replace(state, pending=pending, blocked=state.blocked and pending > self._low)
