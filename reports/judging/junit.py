"""A gate's verdict as JUnit XML: one test case for each series of the newest code."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from reports.judging.change_words import (
    ack_command,
    between_words,
    evidence_words,
    level_words,
    look_command,
    range_words,
    size_words,
)
from reports.judging.escaping import many_lines, one_line
from reports.judging.verdict import SeriesState

if TYPE_CHECKING:
    from reports.judging.decision import Decision
    from reports.judging.verdict import JudgedSeries, SeriesChange


def junit_bytes(decision: Decision) -> bytes:
    """Return the file's bytes."""
    current = sorted(decision.judgement.current, key=_by_name)
    red = {change.key for change in decision.regressions}
    skipped = sum(_is_skipped(one) for one in current)
    counts = {"tests": len(current), "failures": len(red), "errors": 0, "skipped": skipped}
    shown = {name: str(number) for name, number in counts.items()}
    suites = ET.Element("testsuites", {"name": "holdfast report gate", **shown})
    suite = ET.SubElement(suites, "testsuite", {"name": "benchmarks", **shown})
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("code", decision.judgement.label),
        ("environment", str(decision.judgement.environment)),
        ("verdict", decision.colour.value),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": one_line(value)})
    for one in current:
        _add_case(suite, one, decision)
    ET.indent(suites)
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _add_case(suite: ET.Element, judged: JudgedSeries, decision: Decision) -> None:
    attributes = {
        "classname": one_line(judged.key.benchmark, most=500),
        "name": f"{one_line(judged.key.metric)} in {judged.key.environment}",
    }
    if judged.unit == "s" and math.isfinite(judged.current):
        attributes["time"] = f"{judged.current:.9f}"
    case = ET.SubElement(suite, "testcase", attributes)
    failed = [change for change in decision.regressions if change.key == judged.key]
    if failed:
        message = "; ".join(f"{size_words(one)} at {range_words(one)}" for one in failed)
        failure = ET.SubElement(case, "failure", {"type": "regression", "message": message})
        family = len(decision.judgement.current)
        failure.text = "\n\n".join(_story(change, family=family) for change in failed)
    elif _is_skipped(judged):
        reason = judged.reason or judged.state.value
        ET.SubElement(case, "skipped", {"message": one_line(reason, most=500)})
    for change in judged.changes:
        if change.acknowledged is not None and change.standing:
            entry = change.acknowledged
            told = f"{size_words(change)} accepted by {entry.who} on {entry.day}: {entry.why}"
            ET.SubElement(case, "system-out").text = many_lines(told)


def _story(change: SeriesChange, *, family: int) -> str:
    lines = [
        f"{size_words(change)}: {level_words(change)}",
        between_words(change),
        evidence_words(change, family=family),
        look_command(change),
        ack_command(change),
    ]
    return many_lines("\n".join(line for line in lines if line))


def _is_skipped(judged: JudgedSeries) -> bool:
    return judged.state in {SeriesState.CANNOT_TELL, SeriesState.NO_DIRECTION}


def _by_name(judged: JudgedSeries) -> tuple[str, str, str]:
    return judged.key.benchmark, judged.key.metric, judged.key.environment
