"""A finding as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.finding import Finding


def tell(finding: Finding) -> str:
    """Return the full story of a finding."""
    lines = [f"{finding.kind.name}: {finding.message}"]
    lines += [
        f"{event.number:>4} {event.task_name:<12} {event.kind} {event.target} {event.value}"
        f"   {event.site.text()}: {event.site.source()}"
        for event in finding.trace.events
    ]
    lines.append(f"token: {finding.token}")
    return "\n".join(lines)
