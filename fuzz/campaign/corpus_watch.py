"""What is in a corpus, and what came since the last look, without reading every file each time."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from fuzz.campaign.corpus import content_name, write_whole
from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = re.compile(r"[0-9a-f]{40}")


class CorpusWatch:
    """A corpus folder to which others add. 100 bytes of memory an entry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[bytes] = set()
        self._changed_ns = -1

    def __len__(self) -> int:
        return len(self._known)

    def adopt(self) -> list[str]:
        """Make every file an entry under the name of its content; return what was wrong.

        A user's own seed keeps its file and gets a second one. What a death cut short is an input
        like any other, under another name; its false name goes, and no byte is lost.
        """
        wrong = []
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):
                continue  # another writer's, not yet whole
            said = self._adopt(path)
            if said:
                wrong.append(f"corpus/{path.name}: {said}")
        return wrong

    def _adopt(self, path: Path) -> str:
        if not path.is_file():
            return "it is no file; left where it is"
        try:
            if path.stat().st_size > MAX_BYTES:
                return f"it is longer than the {MAX_BYTES} bytes of an input; left where it is"
            data = path.read_bytes()
        except OSError as error:
            return f"it cannot be read ({error.strerror}); left where it is"
        name = content_name(data)
        if name == path.name:
            return ""
        if not (self._folder / name).exists():
            write_whole(self._folder / name, data)
        if not _NAME.fullmatch(path.name):
            return ""
        path.unlink()
        return f"its content is another than its name says, so it is now {name}"

    def look(self) -> tuple[list[tuple[str, int]], list[str]]:
        """Return the entries that came since the last look as (name, size), and those that went."""
        changed_ns = self._folder.stat().st_mtime_ns
        if changed_ns == self._changed_ns:
            return [], []
        came, there = [], set()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not _NAME.fullmatch(entry.name):
                    continue
                key = bytes.fromhex(entry.name)
                there.add(key)
                if key not in self._known:
                    came.append((entry.name, _size_of(entry)))
        went = [key.hex() for key in self._known - there]
        self._known = there
        # An entry that comes within the clock's grain of this look would not be seen: look again.
        now_ns = self._folder.stat().st_mtime_ns
        self._changed_ns = changed_ns if now_ns == changed_ns and not came else -1
        return came, went


def _size_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0  # merged away between the two looks
