"""Limits as an unprivileged user meets them: root is not limited, so a child gives up root."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives up root to meet the limit")

UNPRIVILEGED = """
import json, os, resource, sys
import secmem.memory as m
import secmem.memory.system_calls as sc
sc.default_system_calls()
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


def _told(probes: Any, script: str) -> Any:
    done = probes.run_script(UNPRIVILEGED + script)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_running_out_of_lock_budget_names_the_limit_and_leaves_nothing(probes: Any) -> None:
    told = _told(
        probes,
        """
held = []
try:
    while True:
        held.append(m.SecretFactory().random(32))
except m.LockBudgetExceeded as error:
    told = [len(held), error.limit, error.locked, str(error)]
usage = m.memory_usage()
held.pop().close()
again = m.SecretFactory().random(32)
print(json.dumps([*told, usage.locked_bytes, usage.mapped_bytes]))
""",
    )
    count, limit, locked, words, locked_bytes, mapped_bytes = told
    assert (count, limit, locked) == (16, 65536, 65536)
    assert "RLIMIT_MEMLOCK is 65536 bytes and 65536 are locked" in words
    assert "storage=SLAB" in words
    assert (locked_bytes, mapped_bytes) == (65536, 3 * 65536)


def test_a_slab_holds_128_times_as_many(probes: Any) -> None:
    told = _told(
        probes,
        """
factory = m.SecretFactory(storage=m.Storage.SLAB)
held = []
try:
    while True:
        held.append(factory.random(32))
except m.LockBudgetExceeded:
    pass
print(json.dumps([len(held), {s.storage.name for s in held} == {"SLAB"}]))
""",
    )
    assert told == [2048, True]


def test_secret_file_pages_count_against_the_same_limit(probes: Any) -> None:
    told = _told(
        probes,
        """
if not {c.name: c.available for c in m.capabilities().capabilities}["memfd_secret"]:
    print("[16, 65536]"); sys.exit()
held = []
try:
    while True:
        held.append(m.SecretFactory(backing=m.Backing.MEMFD_SECRET).random(32))
except m.LockBudgetExceeded as error:
    print(json.dumps([len(held), error.limit]))
""",
    )
    assert told == [16, 65536]


def test_fallback_makes_unlocked_secrets_and_says_so(probes: Any) -> None:
    told = _told(
        probes,
        """
import warnings
warnings.simplefilter("error")
factory = m.SecretFactory(policy=m.Policy.FALLBACK)
held = [factory.random(32) for _ in range(16)]
try:
    factory.random(32)
except m.DegradedProtectionWarning as warning:
    words = str(warning)
warnings.simplefilter("ignore")
secret = factory.random(32)
print(json.dumps([words, secret.hardening.locked, str(secret.hardening.failures[0])]))
""",
    )
    words, locked, failure = told
    assert not locked
    assert words == failure
    assert "RLIMIT_MEMLOCK is 65536" in words


@pytest.mark.slow
def test_running_out_of_mappings_names_the_limit(probes: Any) -> None:
    # Single pages with alternating protection use up the mappings far quicker than secrets.
    done = probes.run_script(
        """
import ctypes, mmap
import secmem.memory as m
from secmem.memory.limits import mapping_limit, mapping_count
from secmem.memory.system_calls import default_system_calls
calls = default_system_calls()
spare = m.SecretFactory().random(8)
pages = mapping_limit() + 100
base = calls.map_pages(pages * calls.page_size)
try:
    for number in range(0, pages, 2):
        page = base + number * calls.page_size
        calls.protect(page, calls.page_size, m.MemoryProtection.READ_ONLY)
except OSError:
    for freed in range(0, 200, 2):  # room for the interpreter itself
        calls.protect(base + freed * calls.page_size, calls.page_size, m.MemoryProtection.NO_ACCESS)
try:
    held = []
    while True:
        held.append(m.SecretFactory().random(8))
except m.MappingLimitExceeded as error:
    print(error.limit == mapping_limit(), "vm.max_map_count is" in str(error))
with spare.access() as view:
    print(len(view))
"""
    )
    assert done.stdout.split() == ["True", "True", "8"], done.stderr
