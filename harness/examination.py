"""What is done about an execution that failed: run it again, make it smaller, record it."""

from __future__ import annotations

import dataclasses
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from harness.analysis.analyses import analyse
from harness.campaign import Campaign
from harness.determinism import CAUSES, name_difference
from harness.engine.ending import Ending, EndingKind
from harness.engine.recorder import Recorder
from harness.errors import DriftError, HarnessError
from harness.essence import cut
from harness.finding import Finding, FindingKind, Trace, kind_of, message_of, signature_of, stack_of
from harness.gil_search import GilSearch, not_shown_under_gil, searched, shown_under_gil
from harness.livelock import LONG, Livelock, LivelockSearch
from harness.replay_token import Token, decode_token
from harness.rules import Rule
from harness.shrink import Shrinker
from harness.strategies.follow import Follow
from harness.strategies.random_walk import RandomWalk
from harness.strategies.replay import Replay
from harness.token_of_run import token_of_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.recorder import Event
    from harness.strategies.divergence import DivergedError

GIL_TRIES: Final = 100  # executions under the GIL model that look for a livelock
GIL_S: Final = 3.0  # wall time for it: a person waits
MAX_EVENTS: Final = 2_000  # events that a trace keeps: the first and the last half
UNSTEADY: Final = f"Something in the body does not follow from the schedule: {CAUSES}."


