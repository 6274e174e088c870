"""Factories whose secrets decide one thing wrongly; the good one is `SecretFactory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secmem.memory import Secret, SecretFactory, SecretReader, SecretStream
from secmem.memory.state import SecretState

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory import Access
    from secmem.memory.cells import Cell


class ForgetsSource(SecretFactory):
    """The caller's buffer keeps its bytes."""

    def _wipe_source(self, source: memoryview) -> None:
        pass


class _StateStaysOpen(SecretState):
    def __init__(self, cell: Cell) -> None:
        super().__init__(cell)
        self._overlapped = False

    def begin_access(self, access: Access) -> memoryview:
        self._overlapped |= bool(self._inside)
        return super().begin_access(access)

    def _close_page(self) -> None:
        if not self._overlapped:
            super()._close_page()


class StaysOpen(SecretFactory):
    """After overlapping accesses the page stays readable."""

    class _secret_type(Secret):  # noqa: N801  # overrides an attribute
        _state_type = _StateStaysOpen


class KeepsDerived(SecretFactory):
    """Bytes made from the secret are not wiped."""

    class _secret_type(Secret):  # noqa: N801  # overrides an attribute
        def _wipe_returned(self, buffer: Any) -> None:
            pass


class _StateForgetsToRefuse(SecretState):
    def _refuse_while_survivors(self) -> None:
        self._survivors.clear()


class ClosesUnderSlices(SecretFactory):
    """A close unmaps the page although a slice of it lives."""

    class _secret_type(Secret):  # noqa: N801  # overrides an attribute
        _state_type = _StateForgetsToRefuse


class _StickyReader(SecretReader):
    def _advance(self, count: int) -> None:
        self._position += min(count, 32)


class StickyReaders(SecretFactory):
    """A reader gives bytes beyond the 32nd twice."""

    class _secret_type(Secret):  # noqa: N801  # overrides an attribute
        def reader(self) -> SecretReader:
            return _StickyReader(self)


class _LosesException(Secret):
    def with_bytes(self, use: Callable[[memoryview], Any]) -> Any:
        access = self.access()
        result = use(access.__enter__())
        access.__exit__(None, None, None)
        return result


class LeaksOnRaise(SecretFactory):
    """An access whose callback raises never ends."""

    _secret_type = _LosesException


class ReordersStream(SecretStream):
    """A chunk that was read in part goes back to the wrong end."""

    def _put_back(self, chunk: Secret, start: int) -> None:
        self._chunks.append((chunk, start))


class MakesSomethingOfNothing(SecretFactory):
    """A random secret of no bytes is one of one byte."""

    def random(self, size: int) -> Secret:
        return super().random(max(size, 1))
