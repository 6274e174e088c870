"""What one run of a sweep's body came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.faults.injection import Injected


class Broken(StrEnum):
    """What a fault broke; the value says it to people."""

    WRONG_ERROR = "it ended with an error that it may not end with"
    INVARIANT = "its check does not hold any more"
    LEAK = "it left something behind"
    HANG = "it did not end"
    SCHEDULE = "under one schedule it does not get over the fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run, or all the explored runs of one fault.

    Attributes:
        log: What was injected.
        met: The calls that were met.
        ending: The type of the allowed error it ended with; "" when it passed.
        broken: What the fault broke, if anything.
        message: What was seen.
        token: The schedule, where there is one.
    """

    log: tuple[Injected, ...] = ()
    met: Mapping[str, int] = field(default_factory=dict)
    ending: str = ""
    broken: Broken | None = None
    message: str = ""
    token: str = ""


def first_line(error: BaseException) -> str:
    """Return an error as one line: its type, its words, and where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ""
    if trace is not None:
        where = f" (at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
    words = (
        str(error).strip().partition("\n")[0]
    )  # pytest adds to an assertion what it has looked up
    return f"{type(error).__name__}: {words}{where}"
