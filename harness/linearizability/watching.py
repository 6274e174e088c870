"""A stand-in for an object that records the calls of its methods."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from harness.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from harness.linearizability.recording import Recording

Subject = TypeVar("Subject")

# Recorded where the object has them and nobody names the methods. Each is one operation: an
# iteration is many, and comparisons are no operations of a shared object.
SPECIAL: Final = (
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__len__",
    "__bool__",
    "__call__",
    "__enter__",
    "__exit__",
    "__aenter__",
    "__aexit__",
)
EXITS: Final = ("__exit__", "__aexit__")


class Watched:
    """What stand-ins have in common: everything that is not recorded passes through."""

    __slots__ = ("_holdfast_key", "_holdfast_recording", "_holdfast_subject")

    def __init__(self, subject: object, recording: Recording, key: Hashable) -> None:
        object.__setattr__(self, "_holdfast_subject", subject)
        object.__setattr__(self, "_holdfast_recording", recording)
        object.__setattr__(self, "_holdfast_key", key)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the object has
        return getattr(self._holdfast_subject, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._holdfast_subject, name, value)

    def __iter__(self) -> Any:  # noqa: ANN401
        # Python would else iterate by index, and record what nobody called.
        return iter(self._holdfast_subject)

    def __repr__(self) -> str:
        return f"<recorded {type(self._holdfast_subject).__name__}>"


def watched(
    subject: Subject, recording: Recording, *, methods: Iterable[str] | None, key: Hashable
) -> Subject:
    """Return a stand-in for `subject`; see `Recording.watch`."""
    kind = type(subject)
    names = _default_names(kind) if methods is None else _checked_names(subject, methods)
    if not names:
        raise ArgumentError("subject", subject, "an object with methods to record")
    # For `isinstance` it is what it stands for: code under test may ask.
    body: dict[str, Any] = {"__slots__": (), "__class__": property(lambda _: kind)}
    for name in names:
        body[name] = _recorder(name, is_async=_is_async(getattr(subject, name)))
    stand_in = type(f"Watched{kind.__name__}", (Watched,), body)(subject, recording, key)
    return cast("Subject", stand_in)


def _default_names(kind: type) -> list[str]:
    public = [
        name
        for name in dir(kind)
        if not name.startswith("_") and callable(inspect.getattr_static(kind, name, None))
    ]
    return public + [name for name in SPECIAL if hasattr(kind, name) and _is_own(kind, name)]


def _is_own(kind: type, name: str) -> bool:
    """Say whether instances have the special method; every class has a `__call__` of its type."""
    return any(name in base.__dict__ for base in kind.__mro__)


def _checked_names(subject: object, methods: Iterable[str]) -> list[str]:
    if isinstance(methods, str):
        raise ArgumentError("methods", methods, "several names: a list, not one string")
    names: list[object] = list(dict.fromkeys(methods))
    for name in names:
        if not (isinstance(name, str) and callable(getattr(subject, name, None))):
            has = ", ".join(_default_names(type(subject)))
            wants = f"names of methods that {type(subject).__name__} has: {has}"
            raise ArgumentError("methods", name, wants)
    return [str(name) for name in names]


def _is_async(method: object) -> bool:
    return inspect.iscoroutinefunction(method)


def _recorder(name: str, *, is_async: bool) -> Callable[..., Any]:
    """Return the method of a stand-in that records one method of the object."""

    def recorded(self: Watched, /, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
        subject = self._holdfast_subject
        result = self._holdfast_recording.watched_call(
            name, self._holdfast_key, getattr(subject, name), arguments, keywords
        )
        return self if result is subject else result  # what returns itself goes on being recorded

    async def recorded_async(self: Watched, /, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
        subject = self._holdfast_subject
        result = await self._holdfast_recording.watched_await(
            name, self._holdfast_key, getattr(subject, name), arguments, keywords
        )
        return self if result is subject else result

    made = recorded_async if is_async else recorded
    made.__name__ = name
    return made
