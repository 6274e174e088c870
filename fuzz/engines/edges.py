"""Which arms of the code an input reached, and how often.

The code counts itself: every arm of a branch is rewritten to say that it was reached
(`fuzz.engines.edges_rewriter`). One way for all versions of Python, since it was measured to be the
better one: an arm costs 7 to 14 ns, and every input has its whole set of features, which the
schedule of seeds lives on. `sys.monitoring` costs 45 ns for each branch that it reports to Python
code; with DISABLE it costs nothing, but tells of no place twice, so neither how rare a place is nor
how often it was reached. `sys.settrace` costs more than both and knows nothing of greenlets.

Counts go into classes, as in AFL: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more
(M. Zalewski, technical whitepaper for afl-fuzz, "Detecting new behaviors").
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# What was reached, and of modules by number the class of each arm's count: equal for inputs that
# did the same.
CodePath = tuple[frozenset[int], tuple[tuple[int, bytes], ...]]
NOWHERE: Final[CodePath] = (frozenset(), ())

REACHED: Final = "__hfc_reached__"
TIMES: Final = "__hfc_times_"  # and the number of a module: how often each of its arms was reached
NEXT: Final = "__hfc_next__"  # the count after a count: stays at 255 instead of starting again
COUNTS: Final = (*range(1, 256), 255)
CLASSES: Final = bytes([0, 1, 2, 3] + [4] * 4 + [5] * 8 + [6] * 16 + [7] * 96 + [8] * 128)
PLACE_BITS: Final = 5  # kept free below the number of a place: class of times, told or code


class ModuleMap:
    """How often the arms of one module were reached. Filled by code under the name it has here."""

    __slots__ = ("name", "places", "times", "zeros")

    def __init__(self, number: int) -> None:
        self.name = f"{TIMES}{number}__"
        self.times: list[int] = []
        self.zeros: list[int] = []
        self.places: list[int] = []

    def new_arm(self, place: int) -> int:
        """Return the index of an arm's count."""
        self.places.append(place)
        self.times.append(0)
        self.zeros.append(0)
        return len(self.places) - 1


class CodeMap:
    """What the present input reached. One at a time per process: the code finds it by name.

    Statements that are arms count how often they were reached; functions and arms within
    expressions only tell that they were. The counts of a module are looked at if one of its
    functions was entered: so the cost is that of the code which ran, not of all that is watched. A
    generator that goes on from an earlier input is counted once its module is entered again.

    The names live in `builtins`, so that rewritten code works in every namespace. Threads and
    greenlets all count into the same map; what two threads count at once may be lost.
    """

    def __init__(self) -> None:
        self._reached: set[int] = set()
        self._modules: list[ModuleMap] = []
        self._entries: dict[int, int] = {}  # the number of the module, by a function's place
        self.places: set[int] = set()

    def install(self) -> None:
        """Let rewritten code count here from now on."""
        setattr(builtins, REACHED, self._reached.add)
        setattr(builtins, NEXT, COUNTS)
        for module in self._modules:
            setattr(builtins, module.name, module.times)

    def new_module(self) -> ModuleMap:
        """Return a map for the arms of one more module; one that is loaded again gets a new one."""
        module = ModuleMap(len(self._modules))
        self._modules.append(module)
        setattr(builtins, module.name, module.times)
        return module

    def new_place(self, place: int) -> int:
        """Note a place that only tells that it was reached."""
        self.places.add(place)
        return place

    def new_entry(self, place: int) -> int:
        """Note a place through which the newest module is entered."""
        self._entries[place] = len(self._modules) - 1
        return self.new_place(place)

    def new_arm(self, place: int) -> int:
        """Note an arm of the newest module; return the index of its count."""
        self.places.add(place)
        return self._modules[-1].new_arm(place)

    def clear(self) -> None:
        """Forget what was reached since the last look, in all modules."""
        self._reached.clear()
        for module in self._modules:
            module.times[:] = module.zeros

    def take(self) -> CodePath:
        """Return what was reached since the last look, and forget it."""
        reached = frozenset(self._reached)
        self._reached.clear()
        if not reached:
            return NOWHERE
        entries = self._entries
        entered = {entries[place] for place in reached if place in entries}
        times = []
        for number in sorted(entered):
            module = self._modules[number]
            times.append((number, bytes(module.times).translate(CLASSES)))
            module.times[:] = module.zeros
        return reached, tuple(times)

    def features(self, path: CodePath) -> list[int]:
        """Return the features of a path, as numbers that are the same in every process."""
        reached, times = path
        found = list(reached)
        for number, classes in times:
            places = self._modules[number].places
            found += [place | one << 1 for place, one in zip(places, classes, strict=True) if one]
        return found


def place_number(digest: int) -> int:
    """Return the number of a place from a hash of where it is."""
    return digest << PLACE_BITS


def covered_places(features: Iterable[int]) -> int:
    """Return how many places of code stand in `features`."""
    return len({one >> PLACE_BITS for one in features if not one & 1})
