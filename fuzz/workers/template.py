"""The template: imports a target once, under its engine's hooks, and forks off a worker per order.

Importing under instrumentation takes seconds, a fork about a millisecond; so a worker that a crash
or a hang has ended costs one fork. Spawned by file name with `-P` and told its import path. Usage:
`python -P fuzz/workers/template.py SETUPFILE`; orders come as lines of JSON on standard
input, and its end is the end of all workers: the parent is gone.

Where there is no fork, or the target starts threads while it is imported (they would not live on
in a forked process), the template takes one order and does it itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.engines.engine import Engine
    from fuzz.fuzz_target import Target
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.journal import Journal

WAIT_S: Final = 0.02  # how late the end of a worker is told


def main(setup_file: str) -> None:
    """Import the target, then serve orders; does not return."""
    setup = json.loads(Path(setup_file).read_text("utf-8"))
    sys.path[:] = setup["path"]
    from fuzz.engines.engine import engine as find_engine  # noqa: PLC0415  # importable only now
    from fuzz.target_facts import facts_from_json  # noqa: PLC0415
    from fuzz.workers.journal import Journal  # noqa: PLC0415
    from fuzz.workers.process_limits import adopt_orphans, count_threads, die_with  # noqa: PLC0415
    from harness.probes import NotAvailableHereError, arm  # noqa: PLC0415

    die_with(setup["parent"])
    adopt_orphans()
    with contextlib.suppress(NotAvailableHereError):
        arm(sys.stderr)  # an import that hangs is asked where; a worker answers elsewhere
    events = Journal(Path(setup["events"]))
    events.send("armed")
    orders = os.dup(0)
    _put_nothing_at(0)
    facts = facts_from_json(setup["facts"])
    made = find_engine(setup["engine"])
    with contextlib.ExitStack() as stack:
        target = _import(facts, made, stack, events)
        forks = hasattr(os, "fork") and count_threads() == 1
        serving = _Serving(orders, made, target, events)
        events.send("ready", forks=forks)
        if forks:
            serving.fork_for_each()
        else:
            serving.do_one()


def _import(
    facts: TargetFacts, engine: Engine, stack: contextlib.ExitStack, events: Journal
) -> Target:
    """Import the target under the hooks; say so and leave if that cannot be done."""
    from fuzz.catalogue import find_target  # noqa: PLC0415  # as in main
    from fuzz.errors import UnknownTargetError  # noqa: PLC0415

    owner = os.getpid()
    reason = ""
    target: Any = None
    try:
        stack.enter_context(hooks(facts))
        stack.enter_context(engine.watching(facts))
        target = find_target(facts.place)
    except UnknownTargetError as error:
        reason = error.reason
    except BaseException as error:  # noqa: BLE001  # SystemExit, KeyboardInterrupt: a module's say
        reason = f"{type(error).__name__}: {error}"
    if os.getpid() != owner:
        os._exit(0)  # the module forked; one of us goes on
    if target is None:
        events.send("broken", words=reason)
        sys.stderr.flush()
        os._exit(1)
    return target  # type: ignore[no-any-return]  # Any only until it is there


def hooks(facts: TargetFacts) -> contextlib.AbstractContextManager[object]:
    """Return the import hook that makes accesses visible; empty for a target that needs none."""
    if not facts.controlled:
        return contextlib.nullcontext()
    import harness  # noqa: PLC0415  # as in main

    # Without the branches that spare hooks: an engine would take them for the target's own.
    return harness.instrument_imports(include=facts.instrument, reload=True, shortcuts=False)


class _Serving:
    """Takes orders and starts workers. One thread, no signal handlers: workers inherit neither."""

    def __init__(self, orders: int, engine: Engine, target: Target, events: Journal) -> None:
        self._orders = orders
        self._engine = engine
        self._target = target
        self._events = events
        self._rest = b""
        self._workers: dict[int, int] = {}  # number of the order, by process

    def do_one(self) -> None:
        """Take one order and do it in this process."""
        while b"\n" not in self._rest:
            data = os.read(self._orders, 65_536)
            if not data:
                os._exit(0)
            self._rest += data
        order = json.loads(self._rest.partition(b"\n")[0])
        self._events.send("started", order=order["order"], pid=os.getpid())
        self._work(order, parent=os.getppid())

    def fork_for_each(self) -> None:
        """Take orders until there is nobody to give any."""
        import gc  # noqa: PLC0415  # for this alone

        gc.collect()
        gc.freeze()  # a collection in a worker would copy every page that holds an object
        while True:
            for order in self._taken():
                self._fork(order)
            self._reap()

    def _taken(self) -> Iterator[dict[str, Any]]:
        """Wait a moment for orders; return those that are whole."""
        import select  # noqa: PLC0415  # where there is fork

        ready, _, _ = select.select([self._orders], [], [], WAIT_S if self._workers else 1.0)
        if ready:
            data = os.read(self._orders, 65_536)
            if not data:
                self._leave()
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return (json.loads(line) for line in lines)

    def _fork(self, order: dict[str, Any]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if sys.platform == "win32":
            raise NotImplementedError  # nobody orders a fork where there is none
        template = os.getpid()
        process = os.fork()
        if process:
            self._workers[process] = order["order"]
            self._events.send("started", order=order["order"], pid=process)
            return
        try:
            os.close(self._orders)
            self._work(order, parent=template)
        finally:
            os._exit(1)  # whatever went wrong: never back into the loop above

    def _work(self, order: dict[str, Any], *, parent: int) -> None:
        from fuzz.workers.worker_job import job_from_json  # noqa: PLC0415  # as in main
        from fuzz.workers.worker_process import run_worker  # noqa: PLC0415

        job = job_from_json(json.loads(Path(order["job"]).read_text("utf-8"))["job"])
        run_worker(job, self._engine, self._target, parent=parent)

    def _reap(self) -> None:
        """Tell of workers that have ended, and end what they have left."""
        if sys.platform == "win32":
            raise NotImplementedError  # as above
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            order = self._workers.pop(process, None)
            if order is None:
                continue  # left by a target, and ended
            self._events.send("ended", order=order, code=os.waitstatus_to_exitcode(status))
            _kill_group(process)  # it is dead; those it started in its group may not be
            self._end_strays()

    def _end_strays(self) -> None:
        """End what a dead worker's target has started: whatever came to us for lack of a parent."""
        for process in _children():
            if process not in self._workers:
                _kill(process)

    def _leave(self) -> None:
        for process in self._workers:
            _kill(process)
        for process in list(self._workers):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)
        self._workers.clear()
        self._end_strays()
        os._exit(0)


def _children() -> list[int]:
    """Return this process's children; none where the system does not say."""
    pid = os.getpid()
    try:
        words = Path(f"/proc/self/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return []
    return [int(word) for word in words]


def _kill_group(process: int) -> None:
    """Kill the group that a process leads, if it leads one."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def _kill(process: int) -> None:
    if sys.platform == "win32":
        raise NotImplementedError  # as above
    _kill_group(process)
    with contextlib.suppress(ProcessLookupError):  # one that leads no group, yet or ever
        os.kill(process, signal.SIGKILL)


def _put_nothing_at(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


if __name__ == "__main__":
    main(sys.argv[1])
