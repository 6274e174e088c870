"""What a page of ours lets a browser do."""

from __future__ import annotations

import base64
import hashlib


def page_policy(script: str) -> str:
    """Return a content security policy: nothing from outside, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
