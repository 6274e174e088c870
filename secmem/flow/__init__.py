"""Back-pressure: high and low water marks, many waiters, for threads and for asyncio."""

from __future__ import annotations

from secmem.flow.cancel import CancelToken
from secmem.flow.coroutines import AsyncFlowController
from secmem.flow.errors import FlowCancelled, FlowClosed, FlowError, FlowTimeout, FlowWrongLoop
from secmem.flow.marks import DEFAULT_HIGH, DEFAULT_LOW
from secmem.flow.threads import FlowController

__all__ = [
    "DEFAULT_HIGH",
    "DEFAULT_LOW",
    "AsyncFlowController",
    "CancelToken",
    "FlowCancelled",
    "FlowClosed",
    "FlowController",
    "FlowError",
    "FlowTimeout",
    "FlowWrongLoop",
]
