"""Runs targets on generated inputs and schedules, and keeps what makes them fail."""

from fuzz.campaign import choose_engine, run_campaign
from fuzz.campaign_run import Budget, CampaignRun, Engine, Found, Verdict
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

__all__ = [
    "BadTargetError",
    "BrokenTargetError",
    "Budget",
    "CampaignRun",
    "Crash",
    "CrashKind",
    "Engine",
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
    "choose_engine",
    "find_target",
    "run_campaign",
    "target",
    "target_names",
]
