"""The samples of the guides run, and each claim of the threat table is tried."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from secmem.memory import Backing, MemoryProtection, SecretFactory

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "migration-secret.md").read_text(encoding="utf-8")
TABLE = (ROOT / "docs" / "secret-threat-table.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.split("\n")[0])
def test_a_sample_of_the_guide_runs(sample: str) -> None:
    exec(compile(sample, "docs/migration-secret.md", "exec"), {})  # noqa: S102  # our own text


def test_each_test_that_the_threat_table_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    written = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
    )
    assert len(named) > 8
    assert [name for name in named if f"def {name}(" not in written] == []


def _flags(address: int) -> set[str]:
    found = False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if bounds:
            found = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif found and line.startswith("VmFlags:"):
            return set(line.split()[1:])
    raise LookupError(hex(address))


@pytest.mark.parametrize("backing", list(Backing), ids=lambda member: member.name)
def test_the_kernel_shows_each_protection_on_the_pages(probes: Any, backing: Backing) -> None:
    with SecretFactory(backing=backing).random(8) as secret:
        flags = _flags(probes.address_of(secret))
        assert {"lo", "dd"} <= flags  # locked, not dumped
        assert ("wf" if backing is Backing.ANONYMOUS else "dc") in flags
        assert not {"rd", "wr"} & flags
        assert secret.protection is MemoryProtection.NO_ACCESS
        with secret.access():
            assert "rd" in _flags(probes.address_of(secret))


def test_no_access_does_not_stop_the_process_memory_file(probes: Any) -> None:
    with SecretFactory().copy_of(probes.secret_bytes) as secret:
        address = probes.address_of(secret)
        assert not probes.readable(address)
        assert probes.read_forced(address, 32) == probes.secret_bytes


CRASH = """
import os, resource
from secmem.memory import SecretFactory, Backing
resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
os.chdir(DIRECTORY)
# The patterns are made byte by byte, so that no constant of this script holds them.
def pattern(seed): return bytearray((seed * 37 + n * 11) % 256 for n in range(64))
plain = pattern(PLAIN)
secrets = [SecretFactory(backing=backing).new(pattern(seed)) for backing, seed in
           zip(Backing, SECRETS)]
os.abort()
"""


def _pattern(seed: int) -> bytes:
    return bytes((seed * 37 + n * 11) % 256 for n in range(64))


def test_a_core_file_holds_unprotected_bytes_and_no_secret(probes: Any) -> None:
    where = Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
    if where.startswith(("|", "/")):
        pytest.skip(f"core files go to {where}")
    with tempfile.TemporaryDirectory() as directory:
        settings = f"DIRECTORY, PLAIN, SECRETS = {directory!r}, 3, (5, 7)\n"
        done = probes.run_script(settings + CRASH)
        assert done.returncode == -6, done.stderr
        cores = [path for path in Path(directory).iterdir() if path.name.startswith("core")]
        if not cores:
            pytest.skip("this machine wrote no core file")
        content = cores[0].read_bytes()
    assert _pattern(3) in content
    assert _pattern(5) not in content
    assert _pattern(7) not in content
