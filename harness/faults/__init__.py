"""What fails and when, as a value: the nth call of anything, at will, and put back afterwards.

For example::

    plan = FaultPlan.parse("os.fsync: nth 2 fails EIO; open: share 0.1 fails EMFILE; seed 7")
    with plan.applied() as faults:
        save(path)
    assert faults.log, faults.met

`each_failure(body)` makes every single call fail in its turn and says what broke.
"""

from harness.faults.calls import (
    FILE_CALLS,
    MEMORY_CALLS,
    OS_CALLS,
    PROCESS_CALLS,
    SOCKET_CALLS,
    THREAD_CALLS,
    usual_failure,
)
from harness.faults.effect import Does, Effect
from harness.faults.errors import (
    BodyFailsError,
    FaultError,
    NothingToFailError,
    PlanError,
    UnevenSweepError,
    UnknownCallError,
)
from harness.faults.injection import Faults, Injected
from harness.faults.moment import Moment, When
from harness.faults.plan import FaultPlan
from harness.faults.rule import Rule
from harness.faults.sweep import FaultFinding, Sweep, each_failure, replay_fault
from harness.faults.sweep_run import Broken

__all__ = [
    "FILE_CALLS",
    "MEMORY_CALLS",
    "OS_CALLS",
    "PROCESS_CALLS",
    "SOCKET_CALLS",
    "THREAD_CALLS",
    "BodyFailsError",
    "Broken",
    "Does",
    "Effect",
    "FaultError",
    "FaultFinding",
    "FaultPlan",
    "Faults",
    "Injected",
    "Moment",
    "NothingToFailError",
    "PlanError",
    "Rule",
    "Sweep",
    "UnevenSweepError",
    "UnknownCallError",
    "When",
    "each_failure",
    "replay_fault",
    "usual_failure",
]
