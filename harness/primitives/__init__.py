"""Twins of the standard primitives: inside an execution controlled, outside it the real thing."""

from harness.primitives.condition import Condition
from harness.primitives.event import Event
from harness.primitives.lock import Lock, RLock
from harness.primitives.semaphore import BoundedSemaphore, Semaphore

__all__ = ["BoundedSemaphore", "Condition", "Event", "Lock", "RLock", "Semaphore"]
