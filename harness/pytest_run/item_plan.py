"""Which tests of pytest are interleaved, and what they say themselves of how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.marks import PLAN, check_test, plan_of
from harness.settings import Layer, stated
from harness.trial import Plan

if TYPE_CHECKING:
    import pytest

MARK: Final = "interleaved"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPlan:
    """What one test of pytest does.

    Attributes:
        plan: That of the function.
        marks: What marks state, of the test, its class and its module; the nearest counts.
        whole: The test is the decorated function itself. Where another decorator stands above
            ours, only that one can call it, and it passes on what it is given once.
    """

    plan: Plan
    marks: Layer
    whole: bool


def item_plan(item: pytest.Function) -> ItemPlan:
    """Return what an interleaved test does.

    Raises:
        ArgumentError: A mark states what there is not, or stands on what can be no test of ours.
    """
    function = getattr(item.obj, "__func__", item.obj)
    plan = plan_of(function)
    marks = _marks(item)
    if plan is None:
        outer: Plan | None = getattr(function, PLAN, None)
        if outer is not None:
            return ItemPlan(plan=outer, marks=marks or {}, whole=False)
        check_test(function)
        plan = Plan(test=function)
    if plan.stated is None and marks is not None:
        plan = replace(plan, stated={})
    return ItemPlan(plan=plan, marks=marks or {}, whole=True)


def _marks(item: pytest.Function) -> dict[str, Any] | None:
    """Return what the marks of a test state; None where it has none."""
    found: dict[str, Any] | None = None
    for mark in item.iter_markers(MARK):  # the nearest first
        if mark.args:
            wants = "settings by name: pytest.mark.interleaved(executions=500)"
            raise ArgumentError("pytest.mark.interleaved", mark.args[0], wants)
        found = {**stated(mark.kwargs), **(found or {})}
    return found
