from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from secmem.memory import AlignedMemory, MemoryProtection, ProtectionState, SystemCallFailed

NO_ACCESS, READ_ONLY, READ_WRITE = MemoryProtection


class RecordingMemory:
    def __init__(self) -> None:
        self.protection = NO_ACCESS
        self.calls = 0
        self.failing = False

    def set_protection(self, protection: MemoryProtection) -> None:
        self.calls += 1
        if self.failing:
            raise SystemCallFailed("mprotect", 12, 4096)
        self.protection = protection


def test_a_state_that_holds_already_costs_no_call() -> None:
    memory, state = RecordingMemory(), ProtectionState()
    state.transition_to(memory, READ_ONLY)
    state.transition_to(memory, READ_ONLY)
    assert memory.calls == 1
    assert state.current is READ_ONLY


def test_a_failing_call_keeps_the_old_state_and_the_next_one_tries_again() -> None:
    memory, state = RecordingMemory(), ProtectionState()
    memory.failing = True
    with pytest.raises(SystemCallFailed):
        state.transition_to(memory, READ_WRITE)
    assert state.current is NO_ACCESS
    memory.failing = False
    state.transition_to(memory, READ_WRITE)
    assert memory.protection is READ_WRITE


def test_only_protections_are_taken() -> None:
    with pytest.raises(TypeError, match="initial is a MemoryProtection, not int"):
        ProtectionState(1)  # type: ignore[arg-type]
    memory = AlignedMemory(1)
    with pytest.raises(TypeError, match="not str"):
        ProtectionState(READ_WRITE).transition_to(memory, "r")  # type: ignore[arg-type]
    memory.release()


def test_its_picture_is_its_state() -> None:
    assert repr(ProtectionState(READ_ONLY)) == "<ProtectionState READ_ONLY>"


class ProtectionMachine(RuleBasedStateMachine):
    """Any order of transitions and failures: the record is always what the pages have."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = RecordingMemory()
        self.state = ProtectionState()

    @rule(target_state=st.sampled_from(list(MemoryProtection)), failing=st.booleans())
    def move(self, target_state: MemoryProtection, failing: bool) -> None:  # noqa: FBT001
        self.memory.failing = failing
        before, calls = self.state.current, self.memory.calls
        try:
            self.state.transition_to(self.memory, target_state)
        except SystemCallFailed:
            assert failing
            assert self.state.current is before
        else:
            assert self.state.current is target_state
        assert self.memory.calls - calls == (before is not target_state)

    @invariant()
    def record_is_true(self) -> None:
        assert self.state.current is self.memory.protection


TestProtectionMachine: Any = pytest.mark.property(ProtectionMachine.TestCase)
