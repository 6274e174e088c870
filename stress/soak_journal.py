"""What a soak has done, on disk: finished turns line by line, and how far the running one is.

Both survive `kill -9` at any moment. A finished turn is one line, appended whole and brought to the
disk. The running turn is one slot of fixed size that each round overwrites: a file that grew by a
line a round would come to gigabytes in a night. So at most the running round is lost.
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, Final

from stress.errors import NoSoakError
from stress.run import Ending
from stress.soak_plan import SoakPlan
from stress.turn import Turn

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from stress.run import Headway

SCHEMA: Final = "holdfast.soak/1"
TURNS: Final = "turns.jsonl"
RUNNING: Final = "running.json"
SLOT_BYTES: Final = 4096  # one page: a write of it is there whole or not at all
KILLED: Final = "the soak was killed in this turn; what its rounds had shown is lost"


class SoakJournal:
    """The folder of one soak. Use as a context manager; belongs to one process and thread.

    Attributes:
        turns: That were over when it was opened, the one that a kill cut short included.
        cut_short: That one, if there is one.
    """

    def __init__(self, folder: Path, turns: tuple[Turn, ...], cut_short: Turn | None) -> None:
        self.folder = folder
        self.turns = turns
        self.cut_short = cut_short
        self._name = ""
        self._number = len(turns) - (cut_short is not None)
        self._file = (folder / TURNS).open("ab")
        if not _locked(self._file):
            self._file.close()
            raise NoSoakError(str(folder), "another process is at it")
        self._drop_half_a_line()
        self._slot = os.open(folder / RUNNING, os.O_WRONLY | os.O_CREAT, 0o644)
        if cut_short is not None:
            self.end(cut_short)

    def __enter__(self) -> SoakJournal:  # noqa: PYI034  # final in effect
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        os.close(self._slot)

    @classmethod
    def new(cls, folder: Path, plan: SoakPlan) -> SoakJournal:
        """Begin a journal in a folder that is made for it.

        Raises:
            NoSoakError: The folder holds something already.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NoSoakError(str(folder), "it is not empty, and nothing in it is overwritten")
        journal = cls(folder, (), None)
        journal._append({"schema": SCHEMA, "plan": plan.to_json()})
        return journal

    @classmethod
    def resume(cls, folder: Path) -> tuple[SoakJournal, SoakPlan]:
        """Open the journal of an earlier process, and return it with its plan.

        Raises:
            NoSoakError: There is none, or it is damaged or of another version.
        """
        plan, turns = read_journal(folder)
        cut_short = running_turn(folder, over=len(turns))
        known = turns if cut_short is None else (*turns, cut_short)
        return cls(folder, known, cut_short), plan

    def begin(self, name: str) -> None:
        """Note whose turn it is."""
        self._name = name
        self._note(rounds=0, operations=0, elapsed_s=0.0, peak_bytes=0)

    def advance(self, headway: Headway) -> None:
        """Note how far the running turn is."""
        self._note(
            rounds=headway.rounds,
            operations=headway.operations,
            elapsed_s=round(headway.elapsed_s, 3),
            peak_bytes=headway.held.resident_bytes,
        )

    def end(self, turn: Turn) -> None:
        """Note that a turn is over."""
        self._append({"turn": turn.to_json()})
        # A slot of an earlier number is over, so it does not matter if nobody comes to clear it.
        self._number += 1
        self._fill({})

    def _drop_half_a_line(self) -> None:
        """Cut off what a killed process had begun to write: the next line must be one."""
        path = self.folder / TURNS
        whole = path.read_bytes().rfind(b"\n") + 1
        if whole < path.stat().st_size:
            os.truncate(path, whole)

    def _append(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _note(self, **figures: float) -> None:
        self._fill({"number": self._number, "turn": {"name": self._name, **figures}})

    def _fill(self, slot: dict[str, Any]) -> None:
        data = json.dumps(slot).encode()
        assert len(data) < SLOT_BYTES, "a name of some thousand characters"
        os.lseek(self._slot, 0, os.SEEK_SET)
        os.write(self._slot, data.ljust(SLOT_BYTES - 1) + b"\n")


def _locked(file: IO[bytes]) -> bool:
    """Keep other processes out until the file is closed, or this process is gone."""
    if sys.platform == "win32":
        return True  # no lock there goes away with a killed process at once
    import fcntl  # noqa: PLC0415  # POSIX only

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_journal(folder: Path) -> tuple[SoakPlan, tuple[Turn, ...]]:
    """Return the plan and the finished turns of a soak.

    Raises:
        NoSoakError: There is no journal, or it is damaged or of another version.
    """
    try:
        lines = (folder / TURNS).read_bytes().split(b"\n")
    except OSError as error:
        raise NoSoakError(str(folder), error.strerror or str(error)) from error
    whole = lines[:-1]  # what has no line end was being written when the process was killed
    try:
        head, *rest = (json.loads(line) for line in whole)
        if head["schema"] != SCHEMA:
            raise NoSoakError(str(folder), f"it is of version {head['schema']}, not {SCHEMA}")
        turns = tuple(Turn.from_json(line["turn"]) for line in rest)
        return SoakPlan.from_json(head["plan"]), turns
    except (ValueError, KeyError, TypeError) as error:
        raise NoSoakError(str(folder), f"{TURNS} is damaged ({error!r})") from error


def running_turn(folder: Path, *, over: int) -> Turn | None:
    """Return the turn that was running when the process was killed; None if none was.

    Args:
        over: How many turns are over: the slot of one of those was only not cleared in time.
    """
    try:
        slot = json.loads((folder / RUNNING).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(slot, dict) or slot.get("number", -1) < over:
        return None
    return Turn(ending=Ending.INTERRUPTED, story=KILLED, **slot["turn"])
