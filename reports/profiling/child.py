"""The child process: runs one target under one kind of look, and writes what it found to a file.

Started by file name, with `-P`: `python -P child.py JOB`, where JOB is the JSON of `running`.
"""

from __future__ import annotations

import json
import os
import sys


def main(argument: str) -> None:
    """Run the job; whatever comes of it goes into the result file."""
    job = json.loads(argument)
    sys.path[:] = job["path"]
    import faulthandler  # noqa: PLC0415  # importable only now, as all below
    import signal  # noqa: PLC0415

    if sys.platform != "win32":
        faulthandler.register(signal.SIGUSR2)  # the parent asks so where a stuck target stands
    result = json.dumps(_outcome(job))
    with open(job["result"], "w", encoding="utf-8") as file:  # noqa: PTH123  # no imports first
        file.write(result)


def _outcome(job: dict[str, object]) -> dict[str, object]:
    from reports.profiling.hot_spot import ProfileKind  # noqa: PLC0415
    from reports.profiling.waits import watch_waits  # noqa: PLC0415

    kind = ProfileKind(str(job["kind"]))
    if kind is ProfileKind.WAIT:
        watch_waits()  # before the target is imported: locks made earlier are not seen
    try:
        return _measured(job, kind)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the target's, whatever it is
        return _trouble(error)


def _measured(job: dict[str, object], kind: object) -> dict[str, object]:
    from reports.profiling.passes import Effort, Pass  # noqa: PLC0415
    from reports.profiling.targets import find_target, is_test  # noqa: PLC0415

    measured = Pass(kind, Effort(time_s=job["time_s"], repeat=job["repeat"]))  # type: ignore[arg-type]  # from JSON
    target = str(job["target"])
    if is_test(target):
        from reports.profiling.test_runs import run_test  # noqa: PLC0415

        run_test(target, measured)
    else:
        call = find_target(target)
        measured.measure(lambda: call, again=False)
    return {"found": measured.result()}


def _trouble(error: BaseException) -> dict[str, object]:
    import traceback  # noqa: PLC0415

    from reports.profiling.targets import TargetNotFoundError  # noqa: PLC0415

    if isinstance(error, TargetNotFoundError):
        return {"not_found": str(error)}
    if type(error).__name__ == "TestFailedError":
        return {"raised": "the test did not pass", "story": str(error)}
    said = "".join(traceback.format_exception_only(error)).strip()
    return {"raised": said, "story": "".join(traceback.format_exception(error))}


if __name__ == "__main__":
    main(sys.argv[1])
    # Threads that the target has left running must not keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
