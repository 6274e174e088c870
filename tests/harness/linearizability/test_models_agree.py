"""Two models of one thing give one verdict: the ready one and the plain class, by parts and whole.

The histories are small and random, right and wrong ones, with results that nobody learnt.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import pytest

from harness.linearizability import (
    BoundedQueue,
    CasRegister,
    Counter,
    Criterion,
    Fifo,
    History,
    KeyValue,
    Lifo,
    Model,
    Operation,
    PriorityQueue,
    Raised,
    SequentialModel,
    SetModel,
    Status,
    check,
)

HISTORIES = 400
YES, NO = True, False


class Cell:
    def __init__(self) -> None:
        self.value: Any = None

    def read(self) -> Any:
        return self.value

    def write(self, value: Any) -> None:
        self.value = value

    def cas(self, expected: Any, new: Any) -> bool:
        held = bool(self.value == expected)
        if held:
            self.value = new
        return held


class Tally:
    def __init__(self) -> None:
        self.count = 0

    def increment(self) -> int:
        self.count += 1
        return self.count

    def read(self) -> int:
        return self.count


class Smallest:
    def __init__(self) -> None:
        self.items: list[int] = []

    def put(self, item: int) -> None:
        self.items.append(item)

    def get_nowait(self) -> int:
        self.items.sort()
        return self.items.pop(0)


class Pair(deque[int]):
    """A queue of two places that does not wait."""

    def put_nowait(self, item: int) -> bool:
        if len(self) == 2:
            return False
        self.append(item)
        return True


_LACKS = Raised("IndexError")
_MISSING = Raised("KeyError")


def _small(chance: random.Random) -> int:
    return chance.randrange(3)


def _took(*lacking: Any) -> Any:
    return lambda chance: ((), chance.choice([0, 1, 2, *lacking]))


def _gave(*results: Any) -> Any:
    return lambda chance: ((_small(chance),), chance.choice(results))


_PAIRS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "cas register": (
        CasRegister,
        lambda: SequentialModel(Cell),
        {
            "read": lambda chance: ((), chance.choice([None, 0, 1, 2])),
            "write": _gave(None),
            "cas": lambda chance: ((_small(chance), _small(chance)), chance.random() < 0.5),
        },
    ),
    "counter": (
        Counter,
        lambda: SequentialModel(Tally),
        {
            "increment": lambda chance: ((), chance.randrange(1, 5)),
            "read": lambda chance: ((), chance.randrange(4)),
        },
    ),
    "queue": (
        Fifo,
        lambda: SequentialModel(deque),
        {"append": _gave(None), "popleft": _took(_LACKS), "__len__": _took()},
    ),
    "bounded queue": (
        lambda: BoundedQueue(2),
        lambda: SequentialModel(Pair),
        {"put_nowait": _gave(YES, YES, NO), "popleft": _took(_LACKS)},
    ),
    "stack": (
        Lifo,
        lambda: SequentialModel(list),
        {"append": _gave(None), "pop": _took(_LACKS), "__len__": _took()},
    ),
    "priority queue": (
        PriorityQueue,
        lambda: SequentialModel(Smallest),
        {"put": _gave(None), "get_nowait": _took(_LACKS)},
    ),
    "set": (
        SetModel,
        lambda: SequentialModel(set),
        {
            "add": _gave(None),
            "discard": _gave(None),
            "remove": _gave(None, _MISSING),
            "__contains__": _gave(YES, NO),
        },
    ),
    "whole set": (
        SetModel,
        lambda: SequentialModel(set),
        {"add": _gave(None), "discard": _gave(None), "__len__": _took()},
    ),
    "dict": (
        KeyValue,
        lambda: SequentialModel(dict),
        {
            "__setitem__": lambda chance: ((chance.choice("ab"), _small(chance)), None),
            "__getitem__": lambda chance: (
                (chance.choice("ab"),),
                chance.choice([0, 1, 2, _MISSING]),
            ),
            "pop": lambda chance: ((chance.choice("ab"), 7), chance.choice([0, 1, 2, 7])),
            "setdefault": lambda chance: ((chance.choice("ab"), _small(chance)), _small(chance)),
            "__contains__": lambda chance: ((chance.choice("ab"),), chance.random() < 0.5),
        },
    ),
}


def _history(chance: random.Random, calls: dict[str, Any]) -> History:
    """Return a small history in which some results are right by luck."""
    busy_until = dict.fromkeys(range(3), 0.0)
    operations = []
    for _ in range(chance.randrange(2, 7)):
        client = chance.randrange(3)
        call = busy_until[client] + chance.randrange(3)
        ret = call + chance.randrange(4)
        name = chance.choice(list(calls))
        arguments, output = calls[name](chance)
        known = chance.random() < 0.85
        operations.append(
            Operation(
                client=client,
                name=name,
                arguments=arguments,
                output=output if known else None,
                status=Status.OK if known else Status.UNKNOWN,
                call=call,
                ret=ret if known or chance.random() < 0.5 else None,
            )
        )
        busy_until[client] = ret + 1
    return History.of(operations)


def _verdicts(ready: Model[Any], plain: Model[Any], history: History) -> set[bool | None]:
    return {
        check(history, model, partition=partition).holds
        for model in (ready, plain)
        for partition in (True, False)
    }


@pytest.mark.parametrize("name", _PAIRS)
def test_the_ready_model_and_the_class_agree_by_parts_and_whole(name: str) -> None:
    make_ready, make_plain, calls = _PAIRS[name]
    ready, plain, chance = make_ready(), make_plain(), random.Random(name)
    holds = []
    for _ in range(HISTORIES):
        history = _history(chance, calls)
        verdicts = _verdicts(ready, plain, history)
        assert len(verdicts) == 1, "\n".join(map(str, history))
        holds.append(verdicts.pop())
    assert 0.03 < holds.count(True) / HISTORIES < 0.97, "both verdicts must come up"


def test_they_agree_on_weaker_criteria() -> None:
    _, _, calls = _PAIRS["queue"]
    chance, plain = random.Random(7), SequentialModel(deque)
    for _ in range(HISTORIES // 4):
        history = _history(chance, calls)
        for criterion in Criterion:
            by_ready = check(history, Fifo(), criterion=criterion).holds
            assert by_ready == check(history, plain, criterion=criterion).holds
