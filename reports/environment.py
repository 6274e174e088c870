"""Where a run was measured: enough to know what may be compared, nothing that names a person.

No host name, user name or path is ever taken. Everything in here is part of the fingerprint, so
two results are compared only when all of it agrees.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field, fields
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from reports.record import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.strict_json import Fields

# Those that stand inside the timed loop; pytest or rich cannot change a figure.
KEY_PACKAGES: Final = ("greenlet", "pytest-benchmark", "atheris")
UNKNOWN: Final = "unknown"
_SYSCTL_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A machine and a Python, as far as they change what a measurement comes to."""

    system: str
    kernel: str
    machine: str
    cpu: str
    cores: int
    implementation: str
    python: str
    build: str
    threads: str  # "gil" or "free-threaded", or "free-threaded build, gil on"
    hash_seed: str
    packages: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.name not in {"cores", "packages"}:
                check_text(f"Environment.{one.name}", getattr(self, one.name))
        object.__setattr__(self, "packages", MappingProxyType(dict(sorted(self.packages.items()))))

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that agree exactly when every field agrees."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def differences(self, other: Environment) -> tuple[str, ...]:
        """Return, in words, each field in which the two disagree."""
        mine, theirs = self.to_json(), other.to_json()
        return tuple(
            f"{name} is {mine[name]} against {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        )

    def __str__(self) -> str:
        threads = "" if self.threads in {"gil", UNKNOWN} else f"({self.threads})"
        cores = f"{self.cores} cores" if self.cores else ""
        parts = (
            _known(self.implementation, self.python, threads),
            _known(self.cpu),
            cores,
            _known(self.system, self.kernel, self.machine),
        )
        return ", ".join(part for part in parts if part) or "an unknown environment"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**plain, "packages": dict(self.packages)}

    @classmethod
    def from_json(cls, values: Fields) -> Environment:
        """Return the environment that a document describes."""
        texts = {
            one.name: values.text(one.name)
            for one in fields(cls)
            if one.name not in {"cores", "packages"}
        }
        packages = values.texts("packages")
        return cls(cores=values.integer("cores", least=0), packages=packages, **texts)

    @classmethod
    def capture(cls) -> Environment:
        """Return the environment this process runs in."""
        return cls(
            system=platform.system() or UNKNOWN,
            kernel=".".join(platform.release().split(".")[:2]) or UNKNOWN,
            machine=platform.machine() or UNKNOWN,
            cpu=_cpu_model(),
            cores=_usable_cores(),
            implementation=platform.python_implementation(),
            python=platform.python_version(),
            build=platform.python_compiler(),
            threads=_threads(),
            # The seed changes dict and set order, so it belongs to the measurement's conditions;
            # sys.flags tells only whether it is fixed, not to what.
            hash_seed=os.environ.get("PYTHONHASHSEED", "random") or "random",
            packages=_key_packages(),
        )


def _known(*words: str) -> str:
    """Return what is known of the words; imported results tell little of where they come from."""
    return " ".join(word for word in words if word and word != UNKNOWN)


def _threads() -> str:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "gil"
    gil_on: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "free-threaded build, gil on" if gil_on else "free-threaded"


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


def _cpu_model() -> str:
    if sys.platform == "darwin":
        return _sysctl_brand() or platform.processor() or UNKNOWN
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or UNKNOWN
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model", "cpu model"}:
            return " ".join(value.split())[:200] or UNKNOWN
    return platform.processor() or UNKNOWN


def _sysctl_brand() -> str:
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command of the system
            command, capture_output=True, text=True, timeout=_SYSCTL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()[:200]


def _key_packages() -> dict[str, str]:
    versions = {}
    for name in KEY_PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
