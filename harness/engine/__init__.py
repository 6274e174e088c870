"""The controlled execution: tasks on greenlets, one schedule at a time."""

from harness.engine.ending import Ending
from harness.engine.execution import Execution
from harness.engine.task import Task

__all__ = ["Ending", "Execution", "Task"]
