from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secmem.flow import DEFAULT_HIGH, DEFAULT_LOW, AsyncFlowController, FlowController


@pytest.mark.parametrize(
    ("high", "low", "got"),
    [
        pytest.param(50, 10, (50, 10), id="as asked"),
        pytest.param(0, 0, (DEFAULT_HIGH, DEFAULT_LOW), id="zero means default"),
        pytest.param(-1, -5, (DEFAULT_HIGH, DEFAULT_LOW), id="negative means default"),
        pytest.param(50, 50, (50, 5), id="low not below high becomes a tenth"),
        pytest.param(5, 100, (5, 1), id="a tenth is at least one"),
        pytest.param(1, 1, (1, 1), id="one slot opens when it is given back below one"),
        pytest.param(60, 0, (60, 6), id="the default low above the high mark"),
    ],
)
@pytest.mark.parametrize("face", [FlowController, AsyncFlowController])
def test_marks_follow_the_rule_of_defaults(face: Any, high: int, low: int, got: Any) -> None:
    flow = face(high, low)
    assert (flow.high, flow.low) == got


@given(high=st.integers(), low=st.integers())
def test_any_two_ints_make_marks_that_can_open_again(high: int, low: int) -> None:
    flow = FlowController(high, low)
    assert 1 <= flow.low <= flow.high
    assert flow.low < flow.high or flow.high == 1


@pytest.mark.parametrize("mark", [1.5, "7", None, True])
def test_a_mark_that_is_no_int_is_refused_by_name(mark: Any) -> None:
    with pytest.raises(TypeError, match=r"low takes an int, the number of slots .*, got "):
        FlowController(10, mark)


def test_a_callback_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="on_blocked takes a callable without arguments, got 7"):
        FlowController(10, 5, on_blocked=7)  # type: ignore[arg-type]
