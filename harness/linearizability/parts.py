"""The parts of a history that are judged alone, and what each is judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.linearizability.judgement import Criterion
from harness.linearizability.many_objects import ManyObjects

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from harness.linearizability.history import History
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation


@dataclass(slots=True)
class Part:
    """Operations that are judged alone.

    Attributes:
        label: Which part; None: the whole.
        indices: Where each operation stands in the history.
        operations: Sorted by call.
        timed: The same with the intervals that the criterion gives them, in the same order.
        model: Of this part.
        blocked: Which of the operations wait for ever.
    """

    label: Hashable
    indices: Sequence[int]
    operations: Sequence[Operation]
    timed: Sequence[Operation]
    model: Model[Any]
    blocked: Sequence[int]


def split(
    history: History,
    model: Model[Any],
    *,
    criterion: Criterion,
    partition: bool,
    blocked: Collection[int],
) -> list[Part]:
    """Return the parts of a history: its objects, and what the model says is independent in them.

    Both linearizability and quiescent consistency are local: a history has them if each object's
    part has (Herlihy & Wing 1990, theorem 1; Herlihy & Shavit 2012, section 3.4). Sequential
    consistency is not: with two queues, each part may have an order of its clients' steps, and the
    two orders contradict each other (Herlihy & Shavit 2012, figure 3.8). So it is judged whole.
    """
    operations = history.operations
    keys = dict.fromkeys([one.key for one in operations])
    whole = criterion is Criterion.SEQUENTIALLY_CONSISTENT
    if len(keys) > 1 and whole:
        model = ManyObjects(_model_of_each(model, operations), keys)
    objects: dict[Hashable, Sequence[int]] = {None: range(len(operations))}
    if len(keys) == 1:
        objects = {next(iter(keys)): objects[None]}
    elif keys and not whole:
        objects = _objects(operations)
    parts = []
    for key, indices in objects.items():
        one = _part(key, indices, operations, model)
        if criterion is Criterion.QUIESCENTLY_CONSISTENT:
            one.timed = _quiet(one.operations)
        parts += [one] if whole else _parts(one, partition=partition)
    if blocked:
        waiting = frozenset(blocked)
        for one in parts:
            one.blocked = [at for at, index in enumerate(one.indices) if index in waiting]
    return parts


def _model_of_each(model: Model[Any], operations: Sequence[Operation]) -> Model[Any]:
    """Return the model of a part if each object is just one part: it may know more."""
    labels: dict[Hashable, Hashable] = {}
    for one in operations:
        label = model.partition(one)
        if label is None or labels.setdefault(one.key, label) != label:
            return model
    return model.part()


def _objects(operations: Sequence[Operation]) -> dict[Hashable, Sequence[int]]:
    objects: dict[Hashable, list[int]] = {}
    for index, one in enumerate(operations):
        objects.setdefault(one.key, []).append(index)
    return dict(objects)


def _part(
    label: Hashable, indices: Sequence[int], operations: Sequence[Operation], model: Model[Any]
) -> Part:
    if len(indices) != len(operations):
        operations = [operations[index] for index in indices]
    return Part(label, indices, operations, operations, model, ())


def _parts(whole: Part, *, partition: bool) -> list[Part]:
    """Return the independent parts of one object; it may be just one part of what it could be."""
    label = whole.model.partition
    labels = [label(one) for one in whole.operations]
    try:
        different = dict.fromkeys(labels)
    except TypeError as error:
        wants = f"a model whose partitions are hashable ({error})"
        raise ArgumentError("model", whole.model, wants) from error
    if None in different or not different or not (partition or len(different) == 1):
        return [whole]
    found: dict[Hashable, list[int]] = {one: [] for one in different}
    for at, one in enumerate(labels):
        found[one].append(at)
    model = whole.model.part()
    return [
        Part(
            # A store in a file is told apart by the key that its operations are about, too.
            one if whole.label is None or one == whole.label else (whole.label, one),
            [whole.indices[at] for at in members],
            [whole.operations[at] for at in members],
            [whole.timed[at] for at in members],
            model,
            (),
        )
        for one, members in found.items()
    ]


def _quiet(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations with the intervals of quiescent consistency, object by object."""
    timed: dict[int, Operation] = {}
    for members in _objects(operations).values():
        timed.update(zip(members, epochs([operations[at] for at in members]), strict=True))
    return [timed[at] for at in range(len(operations))]


def epochs(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations with the intervals that quiescent consistency gives them.

    An object is quiescent at a moment at which no operation on it runs; what came back before such
    a moment has to stand before what was called after it, and nothing else matters (Herlihy &
    Shavit 2012, section 3.3). So each operation may take effect anywhere between the two quiescent
    moments around it. One whose result nobody learnt runs for ever: nothing is quiescent after it.
    """
    timed: list[Operation] = []
    epoch: list[Operation] = []
    last: float = 0.0
    for one in operations:
        if epoch and one.call > last:
            timed += _within(epoch, last)
            epoch = []
        ret = one.ret if one.known and one.ret is not None else float("inf")
        last = max(last, ret) if epoch else ret
        epoch.append(one)
    return timed + (_within(epoch, last) if epoch else [])


def _within(epoch: list[Operation], last: float) -> list[Operation]:
    first = epoch[0].call
    return [replace(one, call=first, ret=last if one.known else one.ret) for one in epoch]
