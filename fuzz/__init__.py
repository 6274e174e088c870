"""Runs targets on generated inputs and schedules, and keeps what makes them fail."""

from fuzz.campaign import resume_campaign, run_campaign
from fuzz.campaign_run import Budget, CampaignRun, Ending, Found, Verdict
from fuzz.catalogue import find_target, target_names
from fuzz.checked_input import check_input
from fuzz.crash import Crash, CrashKind
from fuzz.data_provider import FuzzedDataProvider
from fuzz.declaration import target
from fuzz.errors import (
    BadTargetError,
    BrokenTargetError,
    EngineMissingError,
    FuzzError,
    HypothesisMissingError,
    InputFileError,
    ProjectFileError,
    ScheduleFailure,
    StillFailsError,
    UndecidedError,
    UnknownTargetError,
)
from fuzz.fuzz_target import Run, Target
from fuzz.merging import MergeResult, merge
from fuzz.minimizing import Minimized, minimize
from fuzz.regression import write_regressions
from fuzz.replaying import replay_input
from fuzz.schedule_bodies import schedule_target
from fuzz.triage_report import TriageReport, triage

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
