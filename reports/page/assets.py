"""The page's style and script: one text each, and the hash that lets just this script run."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from reports.page.sections import SECTIONS

TEMPLATES: Final = Path(__file__).parent / "templates"


def style() -> str:
    """Return the page's style, each section's own after what all share."""
    return _joined("css")


def script() -> str:
    """Return the page's script, each section's own after what all share."""
    return _joined("js")


def script_hash(text: str) -> str:
    """Return the source expression of a content policy that allows this script and no other."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _joined(ending: str) -> str:
    names = ["page", "plots", *(section.name for section in SECTIONS)]
    files = [TEMPLATES / f"{name}.{ending}" for name in names]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
