"""The child that runs single inputs: imports the target once, then forks a runner that may die.

The first line of standard input is the job; each further line is a request, answered before the
next is sent. The program forks a runner, which answers the requests, and forks another when that
has ended. So the import is paid once, an input that ends its process costs a fork of a few
milliseconds, and a runner can be had that no input has touched. Where there is no fork, or the
target starts threads while it is imported, the program answers by itself, and the parent starts
another.

Usage: `python -P fuzz/triaging/contained_child.py`, where the job is what `fuzz.triaging.contained`
writes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.fuzz_target import Target

CHUNK: Final = 1 << 20


class Line:
    """The parent's end of the line. Requests come one at a time, so nothing is read ahead."""

    def __init__(self) -> None:
        # Both ends move away: a target that reads or prints does not meddle with our lines.
        self._requests = os.dup(0)
        self._answers = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)

    def read(self) -> dict[str, Any] | None:
        """Return the next request; None when the parent is gone."""
        text = b""
        while not text.endswith(b"\n"):
            chunk = os.read(self._requests, CHUNK)
            if not chunk:
                return None
            text += chunk
        request: dict[str, Any] = json.loads(text)
        return request

    def send(self, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Answer."""
        text = json.dumps(fields).encode() + b"\n"
        while text:
            text = text[os.write(self._answers, text) :]


class Runner:
    """Answers requests in a process that may die of it."""

    def __init__(self, target: Target, line: Line, cover: Any) -> None:  # noqa: ANN401  # optional
        self._target = target
        self._line = line
        self._cover = cover
        self._stray: list[BaseException] = []
        self._pid = os.getpid()
        # Without these an exception in a thread or a finaliser is a line on standard error.
        threading.excepthook = lambda args: self._take(args.exc_value)
        sys.unraisablehook = lambda args: self._take(args.exc_value)

    def serve(self) -> None:
        """Answer until told to leave."""
        self._line.send(ready=self._pid)
        while (request := self._line.read()) is not None:
            self._line.send(began=request["number"])
            answer = self._answer(request)
            if os.getpid() != self._pid:
                os._exit(0)  # a child that the target has forked came back into our loop
            if answer is None:
                return
            self._line.send(**answer)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        match request["do"]:
            case "run":
                return self._run(bytes.fromhex(request["data"]))
            case "story":
                return {"told": self._story(bytes.fromhex(request["data"]))}
            case "describe":
                return {"told": self._describe(bytes.fromhex(request["data"]))}
            case "save":
                self._cover.save()
                return {"told": ""}
            case _:
                return None

    def _run(self, data: bytes) -> dict[str, Any]:
        from fuzz.triaging.crash import crash_of, full_traceback  # noqa: PLC0415  # importable only now

        undecided, error = self._try(data)
        if error is None:
            return {"crash": None, "undecided": undecided}
        crash = crash_of(error, data, story=full_traceback(error), confirmed=True)
        return {"crash": crash.to_json(), "undecided": False}

    def _try(self, data: bytes) -> tuple[bool, BaseException | None]:
        from fuzz.errors import UndecidedError  # noqa: PLC0415  # importable only now

        undecided, error = False, None
        try:
            self._target.run(data)
        except UndecidedError:
            undecided = True
        except BaseException as raised:  # noqa: BLE001  # SystemExit is a crash like others
            error = raised
        # A finaliser in a cycle fails now, or with an input that has nothing to do with it.
        gc.collect()
        if self._stray:
            error = error or self._stray[0]
            self._stray.clear()
        return undecided, error

    def _take(self, error: BaseException | None) -> None:
        if error is not None:
            self._stray.append(error)

    def _story(self, data: bytes) -> str:
        explain = getattr(self._target.run, "explain", None)
        with contextlib.suppress(Exception):  # a broken explanation hides no finding
            return str(explain(data)) if explain is not None else ""
        return ""

    def _describe(self, data: bytes) -> str:
        describe = getattr(self._target.run, "describe", None)
        with contextlib.suppress(Exception):
            return str(describe(data)) if describe is not None else ""
        return ""


def main() -> None:
    """Import the target and serve."""
    line = Line()
    job = line.read()
    if job is None:
        return
    sys.path[:] = job["path"]
    _settle_in(job)
    from fuzz.catalogue import find_target  # noqa: PLC0415  # importable only now
    from fuzz.errors import FuzzError, UnknownTargetError  # noqa: PLC0415  # as above

    cover = _measure(job["coverage"])
    try:
        with _hooks(job):
            target = find_target(job["place"])
            line.send(shape=_shape_of(target))
            _serve(target, line, cover)
    except UnknownTargetError as error:
        line.send(broken=error.reason)
    except FuzzError as error:
        line.send(broken=str(error))


def _serve(target: Target, line: Line, cover: Any) -> None:  # noqa: ANN401  # optional
    """Fork runners, one after the other, until the parent is gone."""
    from fuzz.workers.process_limits import count_threads  # noqa: PLC0415  # importable only now

    # Threads that the import has started would not live on in a forked process.
    if sys.platform == "win32" or count_threads() > 1:
        Runner(target, line, cover).serve()
        return
    template = os.getpid()
    gc.freeze()  # what is here already is no garbage of an input, and stays shared
    while True:
        pid = os.fork()
        if pid == 0:
            _be_runner(template, target, line, cover)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        line.send(ended=code)


def _be_runner(template: int, target: Target, line: Line, cover: Any) -> NoReturn:  # noqa: ANN401
    from fuzz.workers.process_limits import die_with  # noqa: PLC0415  # importable only now

    status = 1
    try:
        if sys.platform != "win32":
            os.setpgid(0, 0)  # what the target starts is ended with the group
        die_with(template)
        Runner(target, line, cover).serve()
        status = 0
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(status)  # a plain exit waits for threads that an input has left


def _settle_in(job: dict[str, Any]) -> None:
    from fuzz.workers.process_limits import adopt_orphans, die_with, limit  # noqa: PLC0415  # as below
    from harness.probes import NotAvailableHereError, arm  # noqa: PLC0415  # importable only now

    words: IO[str] = sys.stderr
    faulthandler.enable(words)
    with contextlib.suppress(NotAvailableHereError):
        arm(words)
    die_with(job["parent"])
    adopt_orphans()
    limit(job["memory_bytes"])


@contextlib.contextmanager
def _hooks(job: dict[str, Any]) -> Iterator[None]:
    """Make accesses visible as the campaign did: else the bytes choose at other points."""
    if not job["controlled"]:
        yield
        return
    import harness  # noqa: PLC0415  # importable only now

    with harness.instrument_imports(include=job["instrument"], reload=True):
        yield


def _measure(job: dict[str, Any] | None) -> Any:  # noqa: ANN401  # coverage has its own types
    """Start coverage before the target is imported: its imports are lines that were reached."""
    if job is None:
        return None
    import coverage  # noqa: PLC0415  # an extra; only the coverage report asks for it

    cover = coverage.Coverage(**job)
    cover.start()
    return cover


def _shape_of(target: Target) -> str:
    from fuzz.schedules.controlled_run import ControlledRun  # noqa: PLC0415  # importable only now
    from fuzz.strategy_run import StrategyRun  # noqa: PLC0415  # as above

    if isinstance(target.run, ControlledRun):
        return "controlled"
    return "strategy" if isinstance(target.run, StrategyRun) else "bytes"


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # a plain exit waits for threads that the import has started
