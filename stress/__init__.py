"""Real threads in child processes: scenarios, limits, endings, records."""

from __future__ import annotations

from stress.budget import Budget
from stress.chaos import Chaos
from stress.chaos_applied import calm, faults_now
from stress.chaos_signals import on_signal
from stress.declaration import scenario
from stress.errors import StressError, UnknownScenarioError
from stress.interpreters import Interpreter, InterpreterError, interpreter_at
from stress.leaks import Growth
from stress.noise import Noise, Pinning
from stress.noise_errors import NoiseInUseError, NoiseTextError
from stress.parent import run_scenario
from stress.records import record_of
from stress.run import Ending, Headway, StressRun
from stress.scenarios.durability import durable

__all__ = [
    "Budget",
    "Chaos",
    "Ending",
    "Growth",
    "Headway",
    "Interpreter",
    "InterpreterError",
    "Noise",
    "NoiseInUseError",
    "NoiseTextError",
    "Pinning",
    "StressError",
    "StressRun",
    "UnknownScenarioError",
    "calm",
    "durable",
    "faults_now",
    "interpreter_at",
    "on_signal",
    "record_of",
    "run_scenario",
    "scenario",
]