class Examiner:
    """Makes findings of the failing executions of one body.

    Attributes:
        found: The finding as far as it is known: Ctrl-C may come before the smallest one.
    """

    def __init__(
        self,
        body: Callable[[], object],
        *,
        model: str,
        max_steps: int,
        seed: int,
        rules: Sequence[Rule] = (),
    ) -> None:
        self._body = body
        self._model = model
        self._max_steps = max_steps
        self._seed = seed
        self._rules = rules
        self._failure: tuple[tuple[object, ...], Sequence[Event], bool] | None = None
        self._size: tuple[int, int] | None = None  # switches and operations of what was found first
        self.found: Finding | None = None

    def examine(
        self, campaign: Campaign, ending: Ending, schedule: list[int], *, early: bool
    ) -> Finding:
        """Run the failing schedule again, shrink it, and record it."""
        signature = signature_of(ending)
        again, recorder = self._record(campaign, schedule, early=early)
        if again is None or signature_of(again) != signature:
            token = self._token(schedule, recorder, early=early)
            where = name_difference(campaign, self._body, schedule, early=early)
            return self._nondeterminism(ending, again, token, where)
        self._size = self._size or size_of(recorder.events)
        self.found = self._finding(again, recorder, schedule, early=early)
        self._failure = signature, recorder.events, early
        shrinker = Shrinker(campaign, self._body, early=early, signature=signature)
        small = shrinker.shrink(schedule)
        if small == schedule:
            self.found = self._followed(campaign, self.found, schedule)
            return self.found
        early = shrinker.early
        last, recorder = self._record(campaign, small, early=early)
        if last is None or signature_of(last) != signature:
            token = self._token(small, recorder, early=early)
            where = name_difference(campaign, self._body, small, early=early)
            return self._nondeterminism(again, last, token, where)
        self.found = self._followed(
            campaign, self._finding(last, recorder, small, early=early), small
        )
        self._failure = signature, recorder.events, early
        return self.found

    def _followed(self, campaign: Campaign, found: Finding, schedule: list[int]) -> Finding:
        """Return a finding whose token leads through its schedule: by names, or choice by choice.

        Names may be no help: a class that is made anew in each execution, under another name.
        """
        token = decode_token(found.token)
        if token.choices is not None:
            return found
        recorder = Recorder()
        try:
            follow = Follow(token, recorder)
            _, again = campaign.run(self._body, follow, recorder=recorder)
        except HarnessError:
            again = []
        if again == schedule:
            return found
        plain = dataclasses.replace(token, switches=(), done=(), choices=tuple(schedule))
        return dataclasses.replace(found, token=plain.encode())

    def overrun(self, campaign: Campaign, schedule: list[int], *, early: bool) -> Finding | None:
        """Say whether an execution that met its step bound can go on for ever.

        Returns:
            A livelock, or a failure that was met while looking for one; None for neither.
        """
        search = LivelockSearch(campaign, self._body, early=early)
        found = search.from_schedule(schedule)
        if found is not None:
            self.found = self._livelock(campaign, found, early=early)
            return self.found
        if search.failure is None:
            return None
        ending, schedule = search.failure
        return self.examine(campaign, ending, schedule, early=early)

    def _livelock(self, campaign: Campaign, found: Livelock, *, early: bool) -> Finding:
        """Return the finding of a livelock; what was proved is run once more for the token."""
        schedule = list(found.schedule)
        recorder = Recorder()
        replay = Replay(schedule, early_timeouts=early)
        replay.begin(0)
        campaign.run(self._body, replay, recorder=recorder, max_steps=found.max_steps)
        token = self._token(schedule, recorder, early=early, max_steps=found.max_steps)
        return livelock_finding(found, token=token, model=self._model)

    def diverged(self, campaign: Campaign, error: DivergedError) -> Finding:
        """Return the finding of a search that saw the body do something else."""
        where = name_difference(campaign, self._body, error.choices, early=True)
        token = Token(
            choices=tuple(error.choices),
            early=True,
            model=self._model,
            max_steps=self._max_steps,
        ).encode()
        message = f"{error.difference[:1].upper()}{error.difference[1:]}. {where or UNSTEADY}"
        return Finding(kind=FindingKind.NONDETERMINISM, message=message, token=token, trace=Trace())

    def _record(
        self, campaign: Campaign, schedule: list[int], *, early: bool
    ) -> tuple[Ending | None, Recorder]:
        """Run a schedule with a recorder; None where it cannot be followed to its end."""
        recorder = Recorder()
        strategy = Replay(schedule, early_timeouts=early)
        strategy.begin(0)
        try:
            ending, _ = campaign.run(self._body, strategy, recorder=recorder)
        except DriftError:
            return None, recorder
        return (None if strategy.left else ending), recorder

    def _finding(
        self, ending: Ending, recorder: Recorder, schedule: list[int], *, early: bool
    ) -> Finding:
        kind = kind_of(ending)
        assert kind is not None
        broken = "" if ending.breach is None else ending.breach.finding
        rules = (Rule[broken],) if broken in Rule.__members__ else ()  # else the body's own judge
        token = self._token(schedule, recorder, early=early, rules=rules)
        found = finding_of(kind, ending, recorder, token=token, model=self._model)
        size = size_of(recorder.events)
        if self._size is None or size == self._size:
            return found
        return dataclasses.replace(found, shrunk=_shrunk(self._size, size))

    def _nondeterminism(
        self, first: Ending, second: Ending | None, token: str, where: str
    ) -> Finding:
        then = "could not be followed" if second is None else f"ended: {second.kind.value}"
        message = (
            f"an execution failed ({message_of(first)}); run again, the same schedule {then}. "
            f"{where or UNSTEADY}"
        )
        return Finding(
            kind=FindingKind.NONDETERMINISM,
            message=message,
            token=token,
            trace=Trace(),
            error=first.error,
        )

    def _token(
        self,
        schedule: list[int],
        recorder: Recorder,
        *,
        early: bool,
        max_steps: int | None = None,
        rules: tuple[Rule, ...] = (),
    ) -> str:
        bound = max_steps or self._max_steps
        return token_of_run(
            recorder, schedule, early=early, model=self._model, max_steps=bound, rules=rules
        ).encode()

    def with_gil(self, finding: Finding) -> Finding:
        """Look for the same failure under the GIL model; where it is found, tell that run.

        Its schedule needs nothing that CPython with the GIL cannot do.
        """
        self.found = finding
        if self._model == "gil":
            return finding
        if finding.kind is FindingKind.NONDETERMINISM:
            words = not_shown_under_gil("not looked for: it does not do the same thing twice")
            return dataclasses.replace(finding, gil_reachable=words)
        if finding.kind is FindingKind.LIVELOCK:
            return self._with_gil_livelock(finding)
        if self._failure is None:
            return finding
        return self._under_gil(finding, *self._failure)

    def _under_gil(
        self,
        finding: Finding,
        signature: tuple[object, ...],
        order: Sequence[Event],
        early: bool,  # noqa: FBT001  # as it was noted
    ) -> Finding:
        """Return the finding of the same failure under the GIL model, or say what was tried."""
        with self._gil_campaign() as campaign:
            search = GilSearch(campaign, self._body, signature=signature, seed=self._seed)
            found, words = searched(search, order, early=early)
            if found is not None:
                examiner = Examiner(
                    self._body,
                    model="gil",
                    max_steps=self._max_steps,
                    seed=self._seed,
                    rules=self._rules,
                )
                examiner._size = self._size
                other = examiner.examine(campaign, found.ending, found.schedule, early=found.early)
                if other.kind is finding.kind:
                    self.found = other
                    return other
        return dataclasses.replace(finding, gil_reachable=words)

    def _gil_campaign(self) -> Campaign:
        return Campaign(model="gil", max_steps=self._max_steps, body=self._body, rules=self._rules)

    def _with_gil_livelock(self, finding: Finding) -> Finding:
        """Say whether executions under the GIL model go on for ever, too."""
        try:
            with self._gil_campaign() as campaign:
                tries, shown = self._search_livelock(campaign)
        except HarnessError as error:
            words = not_shown_under_gil(f"the search for it ended: {error}")
        else:
            tried = not_shown_under_gil(f"{tries} executions tried")
            words = shown_under_gil() if shown else tried
        return dataclasses.replace(finding, gil_reachable=words)

    def _search_livelock(self, campaign: Campaign) -> tuple[int, bool]:
        """Return how many executions were run, and whether the last one goes on for ever."""
        search = LivelockSearch(campaign, self._body, early=False)
        if search.from_schedule(()) is not None:
            return 1, True
        strategy = RandomWalk(self._seed)
        deadline_s = time.perf_counter() + GIL_S
        for number in range(GIL_TRIES):
            strategy.begin(number)
            early = strategy.early_timeouts
            ending, schedule = campaign.run(self._body, strategy, max_steps=LONG)
            if ending.kind is EndingKind.STEP_BOUND:
                search = LivelockSearch(campaign, self._body, early=early)
                if search.from_schedule(schedule) is not None:
                    return number + 2, True
            if time.perf_counter() > deadline_s:
                return number + 2, False
        return GIL_TRIES + 1, False


