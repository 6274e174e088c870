"""The seed of `hash()` of texts and bytes: it orders sets, and a process has it for life.

Where `PYTHONHASHSEED` is not set, every process draws another one, and a set of names is walked in
another order in each. The command line therefore starts itself anew with a fixed seed; in process
nothing can be done but to say so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final, NoReturn

VARIABLE: Final = "PYTHONHASHSEED"
DEFAULT: Final = 0  # hashes are not salted at all, as one knows it from other languages
MAX_SEED: Final = 2**32 - 1  # what Python takes


def _read() -> int | None:
    if not sys.flags.hash_randomization:
        return 0
    text = "" if sys.flags.ignore_environment else os.environ.get(VARIABLE, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) <= MAX_SEED else None


_CURRENT: Final = _read()  # at once: a program may change its environment, but not its hashes


def current_hash_seed() -> int | None:
    """Return the seed that this process was started with; None if it drew one."""
    return _CURRENT


def can_restart() -> bool:
    """Say whether a new start would change anything.

    Not where the user asks for random hashes, and not where Python does not look at variables.
    """
    return VARIABLE not in os.environ and not sys.flags.ignore_environment


def restart(seed: int) -> NoReturn:
    """Start this very command anew with a hash seed; this process becomes it, or waits for it."""
    arguments = [sys.executable, *sys.orig_argv[1:]]
    environment = {**os.environ, VARIABLE: str(seed)}
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(sys.executable, arguments, environment)  # noqa: S606  # our own command line
    done = subprocess.run(arguments, env=environment, check=False)  # noqa: S603  # as above
    sys.exit(done.returncode)
