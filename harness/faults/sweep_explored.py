"""Runs of a sweep under the engine: one fault under many schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.faults.sweep_run import Broken, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.faults.injection import Faults, Injected
    from harness.faults.plan import FaultPlan


class ExploredRuns:
    """Explores a body under each plan it is given, or replays one schedule of it."""

    def __init__(  # noqa: PLR0913  # all but two are keyword-only
        self,
        body: Callable[[Faults], object],
        check: Callable[[], object] | None,
        *,
        allow: tuple[type[BaseException], ...],
        calls: tuple[str, ...],
        executions: int,
        seed: int = 0,
        token: str = "",
    ) -> None:
        self._body = body
        self._check = check
        self._allow = allow
        self._calls = calls
        self._executions = executions
        self._seed = seed
        self._token = token

    def run(self, plan: FaultPlan) -> Outcome:
        """Run the body under `plan`: many schedules, or the one of the token."""
        from harness.exploring import explore, replay  # noqa: PLC0415  # heavy, and real threads do without

        log: list[Injected] = []
        met: dict[str, int] = {}
        endings: list[str] = []

        def execution() -> None:
            log_here: tuple[Injected, ...] = ()
            try:
                with plan.applied(calls=self._calls) as faults:
                    try:
                        self._body(faults)
                    finally:
                        log_here = faults.log
                        met.update(faults.met)
            except self._allow as error:
                if not log_here:
                    raise  # with nothing injected it may not fail at all
                endings.append(type(error).__name__)
            finally:
                if log_here and not log:
                    log.extend(log_here)
            if self._check is not None:
                self._check()

        if self._token:
            finding = replay(execution, self._token)
        else:
            finding = explore(execution, executions=self._executions, seed=self._seed).finding
        ending = endings[0] if endings else ""
        if finding is None:
            return Outcome(log=tuple(log), met=met, ending=ending)
        return Outcome(
            log=tuple(log),
            met=met,
            broken=Broken.SCHEDULE,
            message=f"{finding.kind.name}: {finding.message}",
            token=finding.token,
        )
