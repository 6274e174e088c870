"""Where operations stand in a picture: it keeps what came before what, and room for the words."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from harness.linearizability import Operation, Status
from harness.linearizability.render.lane_layout import lay_out

TIMES = st.integers(0, 12)
CLIENTS: list[int | str] = ["main", 10, 2]


@st.composite
def operations(draw: st.DrawFn) -> list[tuple[int, Operation]]:
    made = []
    for _ in range(draw(st.integers(0, 9))):
        begin = draw(TIMES)
        pending = draw(st.integers(0, 4)) == 0
        made.append(
            Operation(
                client=draw(st.sampled_from(CLIENTS)), name="x", call=begin,
                status=Status.UNKNOWN if pending else Status.OK,
                ret=None if pending else begin + draw(TIMES),
            )
        )  # fmt: skip
    made.sort(key=lambda one: one.call)
    return list(enumerate(made))


@given(operations(), st.integers(1, 5))
def test_a_picture_keeps_what_came_back_before_what_was_called(
    given_: list[tuple[int, Operation]], gap: int
) -> None:
    bars = {bar.index: bar for bar in lay_out(given_, wide=lambda one: one + 3, gap=gap).bars}
    for (one, first), (two, second) in itertools.permutations(given_, 2):
        if first.ret is None:
            continue
        if first.ret < second.call:
            assert bars[one].end + gap <= bars[two].begin
        else:
            assert bars[one].end >= bars[two].begin


@given(operations())
def test_every_bar_has_room_and_no_two_share_a_place(
    given_: list[tuple[int, Operation]],
) -> None:
    layout = lay_out(given_, wide=lambda one: one + 3, gap=2)
    assert len(layout.bars) == len(given_)
    for bar in layout.bars:
        assert bar.end - bar.begin >= bar.index + 3
        assert bar.end <= layout.width
        assert layout.clients[bar.row] == given_[bar.index][1].client
    for one, two in itertools.combinations(layout.bars, 2):
        assert one.row != two.row or one.end < two.begin or two.end < one.begin


def test_numbered_clients_come_in_their_order_and_before_named_ones() -> None:
    made = [
        (at, Operation(client=client, name="x", call=at, ret=at))
        for at, client in enumerate(CLIENTS)
    ]
    assert lay_out(made, wide=lambda _: 5, gap=1).clients == (2, 10, "main")
