"""The specifications of our subjects say what the subjects do, one call after another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArgumentError
from harness.linearizability import REFUSED, Operation, Raised, Status
from secmem.flow import FlowController
from secmem.memory import SecretFactory, SecretStream
from stress.scenarios.flow_specification import FLOW_CALLS, FlowSpecification
from stress.scenarios.secret_specification import (
    SECRET_CALLS,
    STREAM_CALLS,
    ReaderSpecification,
    SecretSpecification,
    SharedReader,
    StreamSpecification,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.linearizability import Model

CONTENT = bytes(range(1, 13))
sizes = st.integers(-1, 5)
pieces = st.binary(min_size=1, max_size=3)


def operation(name: str, *arguments: object, output: object = None) -> Operation:
    return Operation(client=0, name=name, arguments=arguments, output=output, call=0, ret=1)


def called(call: Callable[..., object], subject: object, arguments: Iterable[object]) -> object:
    try:
        return call(subject, *arguments)
    except Exception as error:  # noqa: BLE001  # an output like any other
        return Raised(f"{type(error).__module__}.{type(error).__qualname__}")


def follow(
    model: Model[Any],
    subject: object,
    calls: Mapping[str, Callable[..., object]],
    *,
    program: Iterable[tuple[str, tuple[object, ...]]],
) -> None:
    """Do a program on both; the model takes what the subject did, and nothing else."""
    state = model.initial()
    for name, arguments in program:
        if (
            model.step(state, replace(operation(name, *arguments), status=Status.UNKNOWN))
            is REFUSED
        ):
            continue  # it would wait
        real = operation(name, *arguments, output=called(calls[name], subject, arguments))
        after = model.step(state, real)
        assert after is not REFUSED, (state, real)
        assert not model.observes(real) or after == state
        if name not in ("close", "release"):  # they have one result only
            assert model.step(state, replace(real, output="another")) is REFUSED
        state = after


@given(st.lists(st.sampled_from(sorted(set(FLOW_CALLS) - {"patient_acquire"})), max_size=20))
def test_the_flow_specification_does_what_a_controller_does(names: list[str]) -> None:
    follow(
        FlowSpecification(high=3, low=1), FlowController(3, 1), FLOW_CALLS,
        program=[(name, ()) for name in names],
    )  # fmt: skip


def test_a_patient_acquire_runs_out_only_while_the_gate_is_shut() -> None:
    model = FlowSpecification(high=1, low=1)
    ran_out = operation("patient_acquire", output=Raised("secmem.flow.errors.FlowTimeout"))
    assert model.step(model.initial(), ran_out) is REFUSED
    shut = model.step(model.initial(), operation("acquire"))
    assert shut is not REFUSED
    assert model.step(shut, ran_out) == shut


@given(st.lists(st.sampled_from(sorted(SECRET_CALLS)), max_size=6))
def test_the_secret_specification_does_what_a_secret_does(names: list[str]) -> None:
    follow(
        SecretSpecification(CONTENT), SecretFactory().new(bytearray(CONTENT)), SECRET_CALLS,
        program=[(name, ()) for name in names],
    )  # fmt: skip


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("read"), st.tuples(sizes)),
            st.tuples(st.sampled_from(["tell", "close"]), st.just(())),
        ),
        max_size=8,
    )
)
def test_the_reader_specification_does_what_a_reader_does(
    program: list[tuple[str, tuple[object, ...]]],
) -> None:
    reader = SharedReader(SecretFactory().new(bytearray(CONTENT)))
    calls = {name: getattr(SharedReader, name) for name in ("read", "tell", "close")}
    follow(ReaderSpecification(CONTENT), reader, calls, program=program)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.tuples(pieces)),
            st.tuples(st.just("read"), st.tuples(sizes)),
            st.tuples(st.sampled_from(["flush", "size", "close"]), st.just(())),
        ),
        max_size=10,
    )
)
def test_the_stream_specification_does_what_a_stream_does(
    program: list[tuple[str, tuple[object, ...]]],
) -> None:
    follow(StreamSpecification(), SecretStream(), STREAM_CALLS, program=program)


@pytest.mark.parametrize(
    "model",
    [
        FlowSpecification(high=2, low=1),
        SecretSpecification(CONTENT),
        ReaderSpecification(CONTENT),
        StreamSpecification(),
    ],
    ids=lambda model: model.name,
)
def test_a_call_that_a_specification_does_not_know_is_an_error(model: Model[Any]) -> None:
    with pytest.raises(ArgumentError, match="'fly'"):
        model.step(model.initial(), operation("fly"))


def test_marks_that_no_controller_has_are_refused() -> None:
    with pytest.raises(ArgumentError, match="low"):
        FlowSpecification(high=1, low=2)
