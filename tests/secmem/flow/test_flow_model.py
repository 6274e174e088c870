"""One model, both faces: every figure and every fate after every step of a random program."""

import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from secmem.flow import AsyncFlowController, FlowController
from stress.scenarios.flow_faces import AsyncFace, ThreadFace
from stress.scenarios.flow_model import Fate, FlowMismatch, FlowModel
from stress.scenarios.flow_program import MARKS, random_program, step

FACES = [pytest.param(ThreadFace, id="threads"), pytest.param(AsyncFace, id="asyncio")]


class FlowMachine(RuleBasedStateMachine):
    face_of: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.face: Any = None
        self.count = 0

    @initialize(marks=st.sampled_from(MARKS))
    def make(self, marks: Any) -> None:
        high, low = marks
        self.face = self.face_of(high=high, low=low)
        self.model = FlowModel(high=high, low=low)

    def do(self, word: str, caller: Any = None) -> None:
        self.count += 1
        step(self.face, self.model, word, caller or f"c{self.count}")

    @rule(word=st.sampled_from(["acquire", "try", "cancelled"]))
    def ask(self, word: str) -> None:
        self.do(word)

    @rule()
    def release(self) -> None:
        self.do("release")

    @precondition(lambda self: self.face is not None and self.model.waiting)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        self.do("cancel", data.draw(st.sampled_from(self.model.waiting)))

    @precondition(lambda self: self.count > 5)
    @rule()
    def close(self) -> None:
        self.do("close")

    @invariant()
    def never_more_than_high(self) -> None:
        if self.face is not None:
            assert 0 <= self.face.flow.pending <= self.model.high

    def teardown(self) -> None:
        if self.face is not None:
            self.face.end()


@pytest.mark.property
@pytest.mark.parametrize("face", FACES)
def test_a_controller_never_leaves_the_model(face: Any) -> None:
    machine = type("Machine", (FlowMachine,), {"face_of": staticmethod(face)})
    run_state_machine_as_test(machine, settings=settings(deadline=None))


# The model has to be able to say no: one wrong decision per twin, on either face.
def never_shuts(self: Any) -> None:
    pass


def newcomer_by_count(self: Any) -> Any:
    return self._pending >= self._high


def below_zero(self: Any) -> Any:
    return False


def opens_late(self: Any) -> Any:
    return self._pending < self._low


def no_second_look(self: Any) -> Any:
    return False


def run_programs(face_of: Any, count: int) -> None:
    for seed in range(count):
        random_program(face_of, random.Random(seed), steps=20)


WRONG = [
    ("_shut", never_shuts),
    ("_must_wait", newcomer_by_count),
    ("_is_misuse", below_zero),
    ("_is_drained", opens_late),
    ("_must_wait_again", no_second_look),
]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("decision", "wrong"), WRONG, ids=[name for name, _ in WRONG])
def test_a_wrong_decision_is_noticed(face: Any, decision: str, wrong: Any) -> None:
    good = FlowController if face is ThreadFace else AsyncFlowController
    twin = type("Twin", (good,), {decision: wrong})
    patience = {"settle_s": 0.2} if face is ThreadFace else {}
    # 60 programs of 20 steps; each of these twins falls in more than one of four programs.
    with pytest.raises(FlowMismatch):
        run_programs(lambda **marks: face(make=twin, **marks, **patience), count=60)


def test_the_model_says_who_is_missing() -> None:
    model = FlowModel(high=1, low=1)
    model.acquire("a")
    with pytest.raises(FlowMismatch, match="a had to be granted, but was still inside acquire"):
        model.judge({})


def test_the_model_says_who_came_uninvited() -> None:
    model = FlowModel(high=1, low=1)
    model.acquire("a")
    model.acquire("b")
    with pytest.raises(FlowMismatch, match=r"1 waiters got through .*'b'.*, but 0 had to"):
        model.judge({"a": Fate.GRANTED, "b": Fate.GRANTED})


def test_the_model_does_not_care_which_waiter_gets_through() -> None:
    for lucky in ("b", "c"):
        model = FlowModel(high=1, low=1)
        for caller in ("a", "b", "c"):
            model.acquire(caller)
        model.judge({"a": Fate.GRANTED})
        model.release()
        model.judge({lucky: Fate.GRANTED})
        assert model.waiting == [({"b", "c"} - {lucky}).pop()]


def test_the_model_takes_no_marks_that_cannot_open() -> None:
    with pytest.raises(ValueError, match="1 <= low <= high"):
        FlowModel(high=1, low=2)
