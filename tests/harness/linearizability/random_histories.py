"""Small random histories, some right and some not: of registers, queues and key-value stores.

Each is made by running its operations in a random order that fits random intervals, so that it is
right at first; then some results are changed, some forgotten, some operations never come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.linearizability import REFUSED, History, Model, Operation, Refused, Status

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


class PlainRegister(Model[Any]):
    """Read and write."""

    name = "register"

    def initial(self) -> Any:
        return 0

    def step(self, state: Any, operation: Operation) -> Any | Refused:
        if operation.name == "read":
            return state if not operation.known or operation.output == state else REFUSED
        return operation.arguments[0]

    def observes(self, operation: Operation) -> bool:
        return operation.name == "read"

    def in_reach(self, state: Any, operation: Operation) -> bool:
        return self.step(state, operation) is not REFUSED

    def jumps_to(self, operation: Operation) -> Any | Refused:
        return REFUSED if self.observes(operation) else operation.arguments[-1]


class PlainText(PlainRegister):
    """A text that is read, written, and grows."""

    name = "text"

    def initial(self) -> str:
        return ""

    def step(self, state: str, operation: Operation) -> str | Refused:
        if operation.name == "append":
            return state + str(operation.arguments[0])
        return super().step(state, operation)

    def in_reach(self, state: str, operation: Operation) -> bool:
        return not operation.known or str(operation.output).startswith(state)

    def jumps_to(self, operation: Operation) -> str | Refused:
        return operation.arguments[0] if operation.name == "write" else REFUSED


class PlainCas(PlainRegister):
    """Read, write, compare-and-set."""

    name = "cas"

    def step(self, state: Any, operation: Operation) -> Any | Refused:
        if operation.name != "cas":
            return super().step(state, operation)
        expected, new = operation.arguments
        if operation.known and operation.output != (state == expected):
            return REFUSED
        return new if state == expected else state

    def observes(self, operation: Operation) -> bool:
        return operation.name == "read" or operation.output is False


class PlainQueue(Model[tuple[int, ...]]):
    """Put, and a get that waits while the queue is empty; size."""

    name = "queue"

    def initial(self) -> tuple[int, ...]:
        return ()

    def step(self, state: tuple[int, ...], operation: Operation) -> tuple[int, ...] | Refused:
        if operation.name == "put":
            return (*state, operation.arguments[0])
        if operation.name == "size":
            return state if not operation.known or operation.output == len(state) else REFUSED
        if not state or (operation.known and operation.output != state[0]):
            return REFUSED
        return state[1:]

    def observes(self, operation: Operation) -> bool:
        return operation.name == "size"


class PlainStore(Model[tuple[str, ...]]):
    """Get, put, append under the keys 0 and 1, of texts; judged key by key."""

    name = "kv"

    def initial(self) -> tuple[str, ...]:
        return ("", "")

    def step(self, state: tuple[str, ...], operation: Operation) -> tuple[str, ...] | Refused:
        key, *value = operation.arguments
        if operation.name == "get":
            return state if not operation.known or operation.output == state[key] else REFUSED
        now = value[0] if operation.name == "put" else state[key] + value[0]
        return (*state[:key], now, *state[key + 1 :])

    def observes(self, operation: Operation) -> bool:
        return operation.name == "get"

    def partition(self, operation: Operation) -> int:
        return int(operation.arguments[0])


@dataclass(frozen=True, slots=True)
class Subject:
    """What histories are of.

    Attributes:
        model: Makes the model.
        calls: Makes a call: its name and arguments.
        answer: What the call gives in a state.
    """

    model: Callable[[], Model[Any]]
    calls: Callable[[random.Random], tuple[str, tuple[Any, ...]]]
    answer: Callable[[Any, Operation], Any]
    wrong: Callable[[random.Random], Any]


def _register_call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    return ("read", ()) if rng.random() < 0.5 else ("write", (rng.randrange(3),))


def _cas_call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    if rng.random() < 0.5:
        return "cas", (rng.randrange(3), rng.randrange(3))
    return _register_call(rng)


def _cas_answer(state: Any, one: Operation) -> Any:
    if one.name == "cas":
        return state == one.arguments[0]
    return state if one.name == "read" else None


def _queue_call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    name = rng.choice(["put", "put", "get", "get", "size"])
    return name, ((rng.randrange(3),) if name == "put" else ())


def _queue_answer(state: Any, one: Operation) -> Any:
    if one.name == "get":
        return state[0] if state else None
    return len(state) if one.name == "size" else None


def _text_call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    name = rng.choice(["read", "read", "append", "append", "write"])
    return name, (() if name == "read" else (rng.choice("ab"),))


def _store_call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    name, key = rng.choice(["get", "get", "put", "append"]), rng.randrange(2)
    return name, ((key,) if name == "get" else (key, rng.choice("ab")))


def _store_answer(state: Any, one: Operation) -> Any:
    return state[one.arguments[0]] if one.name == "get" else None


SUBJECTS = {
    "register": Subject(PlainRegister, _register_call, _cas_answer, lambda r: r.randrange(3)),
    "cas": Subject(PlainCas, _cas_call, _cas_answer, lambda r: r.randrange(3)),
    "text": Subject(PlainText, _text_call, _cas_answer, lambda r: r.choice(["", "a", "ab", "ba"])),
    "queue": Subject(PlainQueue, _queue_call, _queue_answer, lambda r: r.randrange(3)),
    "kv": Subject(PlainStore, _store_call, _store_answer, lambda r: r.choice(["", "a", "ab"])),
}


def random_history(
    subject: Subject, rng: random.Random, *, most: int = 7, unknown: float = 0.25
) -> tuple[History, list[int]]:
    """Return a history of up to `most` operations, and which of them wait for ever."""
    model = subject.model()
    count = rng.randint(1, most)
    clients = rng.randint(1, 4)
    several = rng.random() < 0.2
    moments = rng.randint(count, 3 * count)  # few moments, many ties
    free = [0] * clients
    drafts: list[tuple[float, Operation]] = []
    for _ in range(count):
        client = rng.randrange(clients)
        call = free[client] + rng.randrange(max(1, moments // count))
        ret = call + rng.randrange(max(1, moments // 2))
        free[client] = ret + rng.randrange(2)
        name, arguments = subject.calls(rng)
        key = rng.choice("AB") if several else None
        one = Operation(client=client, name=name, arguments=arguments, call=call, ret=ret, key=key)
        drafts.append((rng.uniform(call, ret), one))
    drafts.sort(key=lambda draft: draft[0])
    states: dict[Any, Any] = {}
    made = []
    for _, one in drafts:
        state = states.setdefault(one.key, model.initial())
        done = replace(one, output=subject.answer(state, one))
        if rng.random() < 0.3 and done.output is not None:
            wrong = subject.wrong(rng)
            done = replace(done, output=bool(wrong) if one.name == "cas" else wrong)
        after = model.step(state, done)
        if after is REFUSED:
            after = model.step(state, replace(done, status=Status.UNKNOWN, output=None))
        forgotten = rng.random()
        if after is REFUSED or forgotten < unknown:
            ret = None if after is REFUSED or rng.random() < 0.7 else done.ret
            done = replace(done, status=Status.UNKNOWN, output=None, ret=ret)
        if after is not REFUSED and forgotten > 0.05:  # else it took no effect
            states[one.key] = after
        made.append(done)
    history = History.of(made)
    pending = [index for index, one in enumerate(history) if one.pending]
    blocked = [index for index in pending if rng.random() < 0.5] if rng.random() < 0.4 else []
    return history, blocked
