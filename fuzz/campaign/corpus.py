"""Folders of inputs, each named by its content.

The name is the SHA-1 of the bytes, as libFuzzer names its own, so that both engines share one
folder. A file is either whole or not there: it is written under another name and moved. Two
writers of one input write the same file.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Final

from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME: Final = re.compile(r"[0-9a-f]{40}")


def content_name(data: bytes) -> str:
    """Return the name of an input."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)


class InputFolder:
    """A folder of inputs. Others may add to it at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, data: bytes) -> Path:
        """Keep an input and return its file."""
        path = self.path / content_name(data)
        if not path.exists():
            write_whole(path, data)
        return path

    def remove(self, data: bytes) -> None:
        """Keep an input no longer."""
        (self.path / content_name(data)).unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """Return the files of inputs, by name; nothing else that lies there."""
        if not self.path.is_dir():
            return []
        return sorted(path for path in self.path.iterdir() if _NAME.fullmatch(path.name))

    def inputs(self) -> Iterator[bytes]:
        """Yield every input that the black box has room for, by name."""
        for path in self.files():
            data = path.read_bytes()
            if len(data) <= MAX_BYTES:
                yield data

    def __len__(self) -> int:
        return len(self.files())
