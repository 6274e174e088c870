"""The child process: runs the rounds of one scenario and reports each on its standard output.

Started by file name, with `-P`, and told its import path: so neither a folder called `stress` where
the user stands nor a checkout that is not installed can lead it astray. Usage:
`python -P stress/child.py JOB`, where JOB is the JSON of `stress.parent`.
"""

from __future__ import annotations

import json
import os
import sys


def main(argument: str) -> int:
    """Run the job; 0 if it was done to the end, whatever was found."""
    job = json.loads(argument)
    sys.path[:] = job["path"]
    # The channel moves to a descriptor of its own, and standard output joins standard error: so
    # that a scenario that prints does not speak into our lines.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    from stress.rounds import Rounds  # noqa: PLC0415  # importable only now

    with channel:
        return Rounds(job, channel).run()


if __name__ == "__main__":
    # os._exit would lose buffered output, and a plain exit waits for threads the body has left
    # stuck; those were reported as a leak already.
    code = main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
