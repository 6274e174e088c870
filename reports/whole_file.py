"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import IO


def write_atomically(
    target: Path, data: bytes, *, read_only: bool = False, prefix: str = ".", sync: bool = True
) -> None:
    """Write `data` so that a reader or a crash meets the old file or the new, nothing between.

    Args:
        prefix: Of the name that the file has while it is not whole.
        sync: Return only when the file's name survives a power cut, too; whoever writes many calls
            `sync_folder` once in the end. What the file holds survives in either case.
    """
    name = _written_aside(target, data, read_only=read_only, prefix=prefix)
    try:
        os.replace(name, target)  # noqa: PTH105  # both names are of one folder
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(target.parent)


def place_once(target: Path, data: bytes, *, prefix: str = ".") -> None:
    """Write `data` like `write_atomically`, unless there is a file already: the first one stays."""
    name = _written_aside(target, data, read_only=False, prefix=prefix)
    try:
        os.link(name, target)
    except FileExistsError:
        return
    except OSError:  # a file system without links; there, the last of two at once stays
        if not target.exists():
            os.replace(name, target)  # noqa: PTH105  # both names are of one folder
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(target.parent)


def _written_aside(target: Path, data: bytes, *, read_only: bool, prefix: str) -> str:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=".partial")
    try:
        with _file_of(descriptor) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _set_mode(name, read_only=read_only)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _file_of(descriptor: int) -> IO[bytes]:
    try:
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)  # nobody else knows of it
        raise


def _set_mode(name: str, *, read_only: bool) -> None:
    if sys.platform == "win32":
        return  # a read-only file could not be replaced or removed there
    os.chmod(name, 0o444 if read_only else 0o644)  # noqa: PTH101  # mkstemp made it 0600


def sync_folder(folder: Path) -> None:
    """Return when every name in the folder survives a power cut."""
    if sys.platform == "win32":
        return  # folders cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the name must survive as well as the bytes
    finally:
        os.close(descriptor)
