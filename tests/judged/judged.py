"""One class that is judged by its histories, and its known-bad twins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness import check_linearizable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.stateful import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A class, what may be called on it, and what is right.

    Attributes:
        make: Returns a new object.
        operations: As `check_linearizable` takes them.
        model: As `check_linearizable` takes it; None: the object itself, one call after another.
        twins: Wrong ones, by name, each of which has to be found.
        threads: The most threads of a program.
    """

    name: str
    make: Callable[[], Any]
    operations: tuple[Any, ...]
    model: Any = None
    twins: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    threads: int = 2

    def check(
        self, make: Callable[[], Any] | None = None, *, programs: int, seed: int = 0, **how: Any
    ) -> Checked:
        """Search the programs of this class, or of a twin.

        Raises:
            AssertionError: One is wrong.
        """
        return check_linearizable(
            make or self.make,
            operations=self.operations,
            model=self.model,
            programs=programs,
            threads=self.threads,
            seed=seed,
            **how,
        )
