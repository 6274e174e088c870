"""The older names, as thin adapters on `Secret` that say what to use instead.

Two kinds of secret grew apart (`ProtectedMemorySecretSimple` with atomics, and
`ProtectedMemorySecret` with a mutex); one `Secret` replaces both. docs/migration-secret.md
goes through the differences.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from secmem.memory.factory import SecretFactory
from secmem.memory.secret import Secret

if TYPE_CHECKING:
    from secmem.memory.wiping import WritableBuffer

__all__ = [
    "ProtectedMemorySecret",
    "ProtectedMemorySecretFactory",
    "ProtectedMemorySecretSimple",
    "convert_secret",
]


class ProtectedMemorySecret(Secret):
    """Deprecated: use `SecretFactory().new(buffer)`, which gives a `Secret`."""

    __slots__ = ()

    def __init__(self, buffer: WritableBuffer) -> None:
        _warn(type(self).__name__, "SecretFactory().new(buffer)")
        self._state = SecretFactory().new(buffer)._state  # noqa: SLF001  # an adapter on it

    def is_closed(self) -> bool:
        """Return whether the bytes are wiped; the property `closed` replaces it."""
        return self.closed

    def unify(self) -> Secret:
        """Return a plain `Secret` that shares this one's life."""
        secret = object.__new__(Secret)
        secret._state = self._state
        return secret


class ProtectedMemorySecretSimple(ProtectedMemorySecret):
    """Deprecated: use `SecretFactory().new(buffer)`; `close` now always waits for the wipe."""

    __slots__ = ()


class ProtectedMemorySecretFactory:
    """Deprecated: use `SecretFactory`."""

    def __init__(self) -> None:
        _warn(type(self).__name__, "SecretFactory()")
        self._factory = SecretFactory()

    def new(self, buffer: WritableBuffer) -> Secret:
        """Return a secret with the bytes of `buffer`, which is wiped."""
        return self._factory.new(buffer)

    def create_random(self, size: int) -> Secret:
        """Return a secret of `size` random bytes; `SecretFactory.random` replaces it."""
        return self._factory.random(size)


def convert_secret(old: Secret) -> Secret:
    """Return a plain `Secret` that shares the life of an older kind of secret.

    Nothing is copied: closing either closes both. A plain `Secret` comes back as it is.

    Raises:
        TypeError: `old` is no secret.
    """
    if isinstance(old, ProtectedMemorySecret):
        return old.unify()
    if isinstance(old, Secret):
        return old
    raise TypeError(f"old is a secret of an older kind, not {type(old).__name__}")


def _warn(name: str, replacement: str) -> None:
    warnings.warn(
        f"{name} is deprecated; use {replacement} (docs/migration-secret.md)",
        DeprecationWarning,
        stacklevel=3,
    )
