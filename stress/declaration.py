"""`@stress.scenario`: a function becomes a scenario, and its parameters say what it takes.

    @stress.scenario                      # a whole test: it starts its threads and asserts
    def transfers(threads, operations, seed): ...

    @stress.scenario(make=Bank, invariant=Bank.is_balanced)
    def transfer(bank, client):           # one operation of one thread, on an object of all
        bank.move(client.chance.choice(ACCOUNTS), 5)

With `make`, the function is what one thread does. With a parameter `operations` it is called once
in each thread and does them itself; without, it is one operation, and is called so often.
"""

from __future__ import annotations

import inspect
import itertools
from typing import TYPE_CHECKING, Any, Final, overload

from harness.wrapped_body import WrappedBody
from stress.errors import BadScenarioError, InvariantError, NothingToJudgeError
from stress.recorded_threads import judge_threads, record_threads
from stress.scenarios.scenario import HANG_S, TAKEN, Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.linearizability import History, Model
    from stress.recorded_threads import Client

    Function = Callable[..., Any]

THREADS: Final = 8  # more than a laptop's cores, few enough to start in a millisecond
OPERATIONS: Final = 100
EXPLORED_THREADS: Final = 2  # most bugs need no more, and a search tries far fewer orders
EXPLORED_OPERATIONS: Final = 1


@overload
def scenario(function: Function, /) -> Scenario: ...


@overload
def scenario(
    *,
    name: str | None = ...,
    threads: int = ...,
    operations: int = ...,
    duration_s: float | None = ...,
    explored_threads: int = ...,
    explored_operations: int = ...,
    make: Callable[[], Any] | None = ...,
    invariant: Callable[[Any], object] | None = ...,
    model: Model[Any] | None = ...,
    hang_s: float = ...,
) -> Callable[[Function], Scenario]: ...


def scenario(  # noqa: PLR0913  # each by its name
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    threads: int = THREADS,
    operations: int = OPERATIONS,
    duration_s: float | None = None,
    explored_threads: int = EXPLORED_THREADS,
    explored_operations: int = EXPLORED_OPERATIONS,
    make: Callable[[], Any] | None = None,
    invariant: Callable[[Any], object] | None = None,
    model: Model[Any] | None = None,
    hang_s: float = HANG_S,
) -> Scenario | Callable[[Function], Scenario]:
    """Make a scenario of a function, for `holdfast stress`, `harness.explore` and `fuzz`.

    The function takes any of `threads`, `operations`, `seed` and `duration_s` by name. The first
    line of its docstring says what must hold.

    Args:
        function: The function, where the decorator stands without arguments.
        name: What reports call it; the function's name when None.
        threads: How many threads a stress run has, where nobody says otherwise.
        operations: What each of them does.
        duration_s: Seconds after which no further operation begins, in place of a number of them.
        explored_threads: Threads where every order is tried: few.
        explored_operations: Operations there.
        make: Makes the object that all threads share, anew for each round. The function is then
            what one thread does; it takes that object, and if it likes a `client`, which has a
            `number`, a stream of `chance` from the seed, and `call`, which records.
        invariant: Takes the object when all threads have ended, and asserts, or returns False.
            Without `make` it takes what the function returned.
        model: Judges the history: there must be an order of the calls that it allows. With `make`
            the history is of what was called through `client.call`; without, the function returns
            it.
        hang_s: Seconds after which one round counts as stuck.

    Raises:
        BadScenarioError: The function has a parameter that nobody fills, or a value is not one.
    """

    def declare(function: Function) -> Scenario:
        body = DeclaredBody(function, make=make, invariant=invariant, model=model)
        small = Scale(threads=explored_threads, operations=explored_operations)
        full = Scale(threads=threads, operations=operations, gather=True, duration_s=duration_s)
        if not hang_s > 0:
            raise BadScenarioError("hang_s", hang_s, "seconds above 0")
        declared = Scenario(
            name=name or function.__name__,
            body=body,
            exploration_scale=small,
            stress_scale=full,
            what=(inspect.getdoc(function) or "").partition("\n")[0],
            hang_s=hang_s,
            takes=body.takes,
        )
        for attribute in ("__module__", "__qualname__", "__name__", "__doc__"):
            object.__setattr__(declared, attribute, getattr(function, attribute))
        return declared

    return declare if function is None else declare(_checked(function))


