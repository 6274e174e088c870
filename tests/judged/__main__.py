"""Judges every class, ours and the library's, by its histories: `python -m tests.judged`.

A class that is right must pass, and each known-bad twin, and what is known to be wrong in the
library, must be found. Prints a row for each; the text of what was found with `--stories`.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from harness.stateful import ProgramFailedError
from tests.judged.stdlib import RIGHT, WRONG
from tests.judged.subjects import SUBJECTS  # first: it has the subjects instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tests.judged.judged import Judged

    Row = tuple[Judged, str, Callable[[], Any] | None, bool]


def rows() -> Iterator[Row]:
    """Yield what is judged: the class, a twin's name, what makes it, and whether it is right."""
    for one in (*SUBJECTS, *RIGHT):
        yield one, "", None, True
        for twin, make in one.twins.items():
            yield one, twin, make, False
    for one in WRONG:
        yield one, "", None, False


def shortly(error: ProgramFailedError) -> str:
    """Return what was found in one line: what is wrong, the program, and how long it took."""
    program = error.program
    text = " | ".join(", ".join(map(str, calls)) for calls in program.threads if calls)
    if program.prefix:
        text = f"first {', '.join(map(str, program.prefix))}; {text}"
    if program.suffix:
        text = f"{text}; then {', '.join(map(str, program.suffix))}"
    return f"{error.failing.headline}: {text} ({error.failing.found})"


def main() -> int:
    """Return 0 if every row came out as it must."""
    given = _parser().parse_args()
    missed = 0
    for one, twin, make, right in rows():
        name = f"{one.name} ({twin})" if twin else one.name
        if given.only not in name:
            continue
        began_s = time.perf_counter()
        programs = min(given.right, given.programs) if right else given.programs
        how = {"programs": programs, "executions": given.executions, "seed": given.seed}
        passed = True
        try:
            words = one.check(make, **how).evidence
        except ProgramFailedError as error:
            words = str(error) if given.stories else shortly(error)
            passed = False
        missed += passed is not right
        state = ("passed" if passed else "found ") if passed is right else "WRONG "
        _say(f"{state} {name} [{time.perf_counter() - began_s:.1f} s]: {words}")
    _say(f"{missed} rows came out wrong" if missed else "every row came out as it must")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.judged",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--programs", type=int, default=200, help="at most, of each class [200]")
    add("--right", type=int, default=100, help="at most, of what is right [100]")
    add("--executions", type=int, default=200, help="at most, of each program [200]")
    add("--seed", type=int, default=0)
    add("--only", default="", help="only names that have this in them")
    add("--stories", action="store_true", help="print what was found in full")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