def livelock_finding(found: Livelock, *, token: str, model: str) -> Finding:
    """Return the finding of a livelock: its trace ends with the second turn."""
    return Finding(
        kind=FindingKind.LIVELOCK,
        message=str(found),
        token=token,
        trace=cut_trace(found.events),
        gil_reachable=shown_under_gil() if model == "gil" else "",
        places=found.ending.places,
    )


def size_of(events: Sequence[Event]) -> tuple[int, int]:
    """Return how many switches and operations a run has."""
    switches = sum(one.task != two.task for one, two in pairwise(events))
    return switches, len(events)


def _shrunk(before: tuple[int, int], after: tuple[int, int]) -> str:
    return f"{before[0]} switches in {before[1]} operations became {after[0]} in {after[1]}"


def cut_trace(events: Sequence[Event]) -> Trace:
    """Return the trace of these events, without the middle where there are too many."""
    kept = cut(events, MAX_EVENTS)
    return Trace(kept, len(events) - len(kept))


def finding_of(
    kind: FindingKind, ending: Ending, recorder: Recorder, *, token: str, model: str
) -> Finding:
    """Return the finding of a recorded execution."""
    recorder.settle()
    return Finding(
        kind=kind,
        message=message_of(ending),
        token=token,
        trace=cut_trace(recorder.events),
        gil_reachable=shown_under_gil() if model == "gil" else "",
        places=ending.places,
        stack=stack_of(ending.error),
        error=ending.error,
        analyses=analyse(recorder),
    )
