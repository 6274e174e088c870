"""Entries of a corpus whose writer was killed while it wrote them.

Ours are written whole or not at all; libFuzzer writes into the folder as it goes. What is there of
a torn entry is an input like another, so it gets the name of its content.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from fuzz.campaign.corpus import content_name

if TYPE_CHECKING:
    from fuzz.campaign.corpus import InputFolder

STILL_S: Final = 2.0  # since the last write: a writer that lives has long finished
RECENT_S: Final = 3_600.0  # older ones were looked at by workers before


def mend_torn(corpus: InputFolder, *, still_s: float = STILL_S) -> int:
    """Name torn entries by what they hold, remove empty ones; return how many there were."""
    now_s = time.time()
    torn = 0
    for path in corpus.files():
        try:
            age_s = now_s - path.stat().st_mtime
            if not still_s <= age_s <= RECENT_S:
                continue
            data = path.read_bytes()
        except OSError:
            continue  # another worker took it away
        if content_name(data) != path.name:
            torn += 1
            if data:
                corpus.add(data)
            path.unlink(missing_ok=True)
    return torn
