"""A cell that is filled once, and tickets that are sold once: wrong, right, and the machines."""

from __future__ import annotations

import threading
from typing import ClassVar

from hypothesis import strategies as st

from harness.stateful import ConcurrentStateMachine, initialize, precondition, rule


class OnceCell:
    """Makes its value when it is first asked for; all get the same one."""

    def __init__(self) -> None:
        self.value: object = None
        self.made = 0
        self.lock = threading.Lock()

    def get(self) -> object:
        if self.value is None:
            with self.lock:
                if self.value is None:
                    self.fill()
        return self.value

    def fill(self) -> None:
        self.made += 1
        self.value = object()

    def reset(self) -> None:
        with self.lock:
            self.value = None


class ResettingCell(OnceCell):
    """Reads its value again after it has seen one: a reset may come in between."""


class RacyCell(OnceCell):
    """Asks without the lock, and does not ask again with it."""

    def get(self) -> object:
        if self.value is None:
            with self.lock:
                self.fill()
        return self.value


class GoodCell(OnceCell):
    def get(self) -> object:
        with self.lock:
            if self.value is None:
                self.fill()
            return self.value


class OnceMachine(ConcurrentStateMachine):
    """Threads that ask for the value, and one that looks how often it was made."""

    make: ClassVar[type[OnceCell]] = GoodCell

    def __init__(self) -> None:
        self.cell = self.make()

    @rule()
    def get(self) -> object:
        return self.cell.get()

    @rule()
    def how_often(self) -> int:
        return self.cell.made


class RacyMachine(OnceMachine):
    make = RacyCell


class ResettingMachine(OnceMachine):
    make = OnceCell

    @rule()
    def reset(self) -> None:
        self.cell.reset()


class GoodResettingMachine(ResettingMachine):
    make = GoodCell


class CountdownMachine(ConcurrentStateMachine):
    """Tickets that are sold as long as there are some: a precondition guards the sale."""

    def __init__(self) -> None:
        self.left = 0
        self.lock = threading.Lock()

    @initialize(tickets=st.integers(1, 3))
    def print_tickets(self, tickets: int) -> None:
        self.left = tickets

    @precondition(lambda self: self.left > 0)
    @rule()
    def sell(self) -> int:
        with self.lock:
            self.left -= 1
            assert self.left >= 0, "sold what is not there"
            return self.left

    @rule()
    def look(self) -> int:
        return self.left


class WrongCountdownMachine(CountdownMachine):
    @precondition(lambda self: self.left > 0)
    @rule()
    def sell(self) -> int:
        left = self.left - 1
        self.left = left
        return left
