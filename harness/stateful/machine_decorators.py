"""`rule` and `initialize`: Hypothesis' own, for rules that return what is judged.

Theirs say in their types that a rule without a target returns nothing, because Hypothesis drops it.
A concurrent machine compares it. Nothing else differs, so either may stand on a machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import stateful

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy

Function = TypeVar("Function", bound="Callable[..., object]")


def rule(
    *,
    targets: Sequence[stateful.Bundle[Any]] = (),
    target: stateful.Bundle[Any] | None = None,
    **arguments: SearchStrategy[Any],
) -> Callable[[Function], Function]:
    """Return a decorator: threads may call this method, with arguments that Hypothesis draws.

    Args:
        targets: Bundles that what it returns goes to, where other rules can take it from.
        target: The one bundle, if it is one.
        arguments: A strategy or a bundle for each argument; `consumes(bundle)` takes the value out.
    """
    decorate: Any = stateful.rule
    made: Callable[[Function], Function] = decorate(targets=targets, target=target, **arguments)
    return made


def initialize(
    *,
    targets: Sequence[stateful.Bundle[Any]] = (),
    target: stateful.Bundle[Any] | None = None,
    **arguments: SearchStrategy[Any],
) -> Callable[[Function], Function]:
    """Return a decorator: the method is called once, before all rules and before any thread.

    The arguments are those of `rule`.
    """
    decorate: Any = stateful.initialize
    made: Callable[[Function], Function] = decorate(targets=targets, target=target, **arguments)
    return made
