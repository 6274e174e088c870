"""Judges the executions of a machine's program: each different history once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from harness.engine.ending import Breach, Ending, EndingKind
from harness.finding import FindingKind
from harness.linearizability.operation import Raised
from harness.stateful.machine_orders import Made, OrderLimitError, OrderSearch
from harness.stateful.machine_sequence import NoResult
from harness.stateful.machine_steps import thread_name
from harness.stateful.program import MAIN
from harness.stateful.program_record import NO_OUTPUT, NOT_CALLED

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.judged import Alone
    from harness.stateful.machine_orders import Stuck
    from harness.stateful.machine_sequence import SequentialRuns
    from harness.stateful.machine_steps import MachineProgram
    from harness.stateful.program_record import Record

WAITS: Final = (EndingKind.DEADLOCK, EndingKind.LOST_WAKEUP)
MAX_KNOWN: Final = 20_000  # histories of one program that are remembered, some 10 MB


class MachineJudge:
    """Judges the histories of one program by what its steps do one after the other.

    Args:
        name: Of what is run sequentially.
    """

    def __init__(self, program: MachineProgram, runs: SequentialRuns, *, name: str) -> None:
        self._program = program
        self._runs = runs
        self._name = name
        self._known: dict[Hashable, tuple[bool, Breach | str | None]] = {}
        self._undecided = 0

    def judge(self, ending: Ending, record: Record, alone: Alone) -> Ending:
        """Return what an execution is worth: itself, a breach, or finished."""
        if ending.kind is EndingKind.STEP_BOUND:
            return ending
        waits = ending.kind in WAITS
        made = made_in(record)
        if waits and all(one.outcome is not NoResult.WAITS for one in made):
            return ending  # what waits is no step: an invariant, a thread of the machine's own
        key = record.key()
        if key not in self._known and len(self._known) < MAX_KNOWN:
            self._known[key] = self._decide(record, made, alone)
        right, breach = self._known.get(key) or self._decide(record, made, alone)
        if isinstance(breach, str):
            return dataclasses.replace(ending, places=(*ending.places, breach))
        if breach is not None:
            return dataclasses.replace(
                ending, kind=EndingKind.BREACH, breach=breach, cycle=(), places=()
            )
        return Ending(EndingKind.FINISHED) if waits and right else ending

    def doubts(self) -> str:
        """Return why what was found right may not be."""
        if not self._undecided:
            return ""
        s = "y has" if self._undecided == 1 else "ies have"
        return f"{self._undecided} histor{s} too many orders to try them all"

    def _decide(
        self, record: Record, made: list[Made], alone: Alone
    ) -> tuple[bool, Breach | str | None]:
        """Say whether a history is right; if not, what is wrong: results, or only who waits."""
        search = OrderSearch(self._runs, made, alone)
        try:
            if search.find() is not None:
                return True, None
            stuck = search.stuck
            back = [one for one in made if one.outcome is not NoResult.WAITS]
            if len(back) < len(made):
                # Results that no order gives are the better story than the hang that they led to.
                search = OrderSearch(self._runs, back, alone)
                if search.find() is not None:
                    return False, waits_wrongly(self._program, stuck, name=self._name)
        except OrderLimitError:
            self._undecided += 1
            return True, None
        message = told(self._program, record, stuck, name=self._name)
        return False, Breach(FindingKind.NOT_LINEARIZABLE.name, message, ())


def waits_wrongly(program: MachineProgram, stuck: Stuck, *, name: str) -> str:
    """Return what a step would do that waits for ever."""
    clients = clients_of(program)
    index, outcome = stuck.instead[0]
    after = _after(program, stuck)
    who = f"{clients[index]}'s {program.steps()[index].rule}"
    words = f"{after[:1].lower()}{after[1:]}, {who}{_would(outcome)}"
    return f"when {name} makes the steps one by one: {words}"


def made_in(record: Record) -> list[Made]:
    """Return the steps that an execution made."""
    return [
        Made(index, before, NoResult.WAITS if outcome is NO_OUTPUT else outcome)
        for index, (before, outcome) in enumerate(zip(record.before, record.outputs, strict=True))
        if before != NOT_CALLED
    ]


def told(program: MachineProgram, record: Record, stuck: Stuck, *, name: str) -> str:
    """Return the steps with their results and intervals, and where the longest order ends."""
    clients = clients_of(program)
    steps = program.steps()
    times = {event: time for time, event in enumerate(record.order)}
    rows = []
    for index, step in enumerate(steps):
        if index in times:
            ret = times.get(~index)
            until = "on, and never came back" if ret is None else f"to {ret}"
            outcome = record.outputs[index]
            shown = f"{step}{'' if ret is None else result_words(outcome)}"
            rows.append((clients[index], shown, f"from {times[index]} {until}"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"no order of these steps gives these results when {name} makes them one by one:"]
    lines += [
        f"  {who.ljust(widths[0])}  {what.ljust(widths[1])}   {when}" for who, what, when in rows
    ]
    if stuck.instead:
        lines.append(f"{_after(program, stuck)}:")
        for index, outcome in stuck.instead:
            lines.append(f"  {clients[index]}'s {steps[index].rule}{_would(outcome)}")
    return "\n".join(lines)


def result_words(outcome: Any) -> str:  # noqa: ANN401  # any result
    """Return what a step came to, in words that follow it."""
    match outcome:
        case NoResult.SKIPPED:
            return " (skipped: what it takes was not returned)"
        case None:
            return ""
        case _:
            return f" -> {outcome!r}" if not isinstance(outcome, Raised) else f" {outcome}"


def _would(outcome: Any) -> str:  # noqa: ANN401  # any result
    match outcome:
        case NoResult.WAITS | NoResult.UNREACHED:
            return " would wait"
        case NoResult.SKIPPED:
            return " would be skipped"
        case _ if isinstance(outcome, Raised):
            return f" would have {outcome}"
        case _:
            return f" would return {outcome!r}"


def _after(program: MachineProgram, stuck: Stuck) -> str:
    if not stuck.order:
        return "At the beginning"
    steps = program.steps()
    return f"After {', '.join(steps[index].rule for index in stuck.order)}, in the best order"


def clients_of(program: MachineProgram) -> list[str]:
    """Return who makes each step."""
    names = [MAIN, *map(thread_name, range(len(program.threads))), MAIN]
    return [name for name, part in zip(names, program.parts(), strict=True) for _ in part]
