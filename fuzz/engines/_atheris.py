"""The engine Atheris, and the only file that knows it.

Always in a worker, never in the parent: a C exit handler of Atheris overrides the exit status of
its process, so that a failing pytest run would return 0.

Of libFuzzer we use its loop, its mutations and its scheduling. What it has beyond that is ours:
workers instead of its fork mode and jobs, crashes, hangs and memory watched by the parent, failures
caught before it sees them, replay of every file. So the fuzzing never ends with a finding.

As a program, `python -P fuzz/engines/_atheris.py JOBFILE FLAG...` runs the job's target under
libFuzzer with flags of yours, such as -merge=1; failures are libFuzzer's then. That is also the
command by which libFuzzer starts itself again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fuzz.campaign.corpus import InputFolder
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerJob

COUNTERS: Final = 16_384  # scanned after every execution for 1 us; 64 times more cost 60 times more
FEW_COUNTERS: Final = 64  # for a target that has told nothing so far: next to nothing
PROBES: Final = 32  # inputs by which we learn whether a target tells anything
STATUS_LOOKS: Final = 10  # looks between two readings of what libFuzzer says
_MOST_STATUS_BYTES: Final = 1 << 16
NO_CREDIT: Final = (
    "this Atheris does not credit an input with what the target tells, so it is guided by code "
    "coverage alone; `--engine greybox` follows both"
)


class Atheris:
    """Coverage-guided fuzzing by libFuzzer; see `fuzz.engines.engine.Engine`."""

    name = "atheris"
    what = "Atheris: guided by code coverage and by what the target tells"

    def __init__(self) -> None:
        self._credits = False

    def why_not(self) -> str:
        """Return why Atheris cannot run here; "" if it can. Does not import it."""
        return why_not()

    @contextlib.contextmanager
    def watching(self, facts: TargetFacts) -> Iterator[None]:
        """Import the target's modules with counters in their code."""
        import atheris  # noqa: PLC0415  # only in a process that is ours

        from fuzz.triaging.covered_imports import CoveredImports  # noqa: PLC0415  # as program: only now

        self._credits = credit_works(atheris)

        def watch(code: Any) -> Any:  # noqa: ANN401  # atheris ships no stubs
            return atheris.patch_code(code, trace_dataflow=facts.compares)

        with CoveredImports(facts.instrument, watch) as hook:
            if not facts.controlled:  # the harness's hook forgets by itself
                hook.forget()
            yield

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        """Run inputs until the budget ends; does not return, the process ends in a run."""
        import atheris  # noqa: PLC0415  # as above

        from fuzz.engines.libfuzzer import arguments, write_dictionary  # noqa: PLC0415
        from fuzz.workers.worker_files import WorkerFiles  # noqa: PLC0415
        from fuzz.workers.worker_process import leave  # noqa: PLC0415

        files = WorkerFiles(job.box)
        tells = job.facts.controlled or _tells(executor, corpus)
        if executor.done:
            return
        if not self._credits:
            executor.tell("notice", words=NO_CREDIT)
        counters = Counters(atheris, COUNTERS if tells else FEW_COUNTERS, works=self._credits)
        said = FuzzerWords(files.engine, executor, counters)
        executor.at_look = said.look

        def end() -> None:
            said.read()
            executor.finish()
            leave(0)  # libFuzzer's own end would override the status with C's exit

        def count(told: Collection[int]) -> None:
            counters.count(told)
            executor.take(told)

        executor.at_end = end
        words = arguments(
            again(files.job),
            seed=job.seed,
            max_bytes=job.facts.max_bytes,
            corpus=corpus.path,
            dictionary=write_dictionary(files.dictionary, job.facts.dictionary),
        )
        said.begin()
        atheris.Setup(words, executor.runner(count), enable_python_coverage=False)
        atheris.Fuzz()


class Counters:
    """One block of counters for what the target tells, reserved before Fuzz().

    Reserved later, an event is credited to the next input. The function that counts is looked up
    at every use: Fuzz() replaces it, and a name bound before does nothing.
    """

    def __init__(self, atheris: Any, size: int, *, works: bool) -> None:  # noqa: ANN401  # no stubs
        self._native = atheris
        self._size = size if works else 0
        self.used: set[int] = set()
        numbers = [atheris._reserve_counter() for _ in range(self._size)]  # noqa: SLF001  # there is no public way
        self._first = numbers[0] if numbers else 0

    def count(self, features: Collection[int]) -> None:
        """Credit the present input with `features`."""
        size = self._size
        if not size:
            return
        trace = self._native._trace_branch  # noqa: SLF001  # as above
        for feature in features:
            number = zlib.crc32(feature.to_bytes(8, "little", signed=True)) % size
            self.used.add(number)
            trace(self._first + number)


