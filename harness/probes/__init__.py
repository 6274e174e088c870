"""Looking at a process from outside: leaks, residue of secrets, stuck threads."""

from harness.probes.errors import (
    BlindScanError,
    ChildLostError,
    ChildStuckError,
    ForeignMemoryError,
    NotAvailableHereError,
    PlainNeedleError,
    ProbeError,
)
from harness.probes.foreign_memory import Reach, page_is_readable
from harness.probes.leaks import Census, Growth, census
from harness.probes.needles import Form, Needles
from harness.probes.probed_child import Checkpoint, ProbedChild
from harness.probes.residue import Residue, Seen, examine, scan, scan_process, self_test
from harness.probes.search import Hit
from harness.probes.stuck import arm, stacks_of

__all__ = [
    "BlindScanError",
    "Census",
    "Checkpoint",
    "ChildLostError",
    "ChildStuckError",
    "ForeignMemoryError",
    "Form",
    "Growth",
    "Hit",
    "Needles",
    "NotAvailableHereError",
    "PlainNeedleError",
    "ProbeError",
    "ProbedChild",
    "Reach",
    "Residue",
    "Seen",
    "arm",
    "census",
    "examine",
    "page_is_readable",
    "scan",
    "scan_process",
    "self_test",
    "stacks_of",
]
