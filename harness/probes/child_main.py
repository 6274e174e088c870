"""The child's side of a probe: run one named function and wait at its checkpoints.

Run as a script by its path, never imported by the parent: the child then loads the standard library
and the target alone, which keeps it quick and its memory small. Everything the target does is its
own; what this file keeps for the scan is one control value on the heap.

The protocol: reports go out as JSON lines, answers come in as single bytes followed, for a key, by
its raw bytes. A key is read straight into the caller's buffer, so that the way in leaves no copy.
"""

import faulthandler
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

GO_ON: Final = b"g"
CONTROL_BYTES: Final = 8  # one piece to search for; 2**-64 that it is found by chance


class Probe:
    """What the target gets: the key, checkpoints, and a joined worker thread."""

    __slots__ = ("_answers", "_control", "_reports")

    def __init__(self, answers: int, reports: int) -> None:
        self._answers = answers
        self._reports = reports
        self._control = bytearray(CONTROL_BYTES)

    def keep_control(self) -> None:
        """Take in the control value that every scan must find, and keep it on the heap."""
        self._report("control", {})
        self._fill(self._control)

    def key_into(self, buffer: Any) -> None:  # noqa: ANN401  # whatever has writable bytes
        """Fill `buffer` with the key; ask as often as copies are wanted."""
        view = memoryview(buffer).cast("B")
        self._report("key", {"size": len(view)})
        self._fill(view)

    def checkpoint(self, name: str, **data: object) -> None:
        """Tell the parent that `name` is reached, and wait until it says to go on.

        `data` travels as JSON: numbers, strings, lists; never a secret.
        """
        self._report("checkpoint", {"name": name, "data": data})
        if os.read(self._answers, 1) != GO_ON:
            os._exit(0)  # the parent is gone, nobody is left to report to

    def in_worker(self, job: Callable[[], object]) -> None:
        """Run `job` in a thread of its own and join it: what it left on its stack stays behind."""
        failures: list[BaseException] = []

        def run() -> None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001  # raised again in the caller
                failures.append(error)

        worker = threading.Thread(target=run, name="probed worker")
        worker.start()
        worker.join()
        if failures:
            raise failures[0]

    def _fill(self, buffer: Any) -> None:  # noqa: ANN401
        view, done = memoryview(buffer), 0
        while done < len(view):
            got = 0
            if sys.platform != "win32":  # a probe that is given a key is POSIX only
                got = os.readv(self._answers, [view[done:]])  # a bytes object would be a copy
            if not got:
                os._exit(0)
            done += got

    def _report(self, kind: str, fields: dict[str, object]) -> None:
        line = json.dumps({"kind": kind, **fields}).encode() + b"\n"
        os.write(self._reports, line)


def main(job: str) -> None:
    """Run the job, a JSON object with `target`, `path` and `arguments`."""
    asked = json.loads(job)
    faulthandler.enable()
    if sys.platform != "win32":  # a probe that needs no scan may still run there
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    sys.path[:] = asked["path"]
    # The channel moves away from 0 and 1, so that a target may print and read as it likes.
    answers, reports = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # pathlib would be one more import
        os.dup2(nothing.fileno(), 0)
    probe = Probe(answers, reports)
    probe.keep_control()
    module, _, name = asked["target"].partition(":")
    getattr(importlib.import_module(module), name)(probe, **asked["arguments"])
    os.write(reports, b'{"kind": "done"}\n')


if __name__ == "__main__":
    main(sys.argv[1])
