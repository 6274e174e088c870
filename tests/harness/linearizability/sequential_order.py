"""Judges one order of operations by a model alone: what the model itself says, without a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.linearizability import REFUSED, Model, Operation, Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def took(name: str, *arguments: Any, gave: Any = None, by: str = "a", **keywords: Any) -> Operation:
    """Return an operation that ended with a result."""
    words = tuple(sorted(keywords.items()))
    return Operation(
        client=by, name=name, arguments=arguments, keywords=words, output=gave, call=0, ret=1
    )


def fits(model: Model[Any], operations: Iterable[Operation]) -> bool:
    """Say whether the operations, one after the other, are what the model does."""
    state = model.initial()
    for operation in operations:
        before, state = state, model.step(state, operation)
        if state is REFUSED:
            return False
        hash(state)
        if model.observes(operation):
            assert state == before, f"{operation} changed {before} to {state}"
    return True


def recorded(subject: Any, calls: Iterable[tuple[str, tuple[Any, ...]]]) -> list[Operation]:
    """Return what the real object does, call after call."""
    recording = Recording()
    for name, arguments in calls:
        call: Callable[..., Any] = getattr(subject, name)
        try:
            recording.call("a", name, call, *arguments)
        except Exception as error:  # noqa: BLE001  # it is in the recording
            del error
    return list(recording.history())
