"""A board that writes down every access while instrumented code runs as if it were not alone."""

# ruff: noqa: S102  # running rewritten source is what these tests do

from __future__ import annotations

import contextlib
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.engine import board
from harness.instrument import instrument_source, stored_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def fresh_names() -> Iterator[None]:
    """Let a test start as if no instrumented code had assigned an attribute yet."""
    before = set(stored_names.stored)
    stored_names.stored.clear()
    for forget in stored_names.listeners:
        forget()
    yield
    stored_names.add_stored(before)


KINDS = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}


class Journal:
    """Stands for a running execution and notes what the hooks tell it."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.os_thread = threading.get_ident()
        self.schedule: list[int] = []  # nobody is ever chosen
        self.twin = threading.Lock()

    def access(self, kind: int, obj: Any, key: Any) -> None:
        described = getattr(type(obj), "record_name", None)
        name = described(obj) if described else getattr(obj, "__name__", type(obj).__name__)
        if key == board.CONTENT:
            self.events.append(f"{KINDS[kind]} {name}")
        elif isinstance(key, tuple):
            self.events.append(f"{KINDS[kind]} {name}[{key[1]!r}]")
        else:
            self.events.append(f"{KINDS[kind]} {name}.{key}")

    def point(self) -> None:
        self.events.append("point")

    @contextlib.contextmanager
    def region(self, reason: str) -> Iterator[None]:
        self.events.append(f"[{reason}")
        was = board.alone
        be_alone(alone=True)
        try:
            yield
        finally:
            be_alone(alone=was)
            self.events.append("]")

    def stand_in(self, lock: Any) -> Any:
        self.events.append(f"stand-in for {type(lock).__name__}")
        return self.twin


def be_alone(*, alone: bool) -> None:
    board.alone = board.shared[board.ALONE_NAME] = alone


@contextlib.contextmanager
def observed(*, gil: bool = False) -> Iterator[Journal]:
    """Put a journal in the place of an execution in which others could run."""
    journal = Journal()
    names = ("execution", "alone", "gil", "counting", "access", "also", "gil_point")
    before = {name: getattr(board, name) for name in names}
    values = (journal, False, gil, True, journal.access, journal.access, journal.point)
    for name, value in zip(names, values, strict=True):
        setattr(board, name, value)
    be_alone(alone=False)
    try:
        yield journal
    finally:
        for name, value in before.items():
            setattr(board, name, value)
        be_alone(alone=board.alone)


def define(source: str, *, plain: bool = False) -> dict[str, Any]:
    """Run a module's source, rewritten unless `plain`, and return its namespace."""
    source = textwrap.dedent(source)
    namespace: dict[str, Any] = {"__name__": "subject"}
    if plain:
        exec(compile(source, "<subject>", "exec", dont_inherit=True), namespace)
    else:
        exec(instrument_source(source, "<subject>", "subject"), namespace)
    return namespace


@pytest.fixture
def seen() -> Callable[..., list[str]]:
    """Run `body()` of a source; return what was recorded if it did what plain code does."""

    def run(source: str, *, gil: bool = False) -> list[str]:
        expected = define(source, plain=True)["body"]()
        body = define(source)["body"]
        with observed(gil=gil) as journal:
            result = body()
        assert repr(result) == repr(expected)
        return journal.events

    return run


@pytest.fixture(scope="session")
def observe() -> Callable[..., contextlib.AbstractContextManager[Journal]]:
    return observed


@pytest.fixture(scope="session")
def subject() -> Callable[..., dict[str, Any]]:
    return define
