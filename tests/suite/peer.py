"""frontrun's own searches of the suite's programs, run in its own Python beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.suite.catalogue import PACKAGE
from tests.suite.searches import Search, SearchEnd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.suite.catalogue import Entry

# Where frontrun is installed when it is not here; the benchmarks read the same variable.
PYTHON_VARIABLE: Final = "HOLDFAST_FRONTRUN_PYTHON"
VERSION: Final = "0.7.0"
MODES: Final = ("frontrun random", "frontrun dpor")
SEEDS: Final = 5
# The programs it is run on unless all are asked for. Each hang costs it 5 seconds of wall time,
# after which it calls the search inconclusive, so most of these end by themselves.
SUBSET: Final = (
    "account", "bluetooth_driver", "deadlock01", "lazy01", "token_ring", "stack",
    "din_phil_classic_3", "din_phil_classic_5", "reorder_3", "reorder_5", "reorder_10",
    "twostage", "twostage_20", "wronglock_3", "stringbuffer", "cached_property_twice",
    "executor_exit", "ttl_cache_expiry", "futures_wait", "pool_container", "pool_after_fork",
    "event_cleared_late", "uneven_store",
)  # fmt: skip
_CHILD: Final = Path(__file__).with_name("frontrun_child.py")
_LAST_WORDS: Final = 500  # characters of an error
_SLACK_S: Final = 60.0  # start, imports, and executions that frontrun does not interrupt


def frontrun_python() -> str | None:
    """Return the Python that has frontrun; None if there is none."""
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        return named
    return sys.executable if find_spec("frontrun") is not None else None


def search_with_frontrun(
    python: str, entry: Entry, *, seeds: Sequence[int], executions: int, limit_s: float
) -> Iterator[Search]:
    """Let frontrun search one program, at random with each seed and once with its dpor.

    Args:
        limit_s: Wall seconds of one search.
    """
    job = {
        "module": f"{PACKAGE}.{entry.module}",
        "function": entry.function,
        "arguments": entry.arguments,
        "executions": executions,
        "seeds": list(seeds),
        "limit_s": limit_s,
    }
    command = [python, "-m", "frontrun.cli", python, str(_CHILD), json.dumps(job)]
    timeout_s = (limit_s + _SLACK_S) * (len(seeds) + 1)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        lines, why = done.stdout.splitlines(), done.stderr.strip()[-_LAST_WORDS:]
    except (OSError, subprocess.TimeoutExpired) as error:
        lines, why = [], str(error)[:_LAST_WORDS]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    for mode in MODES:  # a table that has no cell for what failed would hide it
        if mode not in {line["strategy"] for line in told}:
            told.append(_silence(mode, why))
    for line in told:
        yield _search_of(line, entry, executions)


def _silence(mode: str, why: str) -> dict[str, Any]:
    return {
        "strategy": mode,
        "seed": 0,
        "holds": None,
        "executions": 0,
        "why": f"frontrun did not run: {why}",
        "cpu_s": 0.0,
        "late": False,
        "version": VERSION,
    }


def _search_of(line: dict[str, Any], entry: Entry, executions: int) -> Search:
    return Search(
        program=entry.name,
        strategy=line["strategy"],
        seed=line["seed"],
        budget=executions,
        end=_end_of(line, executions),
        executions=line["executions"],
        cpu_s=line["cpu_s"],
        detail=line["why"],
        python=f"frontrun {line['version']}",
    )


def _end_of(line: dict[str, Any], executions: int) -> SearchEnd:
    if line["holds"] is False:
        return SearchEnd.FOUND
    if line["holds"] is None:
        return SearchEnd.TIME  # it calls that inconclusive
    if line["late"]:
        return SearchEnd.TIME  # which its dpor calls a pass, like the search of everything
    dry = line["strategy"] == "frontrun dpor" and line["executions"] < executions
    return SearchEnd.DRY if dry else SearchEnd.BUDGET
