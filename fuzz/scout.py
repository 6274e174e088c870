"""The child that imports a target once, plainly, and tells what it is.

Usage: `python -P fuzz/scout.py MODULE:NAME PATH`, where PATH is the JSON of the import path.
"""

from __future__ import annotations

import json
import os
import sys


def main(place: str, path: str) -> None:
    """Print one marked line; whatever else the target's module prints goes to standard error."""
    sys.path[:] = json.loads(path)
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from fuzz.catalogue import find_target  # noqa: PLC0415  # importable only now
    from fuzz.errors import UnknownTargetError  # noqa: PLC0415  # as above
    from fuzz.target_facts import MARK, facts_of  # noqa: PLC0415  # as above

    try:
        answer = facts_of(find_target(place), place=place).to_json()
    except UnknownTargetError as error:
        answer = {"broken": error.reason}
    channel.write(MARK + json.dumps(answer) + "\n")
    channel.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a plain exit waits for threads that the import has started
