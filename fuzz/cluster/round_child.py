"""The child process of a cluster's worker in which one round runs.

Usage: `python -P fuzz/cluster/round_child.py FOLDER`: the job is in FOLDER/job, the result goes to
FOLDER/result; both are pickles of ours. It ends when whoever started it is gone: a worker that is
killed would otherwise leave it running while the scheduler runs the round again elsewhere.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from pathlib import Path

LOOK_S = 0.5


def main(folder: Path) -> None:
    """Run the round."""
    begun, path, job = pickle.loads((folder / "job").read_bytes())  # noqa: S301  # our parent's
    sys.path[:] = path
    threading.Thread(target=_end_with, args=(begun,), daemon=True).start()
    try:
        result: object = job()
        ended = ("result", result)
    except Exception as error:  # noqa: BLE001  # told where the round was asked for
        ended = ("error", f"{type(error).__name__}: {error}")
    temporary = folder / "result.part"
    temporary.write_bytes(pickle.dumps(ended))
    temporary.replace(folder / "result")


def _end_with(parent: int) -> None:
    """End this process once its parent is another one."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    # Children of ours see the same of us and end by themselves.
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a plain exit waits for threads that a run has left stuck
