"""The programs of the suite: which bug each holds, and how it has to show.

A program is a function of `tests.suite.programs` that takes `fixed`: without it the bug is there,
with it the program is its correct twin. It is ordinary code: it starts threads, joins them and
asserts. `load_program` imports it instrumented, in any process that has not imported it before.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from harness import FindingKind, instrument_imports
from tests.suite.published import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.suite.published import Figure

PACKAGE: Final = "tests.suite.programs"
ASSERTION: Final = frozenset({FindingKind.ASSERTION})
EXCEPTION: Final = frozenset({FindingKind.EXCEPTION})
DEADLOCK: Final = frozenset({FindingKind.DEADLOCK})
LOST_WAKEUP: Final = frozenset({FindingKind.LOST_WAKEUP})
# A thread stuck in a put or a wait that holds a lock others need: whether that is called a cycle
# depends on what is known of who could have woken it.
HANG: Final = DEADLOCK | LOST_WAKEUP


class BugClass(StrEnum):
    """What a schedule needs to show the bug."""

    ALWAYS = "always fails"
    ORDER = "order only"
    ONE = "one preemption"
    TWO = "two preemptions"
    MORE = "more preemptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One program.

    Attributes:
        number: Its number in the field's catalogue: 1 to 40 and E1 to E10; empty for others.
        kinds: The findings that count as finding the bug.
        hard: No budget of thousands is known to find it.
        max_steps: Step bound of an execution.
    """

    name: str
    number: str
    module: str
    function: str
    bug_class: BugClass
    kinds: frozenset[FindingKind]
    arguments: tuple[int, ...] = ()
    hard: bool = False
    max_steps: int = 20_000
    published: Mapping[str, Figure] = field(default_factory=dict, hash=False)

    def body(self, *, fixed: bool = False) -> Callable[[], None]:
        """Return the program, or its correct twin, as a body to explore."""
        return partial(load_program(self.module, self.function), *self.arguments, fixed=fixed)

    @property
    def what(self) -> str:
        """What is wrong, in the program's own words."""
        text = load_program(self.module, self.function).__doc__ or ""
        return text.partition("\n")[0]


@cache
def load_program(module: str, function: str) -> Callable[..., None]:
    """Import a program with its accesses visible."""
    with instrument_imports(include=[PACKAGE]):
        loaded = importlib.import_module(f"{PACKAGE}.{module}")
    program: Callable[..., None] = getattr(loaded, function)
    return program


def _entry(  # noqa: PLR0913  # one row of the table below
    number: str,
    name: str,
    module: str,
    bug_class: BugClass,
    kinds: frozenset[FindingKind],
    /,
    *,
    function: str = "",
    **more: Any,
) -> Entry:
    return Entry(
        number=number,
        name=name,
        module=module,
        function=function or name,
        bug_class=bug_class,
        kinds=kinds,
        published=PUBLISHED.get(name, {}),
        **more,
    )


def _sizes(  # one row of the table below, in several sizes
    number: str,
    place: tuple[str, str],
    bug_class: BugClass,
    kinds: frozenset[FindingKind],
    sizes: Mapping[str, tuple[int, ...]],
    /,
) -> list[Entry]:
    module, function = place
    return [
        _entry(number, name, module, bug_class, kinds, function=function, arguments=arguments)
        for name, arguments in sizes.items()
    ]


_ALWAYS, _ORDER, _ONE, _TWO, _MORE = BugClass
# How many of each kind: as the C programs behind the published figures declare them, PERIOD's copy
# of SCTBench (iSet and iCheck, iTThreads and iRThreads). With one checker among 50 threads,
# reorder_50 would be about eight times as hard as the program of the figures.
_REORDER: Final = {
    "reorder_3": (2, 1),
    "reorder_4": (3, 1),
    "reorder_5": (4, 1),
    "reorder_10": (9, 1),
    "reorder_20": (10, 10),
    "reorder_50": (40, 10),
    "reorder_100": (99, 1),
}
_TWOSTAGE: Final = {
    "twostage": (1, 1),
    "twostage_20": (10, 10),
    "twostage_50": (40, 10),
    "twostage_100": (99, 1),
}
_DIN_PHIL: Final = {f"din_phil{n}": (n,) for n in range(2, 8)}
_CLASSIC: Final = {f"din_phil_classic_{n}": (n,) for n in (3, 5, 6, 7)}
_BUFFERS: Final = {"bounded_buffer_2_1": (2, 1), "bounded_buffer_2_2": (2, 2)}

