"""What a signal that ended a child usually means."""

from __future__ import annotations

import signal
from typing import Final

_MEANING: Final = {
    "SIGKILL": "not by us: the system does that when it runs out of memory, or somebody did",
    "SIGTERM": "somebody asked it to end, perhaps the scenario itself",
    "SIGSEGV": "code in C touched memory that is not its own; what it printed has the stacks",
    "SIGBUS": "a mapped file became shorter, or an address was crooked",
    "SIGABRT": "code in C gave up, such as an allocator that found its memory damaged",
    "SIGILL": "code in C was built for another processor, or gave up",
    "SIGFPE": "code in C divided by zero",
    "SIGPIPE": "nobody read any longer what it wrote, and the signal had its default",
}


def signal_words(number: int) -> str:
    """Return the name of a signal, and what is mostly behind it where that is known."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    meaning = _MEANING.get(name)
    return name if meaning is None else f"{name} ({meaning})"
