"""The proof notices what it is there for: each planted fault in the reduction fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis import dependence
from harness.strategies import dpor as dpor_module
from harness.strategies import dpor_races, dpor_sleep, dpor_trace
from tests.harness.dpor.dpor_proof import compare
from tests.harness.dpor.generated_programs import Program
from tests.harness.dpor.trace_oracle import depends

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Operation

    Plant = Callable[[pytest.MonkeyPatch], None]


def program(*tasks: str) -> Program:
    """Return a program of these tasks; each returns what it assigns to `v`."""
    lines = []
    for number, text in enumerate(tasks):
        lines += [f"def task_{number}(w):", "    v = None"]
        lines += [f"    {line}" for line in text.splitlines()]
        lines.append("    return v")
    return Program("\n".join(lines) + "\n", len(tasks))


def looks_only(label: str) -> Plant:
    """Take an operation that changes a primitive for one that looks at it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(dependence.CHANGES, label, False)  # noqa: FBT003  # a table's value

    return plant


def timeouts_touch_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dependence, "NOWHERE", dependence.NOWHERE | {"timeout"})


def reading_all_is_no_access(patch: pytest.MonkeyPatch) -> None:
    """Forget `len`, truth tests, `in` and iteration, as a tool that sees attributes only does."""
    honest = dependence.touches_of

    def touches(operation: Operation, thing: int) -> tuple[Any, ...]:
        return tuple(touch for touch in honest(operation, thing) if touch[1] != "*" or touch[2])

    patch.setattr(dpor_trace, "touches_of", touches)


def only_the_first_operation_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dpor_trace.Trace, "note_more", lambda *_: None)


def who_waits_for_ever_takes_no_part(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dpor_races.Races, "find_left", lambda *_: [])


def a_wait_looks_back_one_event_only(patch: pytest.MonkeyPatch) -> None:
    def nearest(self: Any, wait: Any, *rest: Any) -> list[Any]:
        races: list[Any] = honest(self, wait, *rest)
        seen = self._seen.get(wait.thing)
        last = seen.turns[-1:] if seen is not None else []
        return [race for race in races if [race.event] == last]

    honest = dpor_races.Races._of_wait
    patch.setattr(dpor_races.Races, "_of_wait", nearest)


def the_clock_is_nobodys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dpor_races, "ASIDE_DEPENDENT", frozenset())
    patch.setattr(dependence, "ASIDE_DEPENDENT", frozenset())


def sleepers_never_wake(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dpor_sleep, "collide", lambda *_, **__: False)


def nobody_sleeps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dpor_module, "put_to_sleep", lambda *_: None)


WAIT_1 = "with w.condition:\n    v = w.condition.wait(1)"
PLANTED: dict[str, tuple[Plant, Program]] = {
    "notify": (
        looks_only("notify"),
        program(WAIT_1, "with w.condition:\n    w.condition.notify()"),
    ),
    "timeout": (timeouts_touch_nothing, program("v = w.event.wait(1)", "w.event.set()")),
    "len": (reading_all_is_no_access, program("v = len(w.items)", "w.items.append(1)")),
    "truth": (
        reading_all_is_no_access,
        program("if not w.items:\n    w.items.append(1)", "if not w.items:\n    w.items.append(2)"),
    ),
    "second operand": (
        only_the_first_operation_counts,
        program("v = w.other + w.items", "w.items.append(1)"),
    ),
    "waits for ever": (
        who_waits_for_ever_takes_no_part,
        program("w.lock.acquire()\nw.a = 1", "w.lock.acquire()\nw.a = 2"),
    ),
    "acquire behind release": (
        a_wait_looks_back_one_event_only,
        program(*[f"with w.lock:\n    w.a = 2 * w.a + {number}" for number in (1, 2)]),
    ),
    "end": (
        looks_only("end"),
        program("t = w.spawn(lambda: setattr(w, 'a', 1))\nv = t.is_alive()", "pass"),
    ),
    "clock": (the_clock_is_nobodys, program("v = time.monotonic()", "time.sleep(1)")),
    "get": (looks_only("try"), program(*["w.simple.put(1)\nv = w.simple.get_nowait()"] * 2)),
    "sleepers": (sleepers_never_wake, program(*["w.a += 1\nw.a += 1"] * 2)),
    "sleep": (nobody_sleeps, program(*["w.a += 1"] * 2)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_fails_the_proof(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, small = PLANTED[name]
    honest = compare(small)
    assert honest is not None
    honest.check()
    plant(monkeypatch)
    found = compare(small)
    assert found is not None
    with pytest.raises(AssertionError):
        found.check()


def test_an_oracle_with_another_relation_fails_the_proof() -> None:
    def blind(a: Operation, b: Operation, clock: bool) -> bool:  # noqa: FBT001  # as the relation
        return "release" not in (a[0], b[0]) and depends(a, b, clock)

    found = compare(program("w.lock.release()", "v = w.lock.acquire(False)"), relation=blind)
    assert found is not None
    with pytest.raises(AssertionError, match=r"2 executions, 1 traces"):
        found.check()
