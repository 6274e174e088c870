"""What one secret must be like after every call: the model of `secret_operations`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from secmem.memory import MemoryProtection, Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory import Access, Secret, SecretReader


class SecretMismatchError(AssertionError):
    """A secret did something the model does not allow; the text never holds its bytes."""


def expect(kind: type[BaseException], call: Callable[[], object]) -> None:
    """Call, and see it refuse.

    Raises:
        SecretMismatchError: It did not; any other exception passes.
    """
    try:
        call()
    except kind:
        return
    raise SecretMismatchError(f"a call that had to raise {kind.__name__} went through")


@dataclass(slots=True)
class OpenAccess:
    """An access that was entered, and the slices of its view that somebody keeps."""

    access: Access
    view: memoryview
    slices: list[memoryview] = field(default_factory=list)


@dataclass(slots=True)
class ModelReader:
    """A reader and where it has to stand."""

    source: SecretReader
    position: int = 0

    def take(self, content: bytes, size: int) -> bytes:
        """Return what the next read of `size` has to give, and move on."""
        end = len(content) if size < 0 else min(self.position + size, len(content))
        piece = content[self.position : end]
        self.position += len(piece)
        return piece


class ModelSecret:
    """A secret, and what it has to be like."""

    def __init__(self, secret: Secret, content: bytes) -> None:
        self.handles = [secret]
        self.content = content
        self.accesses: list[OpenAccess] = []
        self.escaped: list[list[memoryview]] = []  # slices that outlived their access
        self.readers: list[ModelReader] = []
        self.refuses = False  # a close has begun
        self.closed = False

    def handle(self) -> Secret:
        """Return the handle that was made last."""
        return self.handles[-1]

    def open_reader(self) -> None:
        """Add a reader at the beginning."""
        self.readers.append(ModelReader(self.handle().reader()))

    def check_view(self, view: memoryview) -> None:
        """Compare a lent view with the content."""
        if not view.readonly:
            raise SecretMismatchError("a lent view can be written to")
        if bytes(view) != self.content:
            raise SecretMismatchError("an access shows other bytes than the secret was made of")

    def check(self) -> None:
        """Compare what every handle shows with what it has to show."""
        for secret in self.handles:
            if len(secret) != len(self.content):
                raise SecretMismatchError(f"a secret of {len(self.content)} bytes has another len")
            if secret.closed != self.closed:
                raise SecretMismatchError(f"closed is {secret.closed} where it had to be otherwise")
        for opened in self.accesses:
            self.check_view(opened.view)
        if not self.closed:
            self._check_protection()

    def _check_protection(self) -> None:
        secret = self.handles[0]
        # The page of a slab is open while any secret in it is.
        if secret.storage is not Storage.PAGE:
            return
        wanted = (
            MemoryProtection.READ_ONLY
            if self.accesses or self.escaped
            else MemoryProtection.NO_ACCESS
        )
        if secret.protection is not wanted:
            raise SecretMismatchError(
                f"the page is {secret.protection.name} with {len(self.accesses)} accesses open "
                f"and {len(self.escaped)} escaped views, where it had to be {wanted.name}"
            )

    def forget(self) -> None:
        """Drop every reference to the secret."""
        self.handles.clear()
        self.readers.clear()

    def end(self) -> None:
        """Leave every access, drop every slice, close."""
        for opened in self.accesses:
            opened.slices.clear()
            opened.access.__exit__(None, None, None)
        self.accesses.clear()
        self.escaped.clear()
        self.handle().close()
