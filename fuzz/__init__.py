"""Runs targets on generated inputs and schedules, and keeps what makes them fail."""

from fuzz.campaign import resume_campaign, run_campaign
from fuzz.campaign_run import Budget, CampaignRun, Ending, Found, Verdict
from fuzz.catalogue import find_target, target_names
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
    UndecidedError,
    UnknownTargetError,
)
from fuzz.fuzz_target import Run, Target
from fuzz.replaying import replay_input

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
    "ProjectFileError",
    "Run",
    "ScheduleFailure",
    "Target",
    "UndecidedError",
    "UnknownTargetError",
    "Verdict",
    "find_target",
    "replay_input",
    "resume_campaign",
    "run_campaign",
    "target",
    "target_names",
]
