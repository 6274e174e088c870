"""Secrets in protected pages: readable only inside an access, wiped at the end."""

from secmem.memory.access import Access
from secmem.memory.accounting import MemoryUsage, memory_usage
from secmem.memory.aligned import AlignedMemory
from secmem.memory.capability import Capability, CapabilityReport, capabilities
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
from secmem.memory.legacy import (
    ProtectedMemorySecret,
    ProtectedMemorySecretFactory,
    ProtectedMemorySecretSimple,
    convert_secret,
)
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.protection import MemoryProtection, ProtectionState
from secmem.memory.reader import SecretReader
from secmem.memory.registry import live_secret_count, purge_all
from secmem.memory.secret import Secret
from secmem.memory.signals import purge_on_signals
from secmem.memory.stream import SecretStream
from secmem.memory.system_calls import SystemCalls

__all__ = [
    "Access",
    "AlignedMemory",
    "Backing",
    "Capability",
    "CapabilityMissing",
    "CapabilityReport",
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
    "ProtectedMemorySecret",
    "ProtectedMemorySecretFactory",
    "ProtectedMemorySecretSimple",
    "ProtectionRefused",
    "ProtectionState",
    "PurgeFailed",
    "Secret",
    "SecretClosed",
    "SecretError",
    "SecretFactory",
    "SecretReader",
    "SecretStream",
    "Storage",
    "SystemCallFailed",
    "SystemCalls",
    "UnsupportedPlatform",
    "ViewEscaped",
    "capabilities",
    "convert_secret",
    "live_secret_count",
    "memory_usage",
    "purge_all",
    "purge_on_signals",
]
