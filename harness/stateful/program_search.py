"""Searches one program after the other, without stopping to shrink what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.examination import Examiner
from harness.explorer import Explorer
from harness.exploring import shown_seed, visible_body
from harness.finding import Finding, Trace, kind_of, message_of
from harness.strategies.brisk import Brisk
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.campaign import Campaign
    from harness.engine.ending import Ending
    from harness.exploration import Exploration
    from harness.finding import FindingKind
    from harness.rules import Rule
    from harness.stateful.program import Program
    from harness.stateful.program_body import ProgramBody
    from harness.strategies.protocol import Strategy


class Glance(Examiner):
    """Makes a finding of a failing execution as it stands: no second run, nothing shrunk."""

    def examine(
        self,
        campaign: Campaign,  # noqa: ARG002  # as the base
        ending: Ending,
        schedule: list[int],  # noqa: ARG002  # as the base
        *,
        early: bool,  # noqa: ARG002  # as the base
    ) -> Finding:
        """Return the finding."""
        kind = kind_of(ending)
        assert kind is not None
        self.found = Finding(
            kind=kind, message=message_of(ending), token="", trace=Trace(), error=ending.error
        )
        return self.found

    def with_gil(self, finding: Finding) -> Finding:
        """Return the finding: another model is for the one that is told."""
        return finding


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """How each program is searched."""

    strategy: str | Strategy | None
    executions: int
    seed: int
    max_steps: int
    switching: str
    rules: tuple[Rule, ...]
    early_timeouts: bool

    def made(self) -> tuple[str, Strategy]:
        """Return the strategy for one program, and its name."""
        if self.strategy is None:
            return "brisk", Brisk(self.seed)
        return make_strategy(self.strategy, self.seed)


class ProgramSearch:
    """Searches programs of one object. One at a time.

    Attributes:
        unseen: Why plain accesses of the object are no switching points, if they are not.
        opaque: What the first program met that may be several steps in reality.
    """

    def __init__(self, body_of: Callable[[Program], ProgramBody], settings: SearchSettings) -> None:
        self.body_of = body_of
        self.settings = settings
        self.unseen: list[str] = []
        self.opaque = ""

    def look(self, program: Program, *, budget_s: float | None = None) -> Exploration:
        """Search one program; its finding is bare."""
        settings, body = self.settings, self.body_of(program)
        name, strategy = settings.made()
        seed = shown_seed(strategy, settings.strategy, settings.seed)
        common: dict[str, Any] = {
            "model": settings.switching,
            "max_steps": settings.max_steps,
            "rules": settings.rules,
        }
        with visible_body(body) as (runnable, invisible):
            if invisible and invisible not in self.unseen:
                self.unseen.append(invisible)
            explorer = Explorer(
                runnable,
                strategy,
                name=name,
                seed=seed,
                invisible=invisible,
                early_timeouts=settings.early_timeouts,
                examiner=Glance(runnable, seed=seed or 0, **common),
                **common,
            )
            result = explorer.run(settings.executions, budget_s, None)
        opaque = "" if explorer.coverage is None else explorer.coverage.opaque
        if opaque and not self.opaque:
            self.opaque = f"out of sight: {opaque}"
        return result

    def kind_of(self, program: Program, *, budget_s: float | None = None) -> FindingKind | None:
        """Return what is found wrong with a program, if anything is."""
        finding = self.look(program, budget_s=budget_s).finding
        return None if finding is None else finding.kind
