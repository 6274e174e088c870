"""Threads take seats and give them back, in any order that Hypothesis can think of."""

from hypothesis import settings
from seats import Seats

from harness.stateful import (
    Bundle,
    Concurrency,
    ConcurrentStateMachine,
    consumes,
    invariant,
    rule,
)


class SeatMachine(ConcurrentStateMachine):
    concurrency = Concurrency(threads=(2, 3), executions=60)
    taken = Bundle("taken")

    def __init__(self):
        self.seats = Seats(2)

    @rule(target=taken)
    def take(self):
        return self.seats.take()

    @rule(seat=consumes(taken))
    def give_back(self, seat):
        if seat is not None:
            self.seats.give_back(seat)

    @invariant()
    def no_seat_is_there_twice(self):
        assert len(set(self.seats._free)) == len(self.seats._free)


TestSeats = SeatMachine.TestCase
TestSeats.settings = settings(max_examples=10, derandomize=True)
