"""Overwriting a caller's buffer in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from array import array

__all__ = ["WritableBuffer", "wipe_buffer", "writable_bytes"]

WritableBuffer: TypeAlias = "bytearray | memoryview | array[Any]"


def writable_bytes(buffer: WritableBuffer, name: str = "buffer") -> memoryview:
    """Return `buffer` as writable bytes; release the view soon, it pins a bytearray's size.

    Raises:
        TypeError: It is no buffer, not writable, or not contiguous.
    """
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(
            f"{name} is a writable buffer, such as a bytearray, not {type(buffer).__name__}"
        ) from None
    with view:
        if view.readonly:
            raise TypeError(
                f"{name} is a writable buffer, such as a bytearray, so that it can be wiped; "
                f"{type(buffer).__name__} is read-only"
            )
        if not view.c_contiguous:
            raise TypeError(f"{name} is contiguous memory, and this view has gaps")
        return view.cast("B")


def wipe_buffer(buffer: WritableBuffer) -> None:
    """Write zeros over every byte of a writable buffer; an empty one is fine.

    Raises:
        TypeError: It is no writable, contiguous buffer.
    """
    with writable_bytes(buffer) as view:
        view[:] = bytes(view.nbytes)
