"""The child process: replays what was saved, then runs what its engine makes.

Started by file name, with `-P`, and told its import path: so neither a folder called `fuzz` where
the user stands nor a checkout that is not installed can lead it astray. Usage:
`python -P fuzz/child.py JOBFILE`, where the file holds the JSON of `fuzz.watch`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(job_file: str) -> None:
    """Do the job with the plain generator."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    sys.path[:] = job["path"]
    from fuzz.generator import fuzz_plainly  # noqa: PLC0415  # importable only now
    from fuzz.session import Session  # noqa: PLC0415

    session = Session(job)
    with session.hooks():
        executor = session.executor()
        if not executor.done:
            fuzz_plainly(
                executor,
                session.corpus,
                session.box,
                seed=job["seed"],
                max_bytes=session.target.max_bytes,
            )
        executor.finish()


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a plain exit waits for threads that a run has left stuck
