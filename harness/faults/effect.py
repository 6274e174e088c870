"""What is done to a call that a rule picks: it fails, raises, takes longer or ends the process."""

from __future__ import annotations

import builtins
import contextlib
import errno
import importlib
import math
import os
import re
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from harness.faults.calls import usual_failure

_UNITS_S: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION: Final = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>us|ms|s)")


class Does(StrEnum):
    """The kinds of effect; the value is its word in a plan."""

    FAILS = "fails"
    RAISES = "raises"
    SLOW = "slow"
    KILLS = "kills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a call.

    Attributes:
        does: The kind.
        name: The errno's name for FAILS ("" for the one that is usual for the call), the
            exception for RAISES: a builtin, or "package.module:Name"; the signal for KILLS, which
            ends the process at the call, "" for SIGKILL.
        delay_s: How much longer a SLOW call takes.
    """

    does: Does
    name: str = ""
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        match self.does:
            case Does.FAILS:
                if self.name and not isinstance(getattr(errno, self.name, None), int):
                    raise ValueError(f"fails takes the name of an errno, got {self.name!r}")
            case Does.RAISES:
                _exception_type(self.name)
            case Does.KILLS:
                _signal_number(self.name)
            case Does.SLOW:
                if not (self.delay_s > 0 and math.isfinite(self.delay_s)):
                    raise ValueError(f"slow takes a time above 0, got {self.delay_s!r}")

    @classmethod
    def parse(cls, words: list[str]) -> Self:
        """Read an effect.

        Raises:
            ValueError: It says what is wrong.
        """
        if not words or words[0] not in list(Does):
            raise ValueError(f"it takes one of {', '.join(Does)} at its end")
        does, rest = Does(words[0]), words[1:]
        least, most = (0, 1) if does in (Does.FAILS, Does.KILLS) else (1, 1)
        if not least <= len(rest) <= most:
            raise ValueError(f"{does} takes one word, got {' '.join(rest)!r}")
        if does is Does.SLOW:
            return cls(does=does, delay_s=_seconds(rest[0]))
        return cls(does=does, name=rest[0] if rest else "")

    def delay(self) -> None:
        """Take the time of a SLOW effect; under the engine that is virtual time."""
        if self.does is Does.SLOW:
            time.sleep(self.delay_s)  # looked up now, so that an execution's twin is what sleeps

    def error(self, call: str) -> BaseException | None:
        """Return what the call ends with; None where it goes on."""
        match self.does:
            case Does.SLOW:
                return None
            case Does.KILLS:
                os.kill(os.getpid(), _signal_number(self.name))
                return None  # of a signal that does not end it
            case Does.RAISES:
                return _exception_type(self.name)(f"injected into {call}")
            case Does.FAILS if self.name:
                number = int(getattr(errno, self.name))
                return OSError(number, os.strerror(number), call)
            case Does.FAILS:
                return Effect.parse(usual_failure(call).split()).error(call)

    def __str__(self) -> str:
        if self.does is Does.SLOW:
            return f"slow {_duration(self.delay_s)}"
        return f"{self.does} {self.name}".rstrip()


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"slow takes a time as 50ms, 1.5s or 200us, got {text!r}")
    return float(found["number"]) * _UNITS_S[found["unit"]]


def _duration(seconds: float) -> str:
    """Write a time so that it reads back as the very same number."""
    for unit in ("s", "ms", "us"):
        text = f"{seconds / _UNITS_S[unit]:.12g}{unit}"
        if _DURATION.fullmatch(text) and "." not in text and _seconds(text) == seconds:
            return text
    return f"{seconds!r}s" if "e" not in repr(seconds) else f"{seconds:.20f}s"


def _signal_number(name: str) -> int:
    number = getattr(signal, name or "SIGKILL", None)
    if not isinstance(number, signal.Signals):
        raise ValueError(f"kills takes the name of a signal this system has, got {name!r}")  # noqa: TRY004  # a wrong value
    return int(number)


def _exception_type(name: str) -> type[BaseException]:
    module, colon, attribute = name.partition(":")
    found: object = None
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        home = importlib.import_module(module) if colon else builtins
        found = getattr(home, attribute if colon else name)
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    raise ValueError(f"raises takes an exception's name, and {name!r} is none")
