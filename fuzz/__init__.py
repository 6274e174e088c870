"""Runs targets on generated inputs and schedules, and keeps what makes them fail.

All but the errors is loaded when it is first asked for: every worker, template and scout of a
campaign imports this module, and most need a small part of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from fuzz.engines.errors import EngineMissingError
from fuzz.errors import (
    BadTargetError,
    BrokenTargetError,
    FuzzError,
    HypothesisMissingError,
    ProjectFileError,
    ScheduleFailure,
    StillFailsError,
    UndecidedError,
    UnknownTargetError,
)
from fuzz.triaging.errors import InputFileError

if TYPE_CHECKING:
    from fuzz.campaign.campaign import resume_campaign, run_campaign
    from fuzz.campaign.campaign_run import Budget, CampaignRun, Ending, Found, Verdict
    from fuzz.catalogue import find_target, target_names
    from fuzz.checked_input import check_input
    from fuzz.data_provider import FuzzedDataProvider
    from fuzz.declaration import target
    from fuzz.engines.merging import MergeResult, merge
    from fuzz.fuzz_target import Run, Target
    from fuzz.schedules.schedule_bodies import schedule_target
    from fuzz.triaging.crash import Crash, CrashKind
    from fuzz.triaging.minimizing import Minimized, minimize
    from fuzz.triaging.regression import write_regressions
    from fuzz.triaging.replaying import replay_input
    from fuzz.triaging.triage_report import TriageReport, triage

__all__ = [
    "BadTargetError",
    "BrokenTargetError",
    "Budget",
    "CampaignRun",
    "Crash",
    "CrashKind",
    "Ending",
    "EngineMissingError",
    "Found",
    "FuzzError",
    "FuzzedDataProvider",
    "HypothesisMissingError",
    "InputFileError",
    "MergeResult",
    "Minimized",
    "ProjectFileError",
    "Run",
    "ScheduleFailure",
    "StillFailsError",
    "Target",
    "TriageReport",
    "UndecidedError",
    "UnknownTargetError",
    "Verdict",
    "check_input",
    "find_target",
    "merge",
    "minimize",
    "replay_input",
    "resume_campaign",
    "run_campaign",
    "schedule_target",
    "target",
    "target_names",
    "triage",
    "write_regressions",
]

_LATER: Final = {
    "resume_campaign": "fuzz.campaign.campaign",
    "run_campaign": "fuzz.campaign.campaign",
    "Budget": "fuzz.campaign.campaign_run",
    "CampaignRun": "fuzz.campaign.campaign_run",
    "Ending": "fuzz.campaign.campaign_run",
    "Found": "fuzz.campaign.campaign_run",
    "Verdict": "fuzz.campaign.campaign_run",
    "find_target": "fuzz.catalogue",
    "target_names": "fuzz.catalogue",
    "check_input": "fuzz.checked_input",
    "Crash": "fuzz.triaging.crash",
    "CrashKind": "fuzz.triaging.crash",
    "FuzzedDataProvider": "fuzz.data_provider",
    "target": "fuzz.declaration",
    "Run": "fuzz.fuzz_target",
    "Target": "fuzz.fuzz_target",
    "MergeResult": "fuzz.engines.merging",
    "merge": "fuzz.engines.merging",
    "Minimized": "fuzz.triaging.minimizing",
    "minimize": "fuzz.triaging.minimizing",
    "write_regressions": "fuzz.triaging.regression",
    "replay_input": "fuzz.triaging.replaying",
    "schedule_target": "fuzz.schedules.schedule_bodies",
    "TriageReport": "fuzz.triaging.triage_report",
    "triage": "fuzz.triaging.triage_report",
}

# The two look-ups stand in `reports` as well, word for word, and a test keeps them so. A place for
# both would have to be in `reports`, which knows nobody of ours: every worker of a campaign would
# load that face, which takes several times as long as this one, to save ten lines.


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the face offers
    """Load a name of the face."""
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names of the face, loaded or not."""
    return sorted({*globals(), *__all__})
