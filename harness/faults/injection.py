"""A plan in force: counts calls, picks those that fail, and keeps the log of what was done."""

from __future__ import annotations

import functools
import random
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from harness.errors import ArgumentError
from harness.faults.calls import DONE_FIRST
from harness.primitives import real

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.faults.rule import Rule

P = TypeVar("P")
_OWN = "harness."
_STAND_INS = "harness.faults."  # of a plan around this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """One thing that was done to a call.

    Attributes:
        call: Its name.
        nth: Which of the calls of that name it was, counted from 1.
        number: Which of all the calls that the plan met.
        rule: The rule, in words.
        thread: The name of the calling thread.
    """

    call: str
    nth: int
    number: int
    rule: str
    thread: str

    def __str__(self) -> str:
        return f"call {self.number}, {self.call} number {self.nth}, in {self.thread}: {self.rule}"


class Faults:
    """A plan in force. Safe to share between threads; made by `FaultPlan.applied`."""

    __slots__ = (
        "_counts",
        "_draws",
        "_lock",
        "_log",
        "_met",
        "_outsiders",
        "_over",
        "_rules",
        "_spared",
    )

    def __init__(self, rules: Sequence[Rule], seed: int, *, spared: Sequence[str] = ()) -> None:
        self._rules = tuple(rules)
        self._spared = frozenset(spared)
        self._counts = [0] * len(self._rules)
        self._draws = [random.Random(f"{seed}:{at}") for at in range(len(self._rules))]  # noqa: S311  # chance that repeats
        self._met: Counter[str] = Counter()
        self._log: list[Injected] = []
        # A real lock, in an execution too: whoever holds it goes on to give it back at once.
        self._lock = real.allocate_lock()
        here = real.get_ident()
        self._outsiders = {
            thread.ident: thread for thread in real.enumerate_threads() if thread.ident != here
        }
        self._over = False

    @property
    def log(self) -> tuple[Injected, ...]:
        """What was done so far, in its order."""
        with self._lock:
            return tuple(self._log)

    @property
    def met(self) -> Mapping[str, int]:
        """How often each call was met so far, those let through included."""
        with self._lock:
            return dict(self._met)

    @property
    def idle_rules(self) -> tuple[str, ...]:
        """The rules that met no call of theirs: a misspelled name looks like that."""
        with self._lock:
            return tuple(
                str(rule)
                for rule, count in zip(self._rules, self._counts, strict=True)
                if not count
            )

    def meet(self, call: str) -> None:
        """Say that `call` is about to be made; raises what the plan has for it.

        For a point of your own that is no call of Python's: the commit of a transaction, say.
        """
        self._meet(call)

    def port(
        self,
        target: P,
        *,
        prefix: str = "",
        bound: Mapping[str, str] | None = None,
        spared: Sequence[str] = (),
    ) -> P:
        """Return a stand-in for `target` whose methods meet the plan by their own names.

        Args:
            target: Any object that a subject is given: its system calls, its store, its transport.
            prefix: Goes before the methods' names; without a dot, which Python's callables have.
            bound: Methods that make no call but return one: the name of what they return, by the
                name of the method.
            spared: Methods that never fail, by their contract.
        """
        if "." in prefix:
            raise ArgumentError("prefix", prefix, "text without a dot, such as 'db/'")
        return cast("P", Port(self, target, prefix, dict(bound or {}), frozenset(spared)))

    def callback(self, function: Callable[..., Any], *, name: str = "callback") -> Any:  # noqa: ANN401  # what it was given
        """Return `function` as a call of that name."""
        if not callable(function):
            raise ArgumentError("function", function, "something to call")
        return self.standing_in(function, name)

    def standing_in(self, original: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return what meets the plan as `name` and then calls `original`."""

        @functools.wraps(original, updated=())
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
            return self.around(name, lambda: original(*args, **kwargs), caller=sys._getframe(1))  # noqa: SLF001  # the only way to know who calls

        return call

    def around(self, name: str, call: Callable[[], Any], *, caller: Any = None) -> Any:  # noqa: ANN401  # a frame; what the call returns
        """Make a call that meets the plan; one from the harness itself is let through."""
        if caller is not None and self.spares(caller.f_globals.get("__name__", "")):
            return call()
        if name not in DONE_FIRST:
            self._meet(name)
            return call()
        result = call()
        self._meet(name)
        return result

    def spares(self, module: str) -> bool:
        """Return whether calls from that module are let through."""
        own = module.startswith(_OWN) and not module.startswith(_STAND_INS)
        return own or module in self._spared

    def end(self) -> None:
        """Let everything through from now on: what still holds a stand-in goes on working."""
        self._over = True

    def _meet(self, call: str) -> None:
        if self._over or self._outside():
            return
        error: BaseException | None = None
        for rule in self._note(call):
            rule.effect.delay()
            error = error or rule.effect.error(call)
        if error is not None:
            raise error

    def _note(self, call: str) -> list[Rule]:
        """Count the call, write down what will be done to it, and return the rules that pick it."""
        due: list[Rule] = []
        with self._lock:
            self._met[call] += 1
            nth, number = self._met[call], self._met.total()
            for at, rule in enumerate(self._rules):
                if not rule.fits(call):
                    continue
                self._counts[at] += 1
                if rule.moment.due(self._counts[at], self._draws[at].random()):
                    due.append(rule)
        if due:
            # Not under the lock: in an execution the name is a twin's answer, and tasks may switch.
            name = threading.current_thread().name
            entries = [
                Injected(call=call, nth=nth, number=number, rule=str(rule), thread=name)
                for rule in due
            ]
            with self._lock:
                self._log += entries
        return due

    def _outside(self) -> bool:
        """Whether a thread calls that ran before the plan did: pytest's own, a server's."""
        thread = self._outsiders.get(real.get_ident())
        # The number of a thread that has ended is given to a new one.
        return thread is not None and thread.is_alive()


class Port:
    """Stands in for an object; its methods are calls that may fail. Has all else of the object."""

    __slots__ = ("_bound", "_faults", "_prefix", "_spared", "_target")

    def __init__(
        self,
        faults: Faults,
        target: object,
        prefix: str,
        bound: Mapping[str, str],
        spared: frozenset[str],
    ) -> None:
        self._faults = faults
        self._target = target
        self._prefix = prefix
        self._bound = bound
        self._spared = spared

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # the object's own
        found = getattr(self._target, name)
        if not callable(found) or name in self._spared or name.startswith("__"):
            return found
        if name not in self._bound:
            return self._faults.standing_in(found, self._prefix + name)
        faults, call = self._faults, self._prefix + self._bound[name]

        def returns_a_call(*args: Any, **kwargs: Any) -> Callable[..., Any]:  # noqa: ANN401  # the original's own
            return faults.standing_in(found(*args, **kwargs), call)

        return returns_a_call

    def __repr__(self) -> str:
        return f"<Port to {self._target!r}>"
