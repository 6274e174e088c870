"""Runs targets on generated inputs and schedules, and keeps what makes them fail."""

from fuzz.campaign import choose_engine, run_campaign
from fuzz.campaign_run import Budget, CampaignRun, Engine, Found, Verdict
from fuzz.catalogue import target, target_names
from fuzz.crash import Crash, CrashKind
from fuzz.errors import (
    BadTargetError,
    EngineMissingError,
    FuzzError,
    InputFileError,
    ScheduleFailure,
    UndecidedError,
    UnknownTargetError,
)
from fuzz.target import Run, Target

__all__ = [
    "BadTargetError",
    "Budget",
    "CampaignRun",
    "Crash",
    "CrashKind",
    "Engine",
    "EngineMissingError",
    "Found",
    "FuzzError",
    "InputFileError",
    "Run",
    "ScheduleFailure",
    "Target",
    "UndecidedError",
    "UnknownTargetError",
    "Verdict",
    "choose_engine",
    "run_campaign",
    "target",
    "target_names",
]
