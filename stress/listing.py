"""What all scenarios say of themselves, without importing any of them here."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.probes.child_lines import ChildLines
from stress.budget import DEFAULT_DISK_BYTES, DEFAULT_MEMORY_BYTES
from stress.parent import END_S, SPAWN_S
from stress.spawning import Child

if TYPE_CHECKING:
    from collections.abc import Mapping

IMPORT_S: Final = 20.0  # of one scenario's module; ours take 0.3 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One scenario as a list shows it.

    Attributes:
        broken: Why it cannot be had; "" if it can.
    """

    name: str
    what: str = ""
    threads: int = 0
    operations: int = 0
    takes: tuple[str, ...] = ()
    broken: str = ""


def describe_scenarios(
    targets: Mapping[str, str], *, import_s: float = IMPORT_S
) -> tuple[Description, ...]:
    """Return what scenarios say of themselves, in the order of their names in `targets`.

    They are imported in a child process. One that hangs, leaves or kills the child is named as
    broken, and the others are asked again.

    Args:
        targets: `module:NAME` by the name that people use.
        import_s: Longest import of one.
    """
    found: dict[str, Description] = {}
    while len(found) < len(targets):
        left = {name: target for name, target in targets.items() if name not in found}
        found.update(_ask(left, import_s))
    return tuple(found[name] for name in targets)


def _ask(targets: Mapping[str, str], import_s: float) -> dict[str, Description]:
    """Ask one child, up to its end; whatever it was at then is broken."""
    found: dict[str, Description] = {}
    at = next(iter(targets))
    job = {
        "describe": dict(targets),
        "memory_bytes": DEFAULT_MEMORY_BYTES,
        "disk_bytes": DEFAULT_DISK_BYTES,
    }
    with Child(job) as child:
        reports = ChildLines(child.process)
        limit_s = SPAWN_S
        while True:
            report = reports.next(limit_s)
            if report is None and not reports.ended:
                why = f"its import did not end within {limit_s:g} s"
                break
            limit_s = import_s
            if report is None:
                why = _why_ended(child.process)
                break
            kind = report.pop("kind")
            if kind == "done":
                return found
            if kind == "describing":
                at = report["name"]
            elif kind == "broken":
                found[at] = Description(name=at, broken=report["text"])
            else:
                found[at] = Description(**{**report, "takes": tuple(report["takes"])})
    found[at] = Description(name=at, broken=why)
    return found


def _why_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(END_S)
    except subprocess.TimeoutExpired:
        return "its import closed the channel on which it is told of, and did not end"
    ending = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"its import ended the process, with {ending}"
