"""A crash of an isolated child: its schedule made smaller, its trace told up to the end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.child_process import run_in_child
from harness.engine.points import Point, TaskName
from harness.engine.recorder import Event, Recorder
from harness.errors import HarnessError
from harness.exchange import ChildFailedError, Outcome
from harness.exploring import visible_body
from harness.finding import Finding, FindingKind, Trace
from harness.gil_search import not_shown_under_gil, shown_under_gil
from harness.journal import Flight
from harness.primitives.chance import chance
from harness.replay_token import Token
from harness.strategies.replay import Guide
from harness.token_of_run import switches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from harness.child_life import Send
    from harness.child_start import Start
    from harness.engine.task import Task
    from harness.exchange import Exchange
    from harness.exploring import Body

    class Subject(Protocol):
        """What runs."""

        def body(self) -> Body:
            """Return the body."""


SHRINK_CHILDREN: Final = 24  # children that look for a smaller schedule of a crash
SHRINK_S: Final = 5.0  # wall time for it
MAX_EVENTS: Final = 2_000  # events of the trace that are kept: the last ones


class Crash:
    """A signal that killed a child, and what can still be found out about it.

    Attributes:
        executions: How many had begun when it died.
    """

    def __init__(  # noqa: PLR0913  # what a child was given
        self,
        subject: Subject,
        exchange: Exchange,
        outcome: Outcome,
        *,
        start: Start,
        max_steps: int,
        chance_seed: int,
    ) -> None:
        self._subject = subject
        self._exchange = exchange
        self._start = start
        self._max_steps = max_steps
        self._chance_seed = chance_seed
        self._first = outcome
        self._flight = exchange.journal.read()
        self.executions = self._flight.executions
        if not self.executions:
            where = "".join(f"\n  {line}" for line in outcome.stack)
            raise ChildFailedError(
                f"{outcome.death} killed it before the first execution, while the target was "
                f"imported or prepared{where}"
            )

    def examine(self) -> Finding:
        """Return the finding, with a small schedule."""
        return self.tell(self._shrink(self._flight.choices))

    def tell_again(self) -> Finding:
        """Return the finding of a child that was following a token: it made these choices."""
        return self.tell(self._flight.choices)

    def tell(self, choices: list[int]) -> Finding:
        """Run a schedule once more, recorded, and return what was seen until the end."""
        outcome, _ = self._run(choices, recorded=True)
        notes = outcome.notes
        events = _events_of(notes)
        again = outcome.death == self._first.death
        return Finding(
            kind=FindingKind.CRASH,
            message=self._message(again=again),
            token=self._token(choices, notes),
            trace=Trace(tuple(events[-MAX_EVENTS:]), max(len(events) - MAX_EVENTS, 0)),
            gil_reachable=self._gil_words(),
            stack=outcome.stack if again and outcome.stack else self._first.stack,
        )

    def _gil_words(self) -> str:
        if self._flight.gil:
            return shown_under_gil()
        return not_shown_under_gil("not looked for: each try may end a process")

    def _message(self, *, again: bool) -> str:
        text = f"{self._first.death} killed the process"
        if again:
            return text
        return f"{text}; the same schedule, run again, did not: what memory held mattered, too"

    def _token(self, choices: list[int], notes: list[Any]) -> str:
        points = [note for note in notes if isinstance(note, Point)]
        names = {note.task: note.name for note in notes if isinstance(note, _Named)}
        named = len(points) == len(choices)  # else the child died earlier this time
        return Token(
            switches=switches_of(points, choices, names) if named else (),
            choices=None if named else tuple(choices),
            early=self._flight.early,
            model="gil" if self._flight.gil else "free-threaded",
            max_steps=self._max_steps,
            open_end=True,
            length=len(choices),
            chance_seed=self._chance_seed or None,
        ).encode()

    def _shrink(self, choices: list[int]) -> list[int]:
        """Look for fewer switches: the first runs of tasks alone, then without one of them."""
        deadline_s = time.monotonic() + SHRINK_S
        best, left = choices, SHRINK_CHILDREN
        progress = True
        while progress:
            progress = False
            for candidate in _smaller(best):
                if not left or time.monotonic() > deadline_s:
                    return best
                left -= 1
                outcome, ran = self._run(candidate)
                if outcome.interrupted:
                    return best
                if outcome.death == self._first.death and _cost(ran) < _cost(best):
                    best, progress = ran, True
                    break
        return best

    def _run(self, choices: list[int], *, recorded: bool = False) -> tuple[Outcome, list[int]]:
        """Run one execution in a child; return how it ended and the choices it made."""
        wanted = Flight(0, choices, early=self._flight.early, gil=self._flight.gil)
        job = OneRunJob(
            self._subject, wanted, self._max_steps, recorded=recorded, chance_seed=self._chance_seed
        )
        try:
            outcome = run_in_child(job, self._exchange, start=self._start)
        except HarnessError as error:  # a schedule that gets stuck is not the one that crashed
            outcome = Outcome(error=error)
        return outcome, self._exchange.journal.read().choices


@dataclass(frozen=True, slots=True)
class OneRunJob:
    """One execution in a child; a schedule is followed where it can be."""

    subject: Subject
    wanted: Flight
    max_steps: int
    recorded: bool
    chance_seed: int

    def __call__(self, send: Send) -> None:
        """Run it; the journal and the notes are the result."""
        strategy = Guide(self.wanted.choices, early_timeouts=self.wanted.early)
        strategy.begin(0)
        recorder = StreamingRecorder(send) if self.recorded else None
        body = self.subject.body()
        model = "gil" if self.wanted.gil else "free-threaded"
        campaign = Campaign(model=model, max_steps=self.max_steps, body=body)
        seeded = chance.seeded(self.chance_seed)
        with visible_body(body) as (runnable, _), seeded, campaign:
            campaign.run(runnable, strategy, recorder=recorder)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a token calls a task."""

    task: int
    name: TaskName