class FuzzerWords:
    """Standard error as libFuzzer takes it: a file beside the black box, which we read and cut."""

    def __init__(self, path: Path, executor: Executor, counters: Counters) -> None:
        self._executor = executor
        self._counters = counters
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        self._stderr = -1
        self._looks = 0

    def begin(self) -> None:
        """Put the file in the place of standard error, for libFuzzer to take a copy."""
        sys.stderr.flush()
        self._stderr = os.dup(2)
        os.dup2(self._file, 2)
        self._executor.look_soon()  # after the first input, which is empty, we are ourselves again

    def look(self) -> None:
        """Give standard error back to the target; note now and then what libFuzzer says."""
        if self._stderr >= 0:
            os.dup2(self._stderr, 2)
            os.close(self._stderr)
            self._stderr = -1
        self._looks += 1
        if self._looks % STATUS_LOOKS == 0:
            self.read()

    def read(self) -> None:
        """Note in the black box what libFuzzer says it has reached."""
        from fuzz.engines.libfuzzer import newest_status  # noqa: PLC0415  # as above

        with contextlib.suppress(OSError):  # the target closed what was not its own
            if sys.platform == "win32":
                raise NotImplementedError  # Atheris is not there
            size = os.lseek(self._file, 0, os.SEEK_END)
            start = max(0, size - _MOST_STATUS_BYTES)
            status = newest_status(os.pread(self._file, size - start, start))
            if start:
                os.ftruncate(self._file, 0)
            if status is not None:
                box = self._executor.box
                # libFuzzer counts what the target tells among what is covered; code is the rest.
                box.edges = max(status.covered - len(self._counters.used), box.edges)
                box.counters = len(self._counters.used)
                box.kept = status.kept


def _tells(executor: Executor, corpus: InputFolder) -> bool:
    """Return whether the target tells anything about the first inputs there are."""
    for number, data in enumerate(corpus.inputs()):
        if executor.done or number == PROBES:
            return False
        if executor(data):
            return True
    return False


def credit_works(atheris: Any) -> bool:  # noqa: ANN401  # no stubs
    """Return whether an event is credited to the input that had it, and to no other.

    One step of a merge over three inputs, in a forked process: its record says which input showed
    what. An Atheris in which these private functions work differently shows it here.
    """
    if not (hasattr(atheris, "_reserve_counter") and hasattr(atheris, "_trace_branch")):
        return False
    from fuzz.engines.libfuzzer import merge_features, write_merge_control  # noqa: PLC0415  # as above

    with tempfile.TemporaryDirectory(prefix="holdfast-credit-") as folder:
        inputs = [Path(folder, name) for name in ("before", "event", "after")]
        for path in inputs:
            path.write_bytes(path.name.encode())
        control = Path(folder, "control")
        write_merge_control(control, inputs)
        if sys.platform == "win32":
            raise NotImplementedError  # as above
        process = os.fork()
        if not process:
            _merge_step(atheris, control)
        os.waitpid(process, 0)
        shown = merge_features(control)
    return bool(shown.get(1)) and not shown.get(0) and not shown.get(2)


def _merge_step(atheris: Any, control: Path) -> None:  # noqa: ANN401  # no stubs
    """Be the process that a merge starts; does not return."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nothing, descriptor)
        counters = Counters(atheris, 64, works=True)

        def test_one_input(data: bytes) -> None:
            if data == b"event":
                counters.count([7])

        words = ["", "-merge_inner=1", f"-merge_control_file={control}", "-rss_limit_mb=0"]
        atheris.Setup(words, test_one_input, enable_python_coverage=False)
        atheris.Fuzz()
    finally:
        os._exit(1)


def again(job_file: Path) -> list[str]:
    """Return the command that runs this file as a program."""
    return [sys.executable, "-P", str(Path(__file__).resolve()), str(job_file.resolve())]


def why_not() -> str:
    """Return why Atheris cannot run here; "" if it can. Does not import it."""
    if sys.platform != "linux":
        return f"this is {sys.platform}"
    if os.uname().machine != "x86_64":
        return f"this machine is {os.uname().machine}"
    return "" if importlib.util.find_spec("atheris") else "it is not installed"


def main(job_file: str, flags: Sequence[str]) -> None:
    """Run the job's target under libFuzzer with these flags; failures are libFuzzer's business."""
    written = json.loads(Path(job_file).read_text("utf-8"))
    sys.path[:] = written["path"]
    import atheris  # noqa: PLC0415  # importable only now

    from fuzz.catalogue import find_target  # noqa: PLC0415
    from fuzz.workers.template import hooks  # noqa: PLC0415
    from fuzz.workers.worker_job import job_from_json  # noqa: PLC0415

    facts = job_from_json(written["job"]).facts
    with hooks(facts), Atheris().watching(facts):
        run = find_target(facts.place).run

        def test_one_input(data: bytes) -> None:
            run(data)

        words = [shlex.join(again(Path(job_file))), *flags]
        atheris.Setup(words, test_one_input, enable_python_coverage=False)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
