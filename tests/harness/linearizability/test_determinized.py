"""Models whose operations may do one of several things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ArgumentError
from harness.linearizability import History, Operation, Status, check
from harness.linearizability.determinized import NondeterministicModel, determinized

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lossy(NondeterministicModel[int]):
    """A register that may lose a write."""

    name = "lossy register"

    def initials(self) -> Iterable[int]:
        return [0]

    def steps(self, state: int, operation: Operation) -> Iterable[int]:
        if operation.name == "write":
            return [state, operation.arguments[0]]
        return [state] if operation.output == state else []


def run(*calls: tuple[str, Any]) -> History:
    return History.of(
        Operation(
            client=0, name=name, call=2 * at, ret=2 * at + 1,
            arguments=(value,) if name == "write" else (),
            output=value if name == "read" else None,
        )
        for at, (name, value) in enumerate(calls)
    )  # fmt: skip


def test_a_lost_write_is_allowed() -> None:
    history = run(("write", 1), ("write", 2), ("read", 1))
    assert check(history, determinized(Lossy())).holds is True


def test_what_one_read_saw_the_next_one_sees() -> None:
    history = run(("write", 1), ("read", 0), ("read", 1))
    judgement = check(history, determinized(Lossy()))
    assert judgement.holds is False
    assert judgement.failure is not None
    assert judgement.failure.prefixes[0].state == "0"


def test_states_that_it_may_be_in_are_told() -> None:
    model = determinized(Lossy())
    both = model.step(model.initial(), run(("write", 1)).operations[0])
    assert model.describe_state(both) == "0 or 1"  # type: ignore[arg-type]


def test_only_a_nondeterministic_model_is_determinized() -> None:
    with pytest.raises(ArgumentError, match="NondeterministicModel"):
        determinized(Lossy)  # type: ignore[arg-type]


def test_nobody_is_known_to_wait_for_ever_where_a_step_may_do_several_things() -> None:
    waits = Operation(client=0, name="read", call=0, ret=None, status=Status.UNKNOWN)
    with pytest.raises(ArgumentError, match="one state"):
        check(History.of([waits]), determinized(Lossy()), blocked=[0])
