"""The child process: runs the rounds of one scenario and reports each on its standard output.

Started by file name, with `-P`, and told its import path: so neither a folder called `stress` where
the user stands nor a checkout that is not installed can lead it astray. Usage:
`python -P stress/child.py JOB`, where JOB is the JSON of `stress.spawning`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile


def main(argument: str) -> None:
    """Run the job; whatever is found goes to the parent in words."""
    job = json.loads(argument)
    if job["path"] is not None:
        sys.path[:] = job["path"]
    else:  # another interpreter: its own libraries, and what lies where the user stands
        sys.path += [place for place in job["beside"] if place not in sys.path]
    # Channel and questions move to descriptors of their own, and standard output joins standard
    # error: so that a scenario that prints or reads does not speak into our lines.
    reports, questions = os.dup(1), os.dup(0)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # pathlib would be one more import
        os.dup2(nothing.fileno(), 0)
    tempfile.tempdir = job["scratch"]
    from stress.channel import Channel  # noqa: PLC0415  # importable only now
    from stress.limits import limit_this_process  # noqa: PLC0415
    from stress.watcher import start_watcher  # noqa: PLC0415

    channel = Channel(reports)
    limit_this_process(memory_bytes=job["memory_bytes"], file_bytes=job["disk_bytes"])
    start_watcher(questions, channel, folder=os.path.dirname(job["scratch"]))  # noqa: PTH120
    if job["describe"]:
        from stress.describing import describe  # noqa: PLC0415

        describe(job["describe"], channel)
        return
    if "life" in job:
        from stress.chaos_child import work_until_killed  # noqa: PLC0415

        work_until_killed(job, channel)
        return
    from stress.rounds import Rounds  # noqa: PLC0415

    with open(job["stacks"], "ab", buffering=0) as stacks:  # noqa: PTH123  # as above
        Rounds(job, channel, stacks=stacks).run()


if __name__ == "__main__":
    main(sys.argv[1])
    # os._exit would lose buffered output, and a plain exit waits for threads the body has left
    # stuck; those were reported as a leak already.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
