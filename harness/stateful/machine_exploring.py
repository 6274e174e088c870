"""Explores one program of a machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from harness.exploration import Verdict
from harness.explorer import Explorer
from harness.exploring import explore, shown_seed, visible_body
from harness.linearizability.model import Model
from harness.stateful.machine_body import MachineBody
from harness.stateful.machine_errors import MachineError
from harness.stateful.machine_judge import MachineJudge
from harness.stateful.machine_model_judge import ModelJudge
from harness.stateful.machine_report import MachineFailedError
from harness.stateful.machine_rules import rules_of
from harness.stateful.machine_sequence import SequentialRuns, apply_method
from harness.stateful.program_search import Glance
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from harness.exploration import Exploration
    from harness.stateful.machine_drawing import Drawn
    from harness.stateful.machine_rules import MachineRules
    from harness.stateful.machine_settings import Concurrency
    from harness.stateful.machine_steps import MachineProgram

SMALL: Final = 4  # steps of a program that is looked at more closely
SMALL_FACTOR: Final = 3
FEW: Final = 5  # executions of a program without two threads: only what runs beside them differs


def explored(
    program: MachineProgram,
    machine: Any,  # noqa: ANN401  # a machine class
    *,
    drawn: Drawn | None = None,
    glance: bool = False,
) -> tuple[Exploration, MachineFailedError | None]:
    """Explore one program as the machine's settings say; return what came of it.

    Args:
        drawn: What Hypothesis drew with it: the seed, and what is to be made visible.
        glance: Only see whether it fails: its schedule is not made small, and there is no token.
    """
    seed, parts = (0, ()) if drawn is None else (drawn.seed, drawn.parts)
    body = machine_body(machine, program, parts=parts)
    result = (_look if glance else _explore)(body, machine.concurrency, seed)
    if result.verdict is not Verdict.FAILED:
        return result, None
    finding = result.finding
    if finding is not None and finding.token:
        result = replace(result, finding=replace(finding, command="the test at the end"))
    return result, MachineFailedError(result, program, machine)


def _explore(body: MachineBody, settings: Concurrency, seed: int) -> Exploration:
    return explore(
        body, settings.strategy, executions=_executions(body, settings), seed=seed,
        max_steps=settings.max_steps, model=settings.switching, fail_on=settings.fail_on,
        early_timeouts=settings.early_timeouts,
    )  # fmt: skip


def _look(body: MachineBody, settings: Concurrency, seed: int) -> Exploration:
    """Explore a program without making anything of what fails: there are many to come."""
    name, strategy = make_strategy(settings.strategy, seed)
    common: dict[str, Any] = {
        "model": settings.switching,
        "max_steps": settings.max_steps,
        "rules": settings.fail_on,
    }
    with visible_body(body) as (runnable, invisible):
        explorer = Explorer(
            runnable,
            strategy,
            name=name,
            seed=shown_seed(strategy, settings.strategy, seed),
            invisible=invisible,
            early_timeouts=settings.early_timeouts,
            examiner=Glance(runnable, seed=seed, **common),
            **common,
        )
        return explorer.run(_executions(body, settings), None, None)


def _executions(body: MachineBody, settings: Concurrency) -> int:
    """Return how many schedules a program is run under: a small one is what larger ones become."""
    if sum(map(bool, body.program.threads)) < 2:  # noqa: PLR2004  # nobody overlaps
        return min(FEW, settings.executions)
    return settings.executions * (SMALL_FACTOR if len(body.program) <= SMALL else 1)


def machine_body(
    machine: Any,  # noqa: ANN401  # a machine class
    program: MachineProgram,
    *,
    parts: tuple[type, ...] = (),
) -> MachineBody:
    """Return a program as a body for `harness.explore`, `harness.replay` and others."""
    rules, model = rules_of(machine), machine.model
    judge: MachineJudge | ModelJudge
    if isinstance(model, Model) or (isinstance(model, type) and issubclass(model, Model)):
        judge = ModelJudge(program, rules, model() if isinstance(model, type) else model)
    elif model is None:
        runs = SequentialRuns(machine, rules, program.steps())
        judge = MachineJudge(program, runs, name=machine.__name__)
    else:
        _check_model(model, rules)
        runs = SequentialRuns(model, rules, program.steps(), apply=apply_method, guards=False)
        judge = MachineJudge(program, runs, name=getattr(model, "__name__", repr(model)))
    return MachineBody(machine, program, judge, parts=parts)


def _check_model(model: Any, rules: MachineRules) -> None:  # noqa: ANN401  # whatever was given
    if not callable(model):
        raise MachineError(
            rules.machine, f"its model is {model!r}",
            "A model is a class, a function that returns a new object, or a Model",
        )  # fmt: skip
    if not isinstance(model, type):
        return
    for name in (*rules.initializers, *rules.rules):
        if not callable(getattr(model, name, None)):
            raise MachineError(
                rules.machine, f"its model {model.__name__} has no method {name}",
                "A model has a method for each rule, which takes what the rule takes",
            )  # fmt: skip
