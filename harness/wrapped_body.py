"""A body of ours around a function of the user's."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class WrappedBody:
    """Prepares an execution, runs `function`, and clears up after it.

    What is made visible is the function: the accesses of our own code are nobody's business.

    Attributes:
        function: What is run; another one, with visible accesses, while it is explored.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self) -> object:
        """Run one execution."""
        raise NotImplementedError

    @contextmanager
    def running(self, chosen: Callable[..., Any]) -> Iterator[None]:
        """Run `chosen` in place of the function."""
        before, self.function = self.function, chosen
        try:
            yield
        finally:
            self.function = before


def wrapped_by(body: object) -> WrappedBody | None:
    """Return the body of ours behind a body, which may be a partial of one; None for others."""
    while isinstance(body, functools.partial):
        body = body.func
    return body if isinstance(body, WrappedBody) else None
