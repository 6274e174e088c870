"""Judges the executions of a machine's program by a model of pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis.stateful import MultipleResults

from harness.engine.ending import EndingKind
from harness.linearizability.operation import Raised
from harness.stateful.machine_judge import clients_of
from harness.stateful.machine_sequence import Names, NoResult
from harness.stateful.program import Call
from harness.stateful.program_judge import ProgramJudge
from harness.stateful.program_record import NO_OUTPUT, Seat

if TYPE_CHECKING:
    from harness.engine.ending import Ending
    from harness.judged import Alone
    from harness.linearizability.model import Model
    from harness.stateful.machine_rules import MachineRules
    from harness.stateful.machine_steps import MachineProgram
    from harness.stateful.program_judge import Known
    from harness.stateful.program_record import Record


class ModelJudge:
    """Judges the histories of one program.

    An operation has the name of its rule, the rule's arguments by position, and as its result what
    the rule returned; an object that equals only itself is a `Slot` in either.
    """

    def __init__(self, program: MachineProgram, rules: MachineRules, model: Model[Any]) -> None:
        self._program = program
        self._rules = rules
        self._judge = ProgramJudge(model)
        self._known: Known = {}

    def judge(self, ending: Ending, record: Record, alone: Alone) -> Ending:
        """Return what an execution is worth: itself, a breach, or finished."""
        if ending.kind is EndingKind.STEP_BOUND:
            return ending
        seats = (tuple(self._seats(record)),)
        return self._judge.judge(ending, record, seats, known=self._known, alone=alone)

    def doubts(self) -> str:
        """Return why what was found right may not be."""
        return self._judge.doubts()

    def _seats(self, record: Record) -> list[Seat]:
        """Return the steps that were made, with the results that they were given."""
        names = Names()
        seats = []
        clients = clients_of(self._program)
        for index, step in enumerate(self._program.steps()):
            rule = self._rules.rule_of(step)
            outcome = record.outputs[index]
            given = names.arguments(step)
            if given is None or outcome is NoResult.SKIPPED:
                continue
            positional, named = rule.bind(given)
            call = Call(rule.name, positional, tuple(sorted(named.items())))
            seats.append(Seat(clients[index], index, call))
            if outcome is not NO_OUTPUT and not isinstance(outcome, Raised):
                # What a rule returned by multiple() was kept as a tuple.
                several = isinstance(outcome, tuple) and len(step.into) != len(rule.targets)
                names.keep(step, rule, MultipleResults(outcome) if several else outcome)
        return seats
