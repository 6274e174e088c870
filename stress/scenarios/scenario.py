"""A scenario: one subject, several threads, one invariant; and the two sizes it runs at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HANG_S: Final = 30.0  # 15x the slowest round of the scenarios here on two loaded cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How big one run of a body is.

    Attributes:
        threads: Threads the body starts.
        rounds: What each of them repeats.
        repeats: How many times the whole of it happens, one after the other, in one run.
        gather: Wait until every thread stands where the scenario wants it before going on. Real
            threads need it to meet at all; exploration does without, so that every order of
            arrival is tried.
    """

    threads: int
    rounds: int
    repeats: int = 1
    gather: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One body that exploration runs small and real threads run large.

    Calling a scenario runs its body once at the exploration's scale, so that a scenario itself is
    a body for `harness.explore` and for `holdfast explore module:NAME`.

    Attributes:
        name: What the command line calls it.
        body: Starts threads, joins them, asserts; leaves nothing behind. Takes no locks of ours,
            reads no environment, and behaves alike whenever it is called.
        what: One sentence: what happens, and what must hold.
        hang_s: Longest that one full-scale run of the body may take before it counts as stuck.
    """

    name: str
    body: Callable[[Scale], None]
    exploration_scale: Scale
    stress_scale: Scale
    what: str
    hang_s: float = HANG_S

    def __call__(self) -> None:
        """Run the body once at the exploration's scale."""
        self.body(self.exploration_scale)
