"""The window in which a secret's bytes can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from secmem.memory.errors import ViewEscaped

if TYPE_CHECKING:
    import weakref
    from types import TracebackType

    from secmem.memory.exporter import Exporter
    from secmem.memory.state import SecretState

__all__ = ["Access"]


class Access:
    """`with secret.access() as view:` lends a read-only view that ends with the block.

    One object, one block, left by whichever thread holds it.
    """

    __slots__ = ("exporter", "state", "thread", "view")

    state: SecretState
    view: memoryview
    exporter: weakref.ref[Exporter]
    thread: int

    def __enter__(self) -> memoryview:
        if self.thread:
            raise RuntimeError("an access is entered once; call secret.access() for each block")
        return self.state.begin_access(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.state.end_access(self):
            return
        if error is None:
            # Never from a variable: error, traceback and this frame would be a cycle, which keeps
            # the caller's frames, and the slice in them, until the garbage collector comes.
            raise ViewEscaped(1, "the end of the access")
        # The block's own error is what the caller must see, and its traceback may be what holds
        # the slice.
        error.add_note(str(ViewEscaped(1, "the end of the access")))
