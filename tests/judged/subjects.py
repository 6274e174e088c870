"""Our own subjects, judged against the specifications beside their scenarios.

To be imported before anything else has imported the subjects: they are instrumented here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import harness
from harness.stateful import operation
from tests.judged.judged import Judged

with harness.instrument_imports(
    include=["secmem", "tests.planted.flow.twins", "tests.planted.secret.*"]
):
    from secmem.flow import FlowController
    from secmem.memory import SecretFactory, SecretReader, SecretStream
    from stress.scenarios.flow_specification import FLOW_CALLS, FlowSpecification
    from stress.scenarios.secret_specification import (
        SECRET_CALLS,
        STREAM_CALLS,
        ReaderSpecification,
        SecretSpecification,
        SharedReader,
        StreamSpecification,
    )
    from tests.planted.flow import twins as flow
    from tests.planted.secret import state_twins, stream_twins
    from tests.planted.secret.assembly import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTENT = bytes(range(1, 9))  # of a test: no secret


def named(calls: Mapping[str, Callable[..., Any]], *names: str) -> tuple[Any, ...]:
    return tuple(operation(calls[name], called=name) for name in names or calls)


def controllers(*classes: type[FlowController], marks: tuple[int, int]) -> dict[str, Any]:
    return {cls.__name__: lambda cls=cls: cls(*marks) for cls in classes}


def readers(cls: type) -> Callable[[], SharedReader]:
    def make() -> SharedReader:
        secret = SecretFactory().new(bytearray(CONTENT))
        return SharedReader(secret, cls(secret))

    return make


def secrets(**parts: type) -> Callable[[], Any]:
    make = assemble(**parts)  # type: ignore[arg-type]  # each part is of its kind
    return lambda: make(CONTENT)


class TellsWithoutLock(SecretReader):
    """As `SecretReader` was: between the bytes of a read and its move, `tell` is behind."""

    __slots__ = ()

    def tell(self) -> int:
        return self._position


FLOW = Judged(
    name="FlowController",
    make=lambda: FlowController(1, 1),
    operations=named(FLOW_CALLS, "acquire", "try_acquire", "release", "close", "pending"),
    model=FlowSpecification(high=1, low=1),
    twins=controllers(
        flow.WakesOne,
        flow.CountsWaiters,
        flow.LooksOnce,
        flow.NeverShuts,
        flow.GoesBelowZero,
        flow.SignalsTwice,
        flow.ClosesSilently,
        marks=(1, 1),
    ),
    threads=3,
)
FLOW_BETWEEN_MARKS = Judged(
    name="FlowController between its marks",
    make=lambda: FlowController(3, 1),
    operations=named(FLOW_CALLS, "try_acquire", "release"),
    model=FlowSpecification(high=3, low=1),
    twins=controllers(flow.CountDecides, flow.NeverShuts, marks=(3, 1)),
)
FLOW_FIGURES = Judged(
    name="FlowController and its figures",
    make=lambda: FlowController(2, 1),
    operations=named(FLOW_CALLS),
    model=FlowSpecification(high=2, low=1),
    twins=controllers(flow.GoesBelowZero, flow.CountsWaiters, marks=(2, 1)),
)
SECRET = Judged(
    name="Secret",
    make=secrets(),
    operations=named(SECRET_CALLS),
    model=SecretSpecification(CONTENT),
    twins={
        cls.__name__: secrets(state=cls)
        for cls in (
            state_twins.WaitsHoldingThePage,
            state_twins.LooksForCloserWithoutLock,
            state_twins.LooksOnce,
            state_twins.ReadsPlaceInTwoSteps,
            state_twins.ClosesAfterCounting,
        )
    },
)
READER = Judged(
    name="SecretReader",
    make=lambda: SharedReader(SecretFactory().new(bytearray(CONTENT))),
    operations=(operation("read", [1, 3]), "tell", "close"),
    model=ReaderSpecification(CONTENT),
    twins={
        "SharesPosition": readers(stream_twins.SharesPosition),
        "TellsWithoutLock": readers(TellsWithoutLock),
    },
)
STREAM = Judged(
    name="SecretStream",
    make=SecretStream,
    operations=(
        operation(STREAM_CALLS["write"], [b"ab", b"cde"], called="write"),
        operation(STREAM_CALLS["read"], [1, 3, -1], called="read"),
        *named(STREAM_CALLS, "flush", "size", "close"),
    ),
    model=StreamSpecification(),
)
STREAM_ORDER = Judged(
    name="SecretStream and its order",
    make=SecretStream,
    operations=(
        operation(STREAM_CALLS["write"], [b"ab", b"cde"], called="write"),
        operation(STREAM_CALLS["read"], [1, 3], called="read"),
    ),
    model=StreamSpecification(),
    twins={"PutsBackLater": stream_twins.PutsBackLater},
)
SUBJECTS = (FLOW, FLOW_BETWEEN_MARKS, FLOW_FIGURES, SECRET, READER, STREAM, STREAM_ORDER)
