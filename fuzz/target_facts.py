"""What the parent knows of a target without ever importing it: asked of a child process.

A user's module may raise, hang, print, fork or leave while it is imported; in a child that is an
answer like another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.catalogue import place_of
from fuzz.errors import BrokenTargetError

if TYPE_CHECKING:
    from fuzz.fuzz_target import Target

SCOUT: Final = Path(__file__).with_name("scout.py")
IMPORT_S: Final = 60.0  # a heavy import takes 7 s on a quiet machine
MARK: Final = "holdfast-target "
LAST_WORDS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """The fields of a `Target` that can be written down; see there.

    Attributes:
        place: `module:NAME`, by which children import it.
    """

    name: str
    place: str
    what: str
    instrument: tuple[str, ...]
    controlled: bool
    compares: bool
    seeds: tuple[bytes, ...]
    dictionary: tuple[bytes, ...]
    max_bytes: int
    hang_s: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values; bytes as hex."""
        fields = asdict(self)
        for name in ("seeds", "dictionary"):
            fields[name] = [one.hex() for one in fields[name]]
        return fields


def facts_from_json(fields: dict[str, Any]) -> TargetFacts:
    """Read what `to_json` wrote."""
    values = {**fields, "instrument": tuple(fields["instrument"])}
    for name in ("seeds", "dictionary"):
        values[name] = tuple(bytes.fromhex(one) for one in fields[name])
    return TargetFacts(**values)


def facts_of(target: Target, *, place: str) -> TargetFacts:
    """Return the facts of an imported target."""
    return TargetFacts(
        name=target.name,
        place=place,
        what=target.what,
        instrument=target.instrument,
        controlled=target.controlled,
        compares=target.compares,
        seeds=target.seeds,
        dictionary=target.dictionary,
        max_bytes=target.max_bytes,
        hang_s=target.hang_s,
    )


def ask(name: str, *, timeout_s: float = IMPORT_S) -> TargetFacts:
    """Return the facts of the target called `name`; its module is imported in a child.

    Raises:
        UnknownTargetError: No target goes by that name.
        BrokenTargetError: Its module cannot be imported, or holds no target there.
    """
    place = place_of(name)
    command = [sys.executable, "-P", str(SCOUT), place, json.dumps(sys.path)]
    try:
        done = subprocess.run(  # noqa: S603  # our interpreter, our file
            command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise BrokenTargetError(name, f"its import took more than {timeout_s:g} s") from error
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(MARK):
            answer = json.loads(line.removeprefix(MARK))
            if "broken" in answer:
                raise BrokenTargetError(name, answer["broken"])
            return facts_from_json(answer)
    words = done.stderr.decode("utf-8", "replace")[-LAST_WORDS:].strip()
    raise BrokenTargetError(
        name, f"its import ended the process with status {done.returncode}; {words or 'no words'}"
    )