class DeclaredBody(WrappedBody):
    """Runs a declared function at a scale and judges what comes of it.

    Attributes:
        takes: Which parts of a scale change what it does.
    """

    def __init__(
        self,
        function: Function,
        *,
        make: Callable[[], Any] | None,
        invariant: Callable[[Any], object] | None,
        model: Model[Any] | None,
    ) -> None:
        super().__init__(_checked(function))
        self._name = function.__name__
        self._make = make
        self._invariant = invariant
        self._model = model
        self._wanted = _parameters(function, shared=make is not None)
        ours: tuple[str, ...] = () if make is None else ("threads", "operations", "seed")
        if make is not None and "operations" not in self._wanted:
            ours += ("duration_s",)  # we call it operation by operation, and can stop
        self.takes = tuple(one for one in TAKEN if one in self._wanted or one in ours)

    def __call__(self, scale: Scale) -> int | None:  # type: ignore[override]  # a scenario's body
        """Run once, and judge; return how many operations were done, where that is known."""
        done: int | None = None
        for number in range(scale.repeats):
            seed = scale.seed * scale.repeats + number
            if self._make is None:
                self._judge_result(self.function(**self._values(scale, seed)))
            else:
                done = (done or 0) + self._run_threads(self._make(), scale, seed)
        return done

    def _run_threads(self, shared: Any, scale: Scale, seed: int) -> int:  # noqa: ANN401  # the user's
        values = self._values(scale, seed)
        itself = "operations" in self._wanted
        calls = itertools.count()  # taking the next number is one step, also without the GIL's help

        def work(client: Client) -> None:
            given = {**values, "client": client} if "client" in self._wanted else values
            self.function(shared, **given)
            next(calls)

        history = record_threads(
            work,
            threads=scale.threads,
            rounds=1 if itself else None if scale.duration_s else scale.operations,
            duration_s=None if itself else scale.duration_s,
            seed=seed,
            gather=scale.gather,
            name=self._name,
        )
        self._judge_invariant(shared)
        if self._model is not None:
            self._judge_history(history, "call through client.call, which records")
        return next(calls) * (scale.operations if itself else 1)

    def _judge_result(self, result: Any) -> None:  # noqa: ANN401  # whatever the body returns
        if self._invariant is not None:
            if result is None:
                raise NothingToJudgeError(
                    self._name, "an invariant", "return the object that it takes"
                )
            self._judge_invariant(result)
        if self._model is not None:
            self._judge_history(result, "return the history that record_threads gives")

    def _judge_invariant(self, left: Any) -> None:  # noqa: ANN401  # the user's
        if self._invariant is not None and self._invariant(left) is False:
            named = getattr(self._invariant, "__qualname__", repr(self._invariant))
            raise InvariantError(named, f"a {type(left).__name__}")

    def _judge_history(self, history: History | None, wants: str) -> None:
        assert self._model is not None
        if not history:
            raise NothingToJudgeError(self._name, "a model", wants)
        judge_threads(history, self._model)

    def _values(self, scale: Scale, seed: int) -> dict[str, Any]:
        known = {
            "threads": scale.threads,
            "operations": scale.operations,
            "seed": seed,
            "duration_s": scale.duration_s,
        }
        return {name: value for name, value in known.items() if name in self._wanted}


def _checked(function: object) -> Function:
    if not callable(function) or not hasattr(function, "__name__"):
        raise BadScenarioError("@stress.scenario", function, "a function")
    if inspect.iscoroutinefunction(function):
        raise BadScenarioError("@stress.scenario", function, "a plain function, not a coroutine's")
    return function


def _parameters(function: Function, *, shared: bool) -> frozenset[str]:
    """Return which of the known values a function wants."""
    known = (*TAKEN, "client") if shared else TAKEN
    wanted: set[str] = set()
    parameters = list(inspect.signature(function).parameters.values())
    if shared and not parameters:
        raise BadScenarioError(
            f"{function.__name__}()", function, "the object that `make` makes as first parameter"
        )
    for one in parameters[1:] if shared else parameters:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        if one.name in known and one.kind is not one.POSITIONAL_ONLY:
            wanted.add(one.name)
        elif one.default is one.empty:
            raise BadScenarioError(
                f"{function.__name__}()", one.name, f"parameters named {', '.join(known)}"
            )
    return frozenset(wanted)