class StreamingRecorder(Recorder):
    """A recorder whose events leave the process before they happen."""

    __slots__ = ("_send", "_sent")

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__()
        self._sent: set[int] = set()  # tasks whose names have left
        self._send = send

    def reach(
        self, task: Task | None, kind: int | str = "", obj: object = None, key: object = None
    ) -> None:
        """Send where a choice is, and the names of the tasks that have got one since."""
        super().reach(task, kind, obj, key)
        for number, name in self.places.names().items():
            if number not in self._sent:
                self._sent.add(number)
                self._send(_Named(number, name))
        self._send(self.places.points()[-1])

    def access(self, task: Task, kind: int, obj: object, key: object) -> None:
        """Send an access; what a read sees is known by then."""
        super().access(task, kind, obj, key)
        self._send_value()

    def settle(self) -> None:
        """Send what the last write wrote."""
        written = self._pending
        super().settle()
        if written is not None:
            self._send((written[0].number, written[0].value))

    def _append(self, *arguments: Any) -> Any:  # noqa: ANN401  # as the base
        event = super()._append(*arguments)
        self._send(event)
        return event

    def _send_value(self) -> None:
        event = self.events[-1]
        if event.value:
            self._send((event.number, event.value))


def _events_of(notes: list[Any]) -> list[Any]:
    """Return the events among a child's notes, with the values that came after them."""
    events = [note for note in notes if isinstance(note, Event)]
    by_number = {event.number: event for event in events}
    for note in notes:
        if isinstance(note, tuple) and note[0] in by_number:
            by_number[note[0]].value = note[1]
    return events


def _smaller(choices: list[int]) -> Iterator[list[int]]:
    """Yield candidates, the smallest first; where one says nothing, the current task goes on."""
    runs = _runs(choices)
    for keep in range(len(runs)):
        yield [choice for run in runs[:keep] for choice in run]
    for index in range(len(runs)):
        yield [choice for run in runs[:index] + runs[index + 1 :] for choice in run]


def _cost(choices: list[int]) -> tuple[int, int]:
    return len(_runs(choices)), len(choices)


def _runs(choices: list[int]) -> list[list[int]]:
    """Split a schedule where the task changes."""
    runs: list[list[int]] = []
    for choice in choices:
        if runs and runs[-1][-1] == choice:
            runs[-1].append(choice)
        else:
            runs.append([choice])
    return runs
