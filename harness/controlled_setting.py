"""A controlled setting that is kept for many bodies, one execution at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.errors import ArgumentError, HarnessError
from harness.examination import Examiner
from harness.exploring import MODELS
from harness.finding import FindingKind, kind_of, message_of
from harness.strategies.vouched import Vouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from harness.finding import Finding
    from harness.strategies.protocol import Strategy

    Body = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one execution ended.

    Attributes:
        kind: What went wrong; None for nothing.
        message: What happened, in a line or two; empty for nothing.
        error: The exception that left a task, if one did.
        places: Where each task stood that had not ended.
        overrun: It met its step bound, so that nothing is known of its end.
        schedule: Its choices, by the numbers of the tasks.
        early: Timeouts could fire early in it.
    """

    kind: FindingKind | None
    message: str
    error: BaseException | None
    places: tuple[str, ...]
    overrun: bool
    schedule: tuple[int, ...] = field(repr=False)
    early: bool
    ending: Any = field(repr=False)  # the engine's own, for `examine`; it has no face


class ControlledSetting:
    """Runs one execution after the other, of any bodies, under strategies of the caller's.

    For tools that make a new body or schedule each time: setting up costs as much as six small
    executions, and here it is done once. `explore` is what everybody else wants. Set up at the
    first run; used by one thread, one setting at a time in a process, and given back by `close` or
    as a context manager.

    Args:
        max_steps: Choices in one execution after which it is given up.
        model: `free-threaded` or `gil`, as for `explore`.

    Raises:
        ArgumentError: An argument is not one of those.
    """

    def __init__(self, *, max_steps: int = 20_000, model: str = "free-threaded") -> None:
        if type(max_steps) is not int or max_steps < 1:
            raise ArgumentError("max_steps", max_steps, "a whole number; they start at 1")
        if model not in MODELS:
            raise ArgumentError("model", model, " or ".join(MODELS))
        self._max_steps = max_steps
        self._model = model
        self._campaign: Campaign | None = None

    def run(self, body: Body, strategy: Strategy, *, vouched: bool = False) -> Outcome:
        """Run one execution; `strategy.begin` has been called.

        Args:
            vouched: The caller answers for the strategy: it returns one of those it was offered,
                and its module is not instrumented. Nothing is checked then.

        Raises:
            ArgumentError: `body` cannot be called.
            HarnessError: The execution could not be controlled.
        """
        if not callable(body):
            raise ArgumentError("body", body, "a function without arguments")
        if vouched:
            strategy = Vouched(strategy)
        try:
            ending, schedule = self._open(body).run(body, strategy)
        except HarnessError:
            self.close()  # what it left behind would meet the next body
            raise
        kind = None if ending.kind is EndingKind.FINISHED else kind_of(ending)
        return Outcome(
            kind=kind,
            message="" if kind is None else message_of(ending),
            error=ending.error,
            places=ending.places,
            overrun=ending.kind is EndingKind.STEP_BOUND,
            schedule=tuple(schedule),
            early=bool(getattr(strategy, "early_timeouts", False)),
            ending=ending,
        )

    def examine(self, body: Body, outcome: Outcome, *, seed: int = 0) -> Finding | None:
        """Return the finding that an outcome is: run again, made small, with its token and story.

        An execution that met its step bound is a finding if it can go on for ever. None for an
        outcome that shows nothing wrong. Leaves the setting; the next run sets up anew.

        Args:
            seed: Of the search for the same failure under the GIL model.
        """
        examiner = Examiner(body, model=self._model, max_steps=self._max_steps, seed=seed)
        choices = list(outcome.schedule)
        campaign = self._open(body)
        try:
            finding = None
            if outcome.kind is not None:
                finding = examiner.examine(campaign, outcome.ending, choices, early=outcome.early)
            elif outcome.overrun:
                finding = examiner.overrun(campaign, choices, early=outcome.early)
        finally:
            self.close()
        return None if finding is None else examiner.with_gil(finding)

    def close(self) -> None:
        """Leave the setting; may be called again."""
        campaign, self._campaign = self._campaign, None
        if campaign is not None:
            campaign.__exit__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _open(self, body: Body) -> Campaign:
        if self._campaign is None:
            campaign = Campaign(model=self._model, max_steps=self._max_steps, body=body)
            self._campaign = campaign.__enter__()
        return self._campaign
