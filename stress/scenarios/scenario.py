"""A scenario: one body, what must hold of it, and the two sizes it runs at."""

from __future__ import annotations

import dataclasses
import functools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.wrapped_body import WrappedBody
from stress.errors import BadScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG_S: Final = 30.0  # 15x the slowest round of the scenarios here on two loaded cores
MOST_THREADS: Final = 10_000  # more stacks than a machine has room for
TAKEN: Final = ("threads", "operations", "seed", "duration_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How big one run of a body is.

    Attributes:
        threads: Threads the body starts.
        operations: What each of them does, again and again.
        repeats: How many times the whole of it happens, one after the other, in one run.
        gather: Wait until every thread stands where the scenario wants it before going on. Real
            threads need it to meet at all; exploration does without, so that every order of
            arrival is tried.
        seed: Of what the body draws; another one in each round of a stress run.
        duration_s: Seconds after which no further operation begins; None: no bound.
    """

    threads: int
    operations: int
    repeats: int = 1
    gather: bool = False
    seed: int = 0
    duration_s: float | None = None

    def __post_init__(self) -> None:
        for name, most in (("threads", MOST_THREADS), ("operations", None), ("repeats", None)):
            value = getattr(self, name)
            if type(value) is not int or value < 1 or (most is not None and value > most):
                bounds = "from 1 on" if most is None else f"from 1 to {most:,}"
                raise BadScenarioError(name, value, f"a whole number {bounds}")
        seed: object = self.seed
        if type(seed) is not int:
            raise BadScenarioError("seed", seed, "a whole number")
        if self.duration_s is not None and not self.duration_s > 0:
            raise BadScenarioError("duration_s", self.duration_s, "seconds above 0, or None")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario(WrappedBody):
    """One body that exploration runs small, real threads run large, and fuzzing runs in any size.

    Calling a scenario runs its body once at the exploration's scale, so that a scenario itself is
    a body for `harness.explore` and for `holdfast explore module:NAME`. `@stress.scenario` makes
    one of a function.

    Attributes:
        name: What the command line calls it.
        body: Starts threads, joins them, asserts; leaves nothing behind. Takes no locks of ours,
            reads no environment, and behaves alike whenever it is called.
        what: One sentence: what happens, and what must hold.
        hang_s: Longest that one full-scale run of the body may take before it counts as stuck.
        takes: Which of "threads", "operations", "seed" and "duration_s" the body heeds.
    """

    name: str
    body: Callable[[Scale], object]
    exploration_scale: Scale
    stress_scale: Scale
    what: str
    hang_s: float = HANG_S
    takes: tuple[str, ...] = ("threads", "operations")

    def __call__(
        self,
        *,
        threads: int | None = None,
        operations: int | None = None,
        seed: int | None = None,
        duration_s: float | None = None,
    ) -> None:
        """Run the body once at the exploration's scale, or at what is said of it."""
        self.body(
            _resized(self.exploration_scale, threads, operations, seed=seed, duration_s=duration_s)
        )

    def explored(
        self, *, threads: int | None = None, operations: int | None = None, seed: int | None = None
    ) -> Callable[[], None]:
        """Return a body for `harness.explore`, or for a fuzz target, of a size of its own.

        What is not said is as in `exploration_scale`. The body asserts as the scenario does.

            harness.explore(transfers.explored(threads=3, seed=7))
        """
        scale = _resized(self.exploration_scale, threads, operations, seed=seed)
        return functools.partial(
            self, threads=scale.threads, operations=scale.operations, seed=scale.seed
        )

    def stressed(
        self,
        *,
        threads: int | None = None,
        operations: int | None = None,
        duration_s: float | None = None,
    ) -> Scale:
        """Return the full scale with what is asked instead.

        Raises:
            BadScenarioError: The body does not heed what is asked.
        """
        asked = {"threads": threads, "operations": operations, "duration_s": duration_s}
        for name, value in asked.items():
            if value is not None and name not in self.takes:
                takes = ", ".join(self.takes) or "none of them"
                raise BadScenarioError(name, value, f"nothing: {self.name} heeds {takes}")
        return _resized(self.stress_scale, threads, operations, duration_s=duration_s)

    # -- what the harness makes visible is the user's function, not our wrapping of it ------------

    @property
    def function(self) -> Callable[..., Any]:  # type: ignore[override]  # read from the body
        """The function whose accesses are made visible while it is explored."""
        body: object = self.body
        return body.function if isinstance(body, WrappedBody) else self.body

    @contextmanager
    def running(self, chosen: Callable[..., Any]) -> Iterator[None]:
        """Run `chosen` in place of the function."""
        before, body = self.body, vars(self)["body"]
        if isinstance(body, WrappedBody):
            with body.running(chosen):
                yield
            return
        object.__setattr__(self, "body", chosen)
        try:
            yield
        finally:
            object.__setattr__(self, "body", before)

    def __reduce__(self) -> Any:  # noqa: ANN401  # the pickle protocol's own
        """Return the name under which a declared scenario is found; others go by their fields."""
        declared = vars(self).get("__qualname__")
        return declared if declared is not None else super().__reduce__()


def _resized(
    scale: Scale,
    threads: int | None,
    operations: int | None,
    *,
    seed: int | None = None,
    duration_s: float | None = None,
) -> Scale:
    return dataclasses.replace(
        scale,
        threads=scale.threads if threads is None else threads,
        operations=scale.operations if operations is None else operations,
        seed=scale.seed if seed is None else seed,
        duration_s=scale.duration_s if duration_s is None else duration_s,
    )
