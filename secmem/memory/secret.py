"""A secret: bytes that can be read only inside an access, and are wiped at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

from secmem.memory.access import Access
from secmem.memory.reader import SecretReader
from secmem.memory.state import SecretState
from secmem.memory.wiping import wipe_buffer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from secmem.memory.cells import Cell
    from secmem.memory.hardening import Hardening
    from secmem.memory.policy import Storage
    from secmem.memory.protection import MemoryProtection
    from secmem.memory.wiping import WritableBuffer

__all__ = ["Secret"]

_Result = TypeVar("_Result")
_new_access = object.__new__


class Secret:
    """A handle on protected bytes; made by a `SecretFactory`. Safe to share between threads.

    The page has no access except while somebody reads. A block ends the secret's life:

        with factory.new(key) as secret:
            with secret.access() as view:
                mac = hmac.digest(view, message, "sha256")

    Clones share one life: the first `close` closes it for all, and dropping the last one closes
    it too. A secret belongs to the process that made it.
    """

    __slots__ = ("__weakref__", "_state")

    _state_type: type[SecretState] = SecretState

    def __init__(self, cell: Cell) -> None:
        self._state = self._state_type(cell)

    def access(self) -> Access:
        """Return a context manager that lends a read-only view until its end.

        Entering raises `SecretClosed` once a close has started, `ForkedSecret` in a child, and
        `SystemCallFailed` (`MappingLimitExceeded`) when the page cannot be opened. Leaving
        raises `ViewEscaped` when a slice of the view survives, and `SystemCallFailed` when the
        page cannot be closed; the next access or close repairs that.
        """
        # Without an `__init__`, whose call would cost as much as the two locks of an access.
        access = _new_access(Access)
        access.state = self._state
        access.thread = 0
        return access

    def with_bytes(self, use: Callable[[memoryview], _Result]) -> _Result:
        """Call `use` with a read-only view and return its result; no lock is held meanwhile.

        Raises:
            TypeError: `use` cannot be called.
            SecretError: As `access`.
        """
        _refuse_uncallable(use)
        with self.access() as view:
            return use(view)

    def with_bytes_func(
        self, transform: Callable[[memoryview], tuple[_Result, WritableBuffer]]
    ) -> _Result:
        """Call `transform`, which returns a result and bytes made from the secret; wipe those.

        Args:
            transform: Returns `(result, buffer)`; the buffer is writable, a bytearray say.

        Raises:
            TypeError: `transform` returned something else. An immutable `bytes` is refused
                because it cannot be wiped.
            SecretError: As `access`.
        """
        _refuse_uncallable(transform)
        with self.access() as view:
            answer = transform(view)
            if type(answer) is not tuple or len(answer) != 2:  # noqa: PLR2004  # result, bytes
                raise TypeError(f"transform returns (result, buffer), not {type(answer).__name__}")
            result, buffer = answer
            self._wipe_returned(buffer)
            return result

    def _wipe_returned(self, buffer: WritableBuffer) -> None:
        wipe_buffer(buffer)

    def reader(self) -> SecretReader:
        """Return a file-like object with a position of its own, safe to share between threads."""
        return SecretReader(self)

    def clone(self) -> Self:
        """Return another handle on the same secret.

        Raises:
            ForkedSecret: This is a child of the process that made the secret.
        """
        self.refuse_other_process()
        twin = object.__new__(type(self))
        twin._state = self._state
        return twin

    def refuse_other_process(self) -> None:
        """Raise in a child of the process that made the secret; takes no lock.

        Raises:
            ForkedSecret: This is such a child.
        """
        self._state.refuse_other_process()

    def close(self, timeout_s: float | None = None) -> None:
        """Refuse new accesses, wait for the running ones, wipe and unmap.

        Every closer returns only after the wipe; a closed secret stays closed.

        Args:
            timeout_s: How long to wait, in seconds; None waits for ever.

        Raises:
            CloseTimeout: The time ran out; the secret stays closing, and a later call goes on.
            CloseInsideAccess: This thread is inside an access of this secret.
            ViewEscaped: A slice of a view still lives; call again once it is gone.
            ForkedSecret: This is a child of the process that made the secret.
            SystemCallFailed: A step of the cleanup failed; the secret is closed all the same.
        """
        if timeout_s is not None:
            _check_timeout(timeout_s)
        self._state.close(timeout_s)

    @property
    def closed(self) -> bool:
        """Whether the bytes are wiped."""
        return self._state.closed

    @property
    def storage(self) -> Storage:
        """Where the bytes lie: pages of their own, or a slot of a shared page."""
        return self._state.cell.storage

    @property
    def hardening(self) -> Hardening:
        """Which protections hold beside the page protection, and why others do not."""
        return self._state.cell.hardening

    @property
    def protection(self) -> MemoryProtection:
        """The protection of the page at this moment."""
        return self._state.cell.protection

    def __len__(self) -> int:
        return self._state.cell.length

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A child that unwinds through the parent's block has nothing to close.
        if self._state.inherited:
            return
        self._state.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else self._state.cell.storage.name.lower()
        return f"<Secret of {len(self)} bytes, {state}>"

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a secret is not copied; clone() gives another handle on it")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: its bytes never leave its page")


def _refuse_uncallable(function: object) -> None:
    if not callable(function):
        raise TypeError(f"takes a function of one view, not {type(function).__name__}")


def _check_timeout(timeout_s: float) -> None:
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
        raise TypeError(f"timeout_s is a number of seconds, not {type(timeout_s).__name__}")
    if not timeout_s >= 0:
        raise ValueError(f"timeout_s is 0 or more seconds, not {timeout_s}")
