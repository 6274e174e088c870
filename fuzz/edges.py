"""Which arms of the code an input reached, and how often its loops turned.

The code counts itself: every arm of a branch is rewritten to say that it was reached
(`fuzz.edges_rewriter`). One way for all versions of Python, since it was measured to be the better
one: an arm costs 8 to 13 ns and a turn of a loop 7 to 14, and every input has its whole set of
features, which the schedule of seeds lives on. `sys.monitoring` costs 45 ns for each branch that it
reports to Python code; with DISABLE it costs nothing, but tells of no place twice, so neither how
rare a place is nor how often a loop turned. `sys.settrace` costs more than both and knows nothing
of greenlets.

Counts of loops go into classes, as in AFL: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more
(M. Zalewski, technical whitepaper for afl-fuzz, "Detecting new behaviors").
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# What was reached, and the class of turns of each loop: equal for inputs that did the same.
CodePath = tuple[frozenset[int], bytes]

REACHED: Final = "__hfc_reached__"
TURNS: Final = "__hfc_turns__"
NEXT: Final = "__hfc_next__"  # the count after a count: stays at 255 instead of starting again
COUNTS: Final = (*range(1, 256), 255)
CLASSES: Final = bytes([0, 1, 2, 3] + [4] * 4 + [5] * 8 + [6] * 16 + [7] * 96 + [8] * 128)
PLACE_BITS: Final = 5  # kept free below the number of a place: class of turns, told or code


class CodeMap:
    """What the present input reached. One at a time per process: the code finds it by name.

    The names live in `builtins`, so that rewritten code works in every namespace. Threads and
    greenlets all count into the same map; a turn that two threads count at once may be lost.
    """

    def __init__(self) -> None:
        self._reached: set[int] = set()
        self._turns: list[int] = []
        self._zeros: list[int] = []
        self._loops: list[int] = []  # the place of each loop
        self._numbers: dict[int, int] = {}
        self.places: set[int] = set()

    def install(self) -> None:
        """Let rewritten code count here from now on."""
        setattr(builtins, REACHED, self._reached.add)
        setattr(builtins, TURNS, self._turns)
        setattr(builtins, NEXT, COUNTS)

    def new_place(self, place: int) -> int:
        """Note that there is such a place."""
        self.places.add(place)
        return place

    def new_loop(self, place: int) -> int:
        """Return the index of a loop's count; the same for a module that is loaded again."""
        self.places.add(place)
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self._loops)
            self._loops.append(place)
            self._turns.append(0)
            self._zeros.append(0)
        return number

    def clear(self) -> None:
        """Forget what was reached since the last look."""
        self._reached.clear()
        self._turns[:] = self._zeros

    def take(self) -> CodePath:
        """Return what was reached since the last look, and forget it."""
        path = frozenset(self._reached), bytes(self._turns).translate(CLASSES)
        self.clear()
        return path

    def features(self, path: CodePath) -> list[int]:
        """Return the features of a path, as numbers that are the same in every process."""
        reached, turns = path
        found = list(reached)
        if any(turns):
            found += [self._loops[index] | turn << 1 for index, turn in enumerate(turns) if turn]
        return found


def place_number(digest: int) -> int:
    """Return the number of a place from a hash of where it is."""
    return digest << PLACE_BITS


def covered_places(features: Iterable[int]) -> int:
    """Return how many places of code stand in `features`."""
    return len({one >> PLACE_BITS for one in features if not one & 1})
