"""Keeps rewritten code between runs, beside Python's own `__pycache__` files.

A cache file is either the whole truth or not there: it is written under another name and moved,
and a checksum stands before the code, because unmarshalling damaged bytes can end the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import os
import sys
from pathlib import Path
from types import CodeType
from typing import Final

from harness.instrument.rewriter import rewriter_fingerprint

_DIGEST_BYTES: Final = 16


def cache_path(source_path: str, *, flavour: str = "") -> Path | None:
    """Return where the rewritten code of a source file is kept; None if nowhere.

    Args:
        flavour: Tells apart codes of one file, such as those with pytest's assertions.
    """
    try:
        plain = Path(importlib.util.cache_from_source(source_path))
    except NotImplementedError:
        return None
    return plain.with_name(f"{plain.stem}.holdfast{flavour}.pyc")


def load_code(path: Path | None, key: bytes) -> CodeType | None:
    """Return the code kept at `path` if it was made from just what `key` names."""
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    stamp, digest = data[:_DIGEST_BYTES], data[_DIGEST_BYTES : 2 * _DIGEST_BYTES]
    body = data[2 * _DIGEST_BYTES :]
    if stamp != key or digest != _digest(body):
        return None
    code = marshal.loads(body)  # noqa: S302  # the checksum holds, and pyc files are no safer
    return code if isinstance(code, CodeType) else None


def save_code(path: Path | None, key: bytes, code: CodeType) -> None:
    """Keep `code` for the next run; a folder that cannot be written is no error."""
    if path is None or sys.dont_write_bytecode:
        return
    body = marshal.dumps(code)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(key + _digest(body) + body)
        temporary.replace(path)


def cache_key(source: bytes, *, filename: str, flavour: str = "") -> bytes:
    """Return what the code depends on: source, name of the file, Python, this rewriter."""
    parts = (
        source,
        filename.encode(),
        flavour.encode(),
        importlib.util.MAGIC_NUMBER,
        rewriter_fingerprint().encode(),
        str(sys.flags.optimize).encode(),
    )
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
