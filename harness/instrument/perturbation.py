"""Accesses on real threads: rewritten code calls a backend of the caller's, and no engine.

The code is the same, letter by letter, so what is kept of it between runs serves both. What differs
is who answers on the board: in an execution the scheduler, here any function, which may hold the
calling thread up and must not raise. Locks and threads are the real ones; with no backend in place
each access costs what it costs outside an execution, a look at one builtin name.
"""

from __future__ import annotations

import builtins
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from harness.engine import board
from harness.engine.board import CONTENT, WRITE
from harness.errors import ArgumentError
from harness.instrument import (
    access_hooks,
    cache_hooks,
    call_hooks,
    content_hooks,
    flow_hooks,
    installation,
)
from harness.instrument.errors import AccessesTakenError
from harness.instrument.hook_names import hook_name
from harness.instrument.imports import InstrumentedImports
from harness.instrument.loader import InstrumentingLoader
from harness.instrument.type_facts import Kind, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType

# Told by identity of their globals: comparing file names costs more than all the rest.
_HOOKS: Final = frozenset(
    [
        id(globals()),
        *(
            id(vars(module))
            for module in (access_hooks, cache_hooks, call_hooks, content_hooks, flow_hooks)
        ),
    ]
)


class AccessBackend(Protocol):
    """What is called before each access that a thread makes to something that may be shared.

    It runs in the thread, anywhere in the program, also in destructors and while the thread holds
    locks: it must not raise, and not wait for another thread.
    """

    def __call__(self, kind: int, obj: Any, key: Any, /) -> None:  # noqa: ANN401  # any object
        """Hear of an access.

        Args:
            kind: `harness.engine.board.READ`, `WRITE`, or `OPAQUE`: nobody knows which.
            obj: What is accessed. Whoever keeps it keeps it alive: keep its `id`.
            key: Which part of it, hashable: the name of an attribute, an item, or all of it.
        """


class Perturbation:
    """The place of the backend of this process, so that it can be changed without a gap."""

    __slots__ = ()

    def use(self, backend: AccessBackend | None) -> None:
        """Let accesses call this backend from now on; None: no one, at next to no cost."""
        if backend is not None and not callable(backend):
            raise ArgumentError("backend", backend, "a function of kind, object and key, or None")
        board.access = board.no_access if backend is None else backend
        board.alone = board.shared[board.ALONE_NAME] = backend is None


@contextmanager
def perturbed(backend: AccessBackend | None = None) -> Iterator[Perturbation]:
    """Let the accesses of all threads call a backend, in code that was rewritten.

    Raises:
        AccessesTakenError: Something else hears of them: an execution, or another backend.
        ArgumentError: The backend cannot be called.
    """
    if board.perturbed or board.execution is not None:
        raise AccessesTakenError("backend" if board.perturbed else "controlled execution")
    installation.install_hooks()
    vars(builtins).update(_WAITING)
    board.perturbed = True
    place = Perturbation()
    try:
        place.use(backend)
        yield place
    finally:
        place.use(None)
        board.perturbed = False
        installation.install_hooks()


def accessing_frame() -> FrameType:
    """Return the frame of the program's code that makes the access; for backends alone."""
    frame = sys._getframe(2)  # noqa: SLF001  # the one way; 2: past this and the backend
    while id(frame.f_globals) in _HOOKS and frame.f_back is not None:
        frame = frame.f_back
    return frame


# -- what waits ------------------------------------------------------------------------------------
# An execution has a switching point in the twin of each lock, so the hooks before it do without.
# Real locks have none, and the moment before one is taken is often the only one that a race has.


def _manage(manager: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    if not board.alone:
        board.access(WRITE, manager, CONTENT)
    return manager


def _before_waiting(hook: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Return the hook of a method call that also tells of locks, events, queues and threads."""

    def tell(obj: Any, name: str) -> Any:  # noqa: ANN401  # as above
        if not board.alone and facts_of(type(obj)).kind is Kind.TRUSTED:
            board.access(WRITE, obj, CONTENT)
        return hook(obj, name)

    return tell


_WAITING: Final[dict[str, Any]] = {
    hook_name("with"): _manage,
    hook_name("method"): _before_waiting(call_hooks.method),
    hook_name("late_method"): _before_waiting(call_hooks.late_method),
    hook_name("lock_method"): _before_waiting(call_hooks.lock_method),
}


class PerturbedImports(InstrumentedImports):
    """Rewrites the modules that match and leaves their locks the real ones. One per `with`."""

    def install(self) -> None:
        """Rewrite matching modules from now on; those that are imported already stay plain."""
        installation.install_hooks()
        sys.meta_path.insert(0, self)

    def loader_for(self, spec: ModuleSpec) -> InstrumentingLoader:
        """Return what loads a module that matches."""
        assert spec.origin is not None  # else it had been refused
        return _RealThreadLoader(spec.loader, spec.name, spec.origin)


class _RealThreadLoader(InstrumentingLoader):
    def exec_module(self, module: ModuleType) -> None:
        """Run the rewritten code; what it binds of `threading` are no twins."""
        exec(self.get_code(self.name), vars(module))  # noqa: S102  # what a loader does


def perturb_imports(
    include: Iterable[str], exclude: Iterable[str] = (), *, reload: bool = False
) -> PerturbedImports:
    """Return a context manager: modules imported inside it call a backend before each access.

    As `instrument_imports`, for real threads instead of an exploration: see `perturbed`.

    Example:
        >>> with perturb_imports(include=["my_module"]):
        ...     import my_module
        >>> with perturbed(lambda kind, obj, key: time.sleep(0)):
        ...     my_module.run_threads()
    """
    return PerturbedImports(include, exclude, reload=reload)
