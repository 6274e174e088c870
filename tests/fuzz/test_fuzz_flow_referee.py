"""The referee of overlapping operations: as strict as trying every order, and quick with crowds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from fuzz.targets.flow_referee import Fate, FlowRefereeError, Referee, Step, _Search, _State

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH = 3_000  # situations; every order of the crowds below has over a million


class EveryOrder(_Search):
    """The plain search: whoever may go on does, in every order."""

    def _follow(self, state: Any, steps: Any, open_fates: Any, found: Any) -> None:
        key = (state, steps, open_fates)
        if key in self._met:
            return
        self._met.add(key)
        if not steps and not open_fates and self._is_rest(state):
            found.add(state)
        for step in steps:
            for after, came_back in self._do(state, step):
                if came_back is None or came_back in open_fates:
                    self._follow(after, steps - {step}, open_fates - {came_back}, found)
        for caller in state.waiting & open_fates:
            look = self._look(state, caller)
            if look is not None:
                self._follow(look, steps, open_fates - {caller}, found)


def some_round(draw: random.Random) -> tuple[_State, frozenset[Step], dict[int, Fate]]:
    callers = range(draw.randrange(6))
    waiting = frozenset(callers)
    closed = draw.random() < 0.2
    state = _State(
        pending=draw.randrange(4),
        blocked=draw.random() < 0.7,
        closed=closed,
        waiting=waiting,
        timed=frozenset(one for one in waiting if draw.random() < 0.4),
        cancelled=frozenset(one for one in waiting if draw.random() < 0.2),
    )
    steps = set()
    for number in range(draw.randrange(4)):
        what = draw.choice(["ask", "cancel", "release", "release", "close"])
        caller = {"ask": 10 + number, "cancel": draw.randrange(6)}.get(what, -1)
        flags = {name: draw.random() < 0.3 for name in ("at_once", "timed", "refused")}
        steps.add(Step(what, number, caller, **(flags if what == "ask" else {})))
    asking = [step.caller for step in steps if step.what == "ask"]
    fates = {one: draw.choice(list(Fate)) for one in [*waiting, *asking] if draw.random() < 0.7}
    return state, frozenset(steps), fates


def searched(kind: Any, case: Any, seen: Any) -> set[_State]:
    state, steps, fates = case
    return set(kind(4, 1, fates, seen).ends(state, steps))


def ends_of(case: Any) -> list[Any]:
    """Return every kind of rest that the round can end in, by trying every order."""
    state, steps, fates = case
    rests = []

    class Noting(EveryOrder):
        def _is_rest(self, state: _State) -> bool:
            rests.append(state.figures())
            return False

    Noting(4, 1, fates, state.figures()).ends(state, steps)
    return list(dict.fromkeys(rests))


@pytest.mark.slow
def test_it_finds_the_same_ends_as_every_order_does() -> None:
    # 4 000 rounds of at most 5 waiters and 3 steps; some 1 500 of them can end, in 1 to 9 ways.
    draw = random.Random(11)
    ended = 0
    for _ in range(4_000):
        case = some_round(draw)
        for seen in ends_of(case):
            there = searched(EveryOrder, case, seen)
            assert searched(_Search, case, seen) == there
            ended += bool(there)
    assert ended > 500


def crowd(fate: Fate, many: int, **more: Any) -> tuple[_State, Mapping[int, Fate]]:
    waiting = frozenset(range(many))
    return _State(waiting=waiting, **more), dict.fromkeys(waiting, fate)


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.CLOSED, {"pending": 30, "blocked": True, "closed": True}),
        (Fate.GRANTED, {"pending": 2, "blocked": False}),
        (Fate.TIMED_OUT, {"pending": 30, "blocked": True, "timed": frozenset(range(20))}),
        (Fate.CANCELLED, {"pending": 30, "blocked": True, "cancelled": frozenset(range(20))}),
    ],
)
def test_a_crowd_that_leaves_at_once_is_no_million_of_orders(fate: Fate, state: Any) -> None:
    before, fates = crowd(fate, 20, **state)
    after = _State(pending=22) if fate is Fate.GRANTED else _State(**state | {"timed": frozenset()})
    search = _Search(30, 1, fates, after.figures())
    assert len(search.ends(before, frozenset())) == 1
    assert len(search._met) < ENOUGH


def test_it_still_says_no() -> None:
    referee = Referee(2, 1)
    ask = Step("ask", 0, caller=0)
    figures = _State(pending=1).figures()
    referee.judge((ask,), {0: Fate.GRANTED}, figures)
    with pytest.raises(FlowRefereeError, match="no order of"):
        referee.judge((Step("release", 0),), {}, figures)
