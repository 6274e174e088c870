"""Ready models: registers, counters, queues, stacks, sets, stores, locks."""

from __future__ import annotations

from harness.linearizability.models.bounded_queue import BoundedQueue
from harness.linearizability.models.cas_register import CasRegister
from harness.linearizability.models.counter import Counter
from harness.linearizability.models.fifo import Fifo
from harness.linearizability.models.key_value import KeyValue, KeyValueAppend
from harness.linearizability.models.lifo import Lifo
from harness.linearizability.models.mutex import Mutex
from harness.linearizability.models.priority_queue import PriorityQueue
from harness.linearizability.models.register import Register
from harness.linearizability.models.registry import MODEL_NAMES, make_model
from harness.linearizability.models.semaphore import Semaphore
from harness.linearizability.models.set_model import SetModel
from harness.linearizability.models.vocabulary import ReadyModel

__all__ = [
    "MODEL_NAMES",
    "BoundedQueue",
    "CasRegister",
    "Counter",
    "Fifo",
    "KeyValue",
    "KeyValueAppend",
    "Lifo",
    "Mutex",
    "PriorityQueue",
    "ReadyModel",
    "Register",
    "Semaphore",
    "SetModel",
    "make_model",
]
