"""Secrets in protected pages: readable only inside an access, wiped at the end."""

from secmem.memory.access import Access
from secmem.memory.accounting import MemoryUsage, memory_usage
from secmem.memory.aligned import AlignedMemory
from secmem.memory.errors import (
    CapabilityMissing,
    CloseInsideAccess,
    CloseTimeout,
    DegradedProtectionWarning,
    EmptySecret,
    ForkedSecret,
    LockBudgetExceeded,
    MappingLimitExceeded,
    MemoryReleased,
    ProtectionRefused,
    PurgeFailed,
    SecretClosed,
    SecretError,
    SystemCallFailed,
    UnsupportedPlatform,
    ViewEscaped,
)
from secmem.memory.factory import SecretFactory
from secmem.memory.hardening import Hardening, InChildren
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.protection import MemoryProtection, ProtectionState
from secmem.memory.registry import live_secret_count, purge_all
from secmem.memory.secret import Secret
from secmem.memory.system_calls import SystemCalls

__all__ = [
    "Access",
    "AlignedMemory",
    "Backing",
    "CapabilityMissing",
    "CloseInsideAccess",
    "CloseTimeout",
    "DegradedProtectionWarning",
    "EmptySecret",
    "ForkedSecret",
    "Hardening",
    "InChildren",
    "LockBudgetExceeded",
    "MappingLimitExceeded",
    "MemoryProtection",
    "MemoryReleased",
    "MemoryUsage",
    "Policy",
    "ProtectionRefused",
    "ProtectionState",
    "PurgeFailed",
    "Secret",
    "SecretClosed",
    "SecretError",
    "SecretFactory",
    "Storage",
    "SystemCallFailed",
    "SystemCalls",
    "UnsupportedPlatform",
    "ViewEscaped",
    "live_secret_count",
    "memory_usage",
    "purge_all",
]
