"""Explores the interleavings of a body, and replays one."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.engine.ending import Ending, EndingKind
from harness.engine.recorder import Recorder
from harness.errors import ArgumentError, DriftError, ExplorationInterrupted
from harness.exploration import Exploration, Verdict
from harness.finding import Finding, FindingKind, Trace, kind_of, message_of, signature_of, stack_of
from harness.opaque import OpaqueWatch
from harness.replay_token import Token, decode_token
from harness.shrink import Shrinker
from harness.strategies.pct import Pct
from harness.strategies.random_walk import RandomWalk
from harness.strategies.registry import make_strategy
from harness.strategies.replay import RE_RECORD, Replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.strategies.protocol import Strategy

    Body = Callable[[], object]
    Progress = Callable[[int, float], None]

MODELS: Final = ("free-threaded", "gil")
MAX_OVERRUNS: Final = 10  # executions at their step bound after which more of them tell nothing
GIL_TRIES: Final = 300  # executions under the GIL model that look for the same failure
MAX_EVENTS: Final = 2_000  # events that a trace keeps: the first and the last half
PROGRESS_S: Final = 0.25
MAX_PLACES: Final = 8  # tasks that the evidence of an undecided run names


def explore(  # noqa: PLR0913  # the public face; all but two are keyword-only
    body: Body,
    strategy: str | Strategy | None = None,
    *,
    executions: int = 1_000,
    seed: int = 0,
    max_steps: int = 20_000,
    model: str = "free-threaded",
    workers: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
) -> Exploration:
    """Run `body` under many schedules until one fails or the budget ends.

    Args:
        body: Takes nothing, starts ordinary threads and joins them, and asserts. Called once an
            execution; whatever it makes is new each time.
        strategy: `random`, `pct`, `dfs`, `package.module:Class`, an object with `begin` and
            `pick`, or None for the best default.
        executions: How many at most; `dfs` stops earlier when nothing is left.
        seed: The same seed, body and Python version give the same executions.
        max_steps: Choices in one execution after which it is given up, undecided.
        model: `free-threaded` switches at every shared access, `gil` where CPython with the GIL
            can: calls, function entries, loop turns, blocking operations.
        workers: 1; more processes come with a later version.
        budget_s: Wall time in seconds after which no further execution starts.
        progress: Called now and then with the executions and the seconds so far.

    Returns:
        The result: `.verdict`, `.executions`, `.exhausted`, `.finding`, `.evidence`.

    Raises:
        ArgumentError: An argument is not one of those.
        UncontrolledError: The body met something that cannot be scheduled; the error says what
            to do.
        ExplorationInterrupted: Ctrl-C; `.partial` is the result so far.
    """
    _check_body(body)
    check_arguments(
        executions=executions,
        seed=seed,
        max_steps=max_steps,
        model=model,
        workers=workers,
        budget_s=budget_s,
    )
    name, chosen = make_strategy(strategy, seed)
    with visible_body(body) as (runnable, invisible):
        explorer = _Explorer(
            runnable, chosen, name=name, seed=seed, max_steps=max_steps, model=model
        )
        explorer.invisible = invisible
        return explorer.run(executions, budget_s, progress)


def visible_body(body: Body) -> AbstractContextManager[tuple[Body, str]]:
    """Make the accesses of a body visible that was imported in the ordinary way."""
    from harness.instrument.in_place import visible  # noqa: PLC0415  # keeps the import light

    return visible(body)


def replay(body: Body, token: str, *, interactive: bool = False) -> Finding | None:
    """Run the one schedule of a token again.

    Args:
        interactive: Let `breakpoint()` open the debugger, and wait for it.

    Returns:
        The finding if the execution fails, else None.

    Raises:
        TokenError: The token is damaged or of another format.
        DriftError: The code no longer does what it did when the token was made.
    """
    _check_body(body)
    wanted = decode_token(token)
    campaign = Campaign(
        model=wanted.model, max_steps=wanted.max_steps, interactive=interactive, body=body
    )
    with visible_body(body) as (runnable, _), campaign:
        return _replay(campaign, runnable, wanted)


def _replay(campaign: Campaign, body: Body, wanted: Token) -> Finding | None:
    strategy = Replay(
        wanted.choices, early_timeouts=wanted.early, open_end=wanted.open_end
    )
    strategy.begin(0)
    recorder = Recorder()
    ending, _ = campaign.run(body, strategy, recorder=recorder)
    if strategy.left:
        raise DriftError(
            f"the run ended with {strategy.left} choices of the schedule left", RE_RECORD
        )
    _check_marks(bytes(recorder.marks), wanted.marks)
    kind = kind_of(ending)
    if kind is None:
        return None
    return _finding(kind, ending, recorder, wanted.encode(), wanted.model)


def _check_marks(made: bytes, wanted: bytes) -> None:
    for number, (mine, theirs) in enumerate(zip(made, wanted, strict=False), start=1):
        if mine != theirs:
            raise DriftError(
                f"choice {number} came at another operation than when the token was made",
                RE_RECORD,
            )


def _finding(
    kind: FindingKind, ending: Ending, recorder: Recorder, token: str, model: str
) -> Finding:
    recorder.settle()
    events = recorder.events
    truncated = max(len(events) - MAX_EVENTS, 0)
    if truncated:
        events = events[: MAX_EVENTS // 2] + events[-MAX_EVENTS // 2 :]
    return Finding(
        kind=kind,
        message=message_of(ending),
        token=token,
        trace=Trace(tuple(events), truncated),
        gil_reachable=_shown_under_gil() if model == "gil" else "",
        places=ending.places,
        stack=stack_of(ending.error),
        error=ending.error,
    )


def _shown_under_gil() -> str:
    return f"shown under the GIL model of CPython {sys.version_info[0]}.{sys.version_info[1]}"


class _Explorer:
    """One call of `explore`."""

    def __init__(  # noqa: PLR0913  # one call of explore
        self,
        body: Body,
        strategy: Strategy,
        *,
        name: str,
        seed: int,
        max_steps: int,
        model: str,
    ) -> None:
        self.body = body
        self.strategy = strategy
        self.name = name
        self.seed = seed
        self.max_steps = max_steps
        self.model = model
        self.executions = 0
        self.overruns = 0
        self.unfinished: tuple[str, ...] = ()  # where the tasks stood at the last bound
        self.exhausted = False
        self.invisible = ""  # why plain accesses of the body are not seen, if they are not
        self.started_s = time.perf_counter()
        self.started_cpu_s = time.process_time()
        self.out_of_time = False
        exhaustive = getattr(strategy, "exhaustive", False)
        self.opaque = OpaqueWatch() if exhaustive else None

    def run(
        self, executions: int, budget_s: float | None, progress: Progress | None
    ) -> Exploration:
        with Campaign(model=self.model, max_steps=self.max_steps, body=self.body) as campaign:
            try:
                finding = self._search(campaign, executions, budget_s, progress)
            except KeyboardInterrupt:
                raise ExplorationInterrupted(self._result(None, "interrupted")) from None
        if finding is not None and self.model != "gil":
            finding = self._with_gil(finding)
        return self._result(finding, "")

    def _search(
        self,
        campaign: Campaign,
        executions: int,
        budget_s: float | None,
        progress: Progress | None,
    ) -> Finding | None:
        strategy, body = self.strategy, self.body
        next_look_s = self.started_s + PROGRESS_S
        while self.executions < executions:
            if not strategy.begin(self.executions):
                self.exhausted = True
                return None
            ending, schedule = campaign.run(body, strategy, recorder=self.opaque)
            self.executions += 1
            if ending.kind is not EndingKind.FINISHED:
                if kind_of(ending) is not None:
                    return self._examine(campaign, ending, schedule)
                self.overruns += 1
                self.unfinished = ending.places
                if self.overruns >= MAX_OVERRUNS:
                    return None
            if budget_s is not None or progress is not None:
                now_s = time.perf_counter()
                if budget_s is not None and now_s - self.started_s >= budget_s:
                    self.out_of_time = self.executions < executions
                    return None
                if progress is not None and now_s >= next_look_s:
                    next_look_s = now_s + PROGRESS_S
                    progress(self.executions, now_s - self.started_s)
        self.exhausted = self._nothing_left()
        return None

    def _nothing_left(self) -> bool:
        """Ask an exhaustive strategy whether the budget ended exactly at its end."""
        exhaustive = getattr(self.strategy, "exhaustive", False)
        return bool(exhaustive) and not self.strategy.begin(self.executions)

    def _examine(self, campaign: Campaign, ending: Ending, schedule: list[int]) -> Finding:
        """Run the failing schedule again, shrink it, and record it."""
        early = bool(getattr(self.strategy, "early_timeouts", False))
        signature = signature_of(ending)
        again, recorder, marks = self._record(campaign, schedule, early=early)
        if again is None or signature_of(again) != signature:
            return self._nondeterminism(ending, again, schedule, marks, early=early)
        shrinker = Shrinker(campaign, self.body, early=early, signature=signature)
        small = shrinker.shrink(schedule)
        if small != schedule:
            schedule = small
            final, recorder, marks = self._record(campaign, schedule, early=early)
            again = final or again
        kind = kind_of(again)
        assert kind is not None
        return _finding(kind, again, recorder, self._token(schedule, marks, early), self.model)

    def _record(
        self, campaign: Campaign, schedule: list[int], *, early: bool
    ) -> tuple[Ending | None, Recorder, bytes]:
        recorder = Recorder()
        strategy = Replay(schedule, early_timeouts=early)
        strategy.begin(0)
        try:
            ending, _ = campaign.run(self.body, strategy, recorder=recorder)
        except DriftError:
            return None, recorder, bytes(recorder.marks)
        return ending, recorder, bytes(recorder.marks)

    def _nondeterminism(
        self,
        first: Ending,
        second: Ending | None,
        schedule: list[int],
        marks: bytes,
        *,
        early: bool,
    ) -> Finding:
        then = "could not be followed" if second is None else f"ended: {second.kind.value}"
        message = (
            f"an execution failed ({message_of(first)}); run again, the same schedule {then}. "
            "Something in the body does not follow from the schedule: state kept between "
            "executions, random numbers, the order of a set, id(), real time or real I/O."
        )
        token = self._token(schedule, marks, early)
        return Finding(
            kind=FindingKind.NONDETERMINISM,
            message=message,
            token=token,
            trace=Trace(),
            error=first.error,
        )

    def _token(self, schedule: list[int], marks: bytes, early: bool) -> str:  # noqa: FBT001  # private
        return Token(
            choices=tuple(schedule),
            marks=marks,
            early=early,
            model=self.model,
            max_steps=self.max_steps,
        ).encode()

    def _with_gil(self, finding: Finding) -> Finding:
        """Say whether a short search under the GIL model shows a failure of the same kind."""
        shown = self._found_under_gil(finding.kind)
        words = _shown_under_gil()
        text = words if shown else f"not {words} ({GIL_TRIES} executions tried)"
        return dataclasses.replace(finding, gil_reachable=text)

    def _found_under_gil(self, kind: FindingKind) -> bool:
        with Campaign(model="gil", max_steps=self.max_steps, body=self.body) as campaign:
            for strategy in (RandomWalk(self.seed), Pct(self.seed)):
                for number in range(GIL_TRIES // 2):
                    strategy.begin(number)
                    ending, _ = campaign.run(self.body, strategy)
                    if kind_of(ending) is kind:
                        return True
                    if ending.kind is EndingKind.STEP_BOUND:
                        break
        return False

    def _result(self, finding: Finding | None, stopped: str) -> Exploration:
        if self.invisible or (self.opaque is not None and self.opaque.met):
            self.exhausted = False
        cut = self.out_of_time or bool(stopped) or bool(self.overruns)
        if finding is not None:
            verdict = Verdict.FAILED
        else:
            verdict = Verdict.UNDECIDED if cut else Verdict.PASSED
        return Exploration(
            name=getattr(self.body, "__qualname__", type(self.body).__name__),
            verdict=verdict,
            executions=self.executions,
            exhausted=self.exhausted and finding is None and not cut,
            finding=finding,
            evidence=self._evidence(finding, stopped),
            strategy=self.name,
            seed=self.seed,
            model=self.model,
            overruns=self.overruns,
            elapsed_s=time.perf_counter() - self.started_s,
            cpu_s=time.process_time() - self.started_cpu_s,
        )

    def _evidence(self, finding: Finding | None, stopped: str) -> str:
        words = self._covered(finding, stopped)
        return f"{words}; {self.invisible}" if self.invisible else words

    def _covered(self, finding: Finding | None, stopped: str) -> str:
        count = f"{self.executions:,}".replace(",", " ")
        plural = "s" if self.executions != 1 else ""
        if finding is not None:
            return f"execution {count} failed ({self.name}, seed {self.seed})"
        if self.overruns:
            return (
                f"undecided: {self.overruns} of {count} execution{plural} met the bound of "
                f"{self.max_steps} steps; {self._unfinished()}"
            )
        if stopped or self.out_of_time:
            why = stopped or "the time budget ended"
            return f"undecided: {why} after {count} execution{plural}, none failed"
        if self.opaque is not None and self.opaque.met:
            return f"{count} execution{plural}, none failed; not exhausted: {self.opaque.words()}"
        if self.exhausted:
            scope: Any = getattr(self.strategy, "scope", None)
            return f"exhausted: {count} execution{plural}, {scope() if scope else self.name}"
        return f"{count} execution{plural}, none failed ({self.name}, seed {self.seed})"

    def _unfinished(self) -> str:
        shown = self.unfinished[:MAX_PLACES]
        more = len(self.unfinished) - len(shown)
        places = "; ".join((*shown, f"and {more} more") if more else shown)
        return (
            "a loop that polls instead of waiting looks like this; or raise max_steps. "
            f"There: {places}"
        )


def check_arguments(  # noqa: PLR0913  # those of explore
    *,
    executions: object,
    seed: object,
    max_steps: object,
    model: object,
    workers: object,
    budget_s: object,
) -> None:
    """Check what `explore` takes beside the body and the strategy.

    Raises:
        ArgumentError: One is not what it takes; the error names it.
    """
    if type(executions) is not int or executions < 1:
        raise ArgumentError("executions", executions, "a whole number from 1")
    if type(seed) is not int:
        raise ArgumentError("seed", seed, "a whole number")
    if type(max_steps) is not int or max_steps < 1:
        raise ArgumentError("max_steps", max_steps, "a whole number from 1")
    if model not in MODELS:
        raise ArgumentError("model", model, " or ".join(MODELS))
    if workers != 1:
        raise ArgumentError("workers", workers, "1 (more processes come with a later version)")
    if budget_s is not None and (not isinstance(budget_s, int | float) or not budget_s > 0):
        raise ArgumentError("budget_s", budget_s, "seconds above 0, or None")


def _check_body(body: object) -> None:
    if not callable(body):
        raise ArgumentError("body", body, "a function without arguments")
    if inspect.iscoroutinefunction(body):
        raise ArgumentError("body", body, "a plain function; call asyncio.run inside it")
    try:
        inspect.signature(body).bind()
    except TypeError as error:
        raise ArgumentError("body", body, f"a function without arguments ({error})") from None
    except ValueError:
        return  # a callable without a signature: the call will tell