ENTRIES: Final[tuple[Entry, ...]] = (
    _entry("1", "account", "wrong_orders", _ORDER, ASSERTION),
    _entry("2", "arithmetic_prog", "condition_waits", _ALWAYS, ASSERTION),
    _entry("3", "bluetooth_driver", "half_locked", _ONE, ASSERTION),
    _entry("4", "carter01", "lock_cycles", _ONE, DEADLOCK),
    _entry("5", "circular_buffer", "flagged_rounds", _ONE, ASSERTION),
    _entry("6", "deadlock01", "lock_cycles", _ONE, DEADLOCK),
    *_sizes("7", ("lock_cycles", "din_phil"), _ORDER, ASSERTION, _DIN_PHIL),
    *_sizes("7", ("lock_cycles", "din_phil_classic"), _ONE, DEADLOCK, _CLASSIC),
    _entry("8", "fsbench", "wrong_orders", _ALWAYS, ASSERTION),
    _entry("9", "lazy01", "wrong_orders", _ORDER, ASSERTION),
    _entry("10", "phase01", "lock_cycles", _ALWAYS, DEADLOCK),
    _entry("11", "queue", "flagged_rounds", _ONE, ASSERTION),
    *_sizes("12", ("half_locked", "reorder"), _ONE, ASSERTION, _REORDER),
    _entry("13", "stack", "flagged_rounds", _ONE, ASSERTION),
    _entry("14", "sync01", "condition_waits", _ALWAYS, LOST_WAKEUP),
    _entry("15", "sync02", "condition_waits", _ALWAYS, LOST_WAKEUP),
    _entry("16", "token_ring", "wrong_orders", _ORDER, ASSERTION),
    *_sizes("17-18", ("half_locked", "twostage"), _ONE, ASSERTION, _TWOSTAGE),
    _entry("19", "wronglock", "half_locked", _ONE, ASSERTION, arguments=(7,)),
    _entry(
        "20", "wronglock_3", "half_locked", _ONE, ASSERTION, function="wronglock", arguments=(3,)
    ),
    _entry("21", "cockroach_10214", "lock_cycles", _ONE, DEADLOCK),
    _entry("22", "kubernetes_62464", "lock_cycles", _ONE, HANG),
    _entry("23", "cockroach_2448", "full_queues", _ORDER, HANG),
    _entry("24", "cockroach_1055", "stopped_loops", _ORDER, HANG),
    _entry("25", "etcd_6857", "stopped_loops", _ORDER, HANG),
    _entry("26", "etcd_7492", "full_queues", _ORDER, HANG),
    _entry("27", "kubernetes_10182", "full_queues", _ORDER, HANG),
    _entry("28", "kubernetes_6632", "full_queues", _ORDER, HANG),
    _entry("29", "kubernetes_1321", "full_queues", _ONE, HANG),
    _entry("30", "moby_27782", "full_queues", _ORDER, HANG),
    _entry("31", "serving_2137", "stopped_loops", _ORDER, HANG),
    _entry("32", "grpc_2371", "stopped_loops", _ORDER, EXCEPTION),
    _entry("33", "cached_property_twice", "python_libraries", _ONE, ASSERTION),
    _entry("34", "process_pool_shutdown", "python_libraries", _ORDER, HANG),
    _entry("35", "process_pool_submit", "python_libraries", _ORDER, HANG),
    _entry("36", "executor_exit", "python_libraries", _ONE, ASSERTION),
    _entry("37", "weak_dict_iteration", "python_libraries", _ONE, EXCEPTION),
    _entry("38", "semaphore_wakeup", "asyncio_wakeup", _ORDER, HANG),
    _entry("39", "ttl_cache_expiry", "python_libraries", _ONE, EXCEPTION),
    _entry("40", "futures_wait", "python_libraries", _ONE, LOST_WAKEUP),
    _entry("E1", "stringbuffer", "half_locked", _ONE, ASSERTION),
    *_sizes("E2", ("condition_waits", "bounded_buffer"), _ORDER, LOST_WAKEUP, _BUFFERS),
    _entry("E3", "uneven_store", "wrong_orders", _ORDER, ASSERTION),
    _entry("E4", "safe_stack", "lock_free", _MORE, ASSERTION, hard=True, max_steps=2_000),
    _entry("E5", "pool_container", "python_pools", _TWO, EXCEPTION),
    _entry("E6", "pool_after_fork", "python_pools", _TWO, EXCEPTION),
    _entry("E7", "collected_in_put", "python_pools", _ORDER, DEADLOCK),
    _entry("E8", "event_cleared_late", "condition_waits", _TWO, LOST_WAKEUP),
    _entry("E9", "once_guard", "condition_waits", _TWO, ASSERTION),
    _entry("E10", "cached_property_locks", "lock_cycles", _ONE, DEADLOCK),
    _entry("", "install_user_keyrings", "kernel_keyrings", _ONE, EXCEPTION),
)


def choose(names: tuple[str, ...]) -> list[Entry]:
    """Return the entries of these names, in the catalogue's order; all of them for no names.

    Raises:
        KeyError: There is no such program; the error names it.
    """
    known = {entry.name for entry in ENTRIES}
    for name in names:
        if name not in known:
            raise KeyError(name)
    return [entry for entry in ENTRIES if not names or entry.name in names]
