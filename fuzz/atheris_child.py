"""The child process under Atheris, and the only file that knows it.

Never in the parent: a C exit handler of Atheris overrides the exit status of its process. Usage:
`python -P fuzz/_atheris.py JOBFILE [libFuzzer flags, which replace ours]`.

What is instrumented twice works in one order: the harness rewrites the source, and Atheris then
rewrites the bytecode that came of it. Atheris's own import hook cannot do that (it would put its
loader in the place of ours), so a hook of ours hands it the code.

What is given up: failures are caught before libFuzzer sees them, so it treats a failing input as
an ordinary one and may keep and vary it; its own reports of crashes, hangs and memory are switched
off, since the parent watches both engines alike.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from fuzz.black_box import BlackBox

COUNTERS: Final = 16_384  # scanned after every execution for 2 us; 64 times more cost 30 times more
FLAGS: Final = (
    # The parent tells signals, hangs and memory, and does so for both engines.
    "-handle_segv=0", "-handle_bus=0", "-handle_abrt=0", "-handle_ill=0", "-handle_fpe=0",
    "-handle_int=0", "-handle_term=0", "-handle_xfsz=0", "-timeout=100000", "-rss_limit_mb=0",
    "-reload=0", "-print_final_stats=0",
)  # fmt: skip


class CoveredImports:
    """An import hook: hands the code of matching modules to Atheris, after all other hooks."""

    def __init__(self, include: Sequence[str], atheris: Any, *, compares: bool) -> None:  # noqa: ANN401  # no stubs
        self._include = tuple(include)
        self._atheris = atheris
        self._compares = compares
        self._busy: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a matching module as the others would, and see to it that its code is watched."""
        if name in self._busy or not self._matches(name):
            return None
        self._busy.add(name)
        try:
            spec = self._found_by_others(name, path, target)
        finally:
            self._busy.discard(name)
        if spec is not None and hasattr(spec.loader, "get_code"):
            self._watch(spec.loader)
        return spec

    def _matches(self, name: str) -> bool:
        return any(name == one or name.startswith(one + ".") for one in self._include)

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None
            if finder is not self and find is not None:
                spec = find(name, path, target)
            if spec is not None:
                return spec
        return None

    def _watch(self, loader: Any) -> None:  # noqa: ANN401  # loaders share no type
        plain = loader.get_code

        def get_code(name: str) -> Any:  # noqa: ANN401  # as above
            code = plain(name)
            if code is None:
                return None
            return self._atheris.patch_code(code, trace_dataflow=self._compares)

        loader.get_code = get_code


class Counters:
    """One block of counters for what the target tells, reserved before Fuzz().

    Reserved later, an event is credited to the next input. The function that counts is looked up
    at every use: Fuzz() replaces it, and a name bound before does nothing.
    """

    def __init__(self, atheris: Any, box: BlackBox) -> None:  # noqa: ANN401  # no stubs
        self._native = atheris
        self._box = box
        self._used: set[int] = set()
        self.ready = hasattr(atheris, "_reserve_counter") and hasattr(atheris, "_trace_branch")
        if self.ready:
            numbers = [atheris._reserve_counter() for _ in range(COUNTERS)]  # noqa: SLF001  # there is no public way
            self._first = numbers[0]

    def count(self, features: Collection[int]) -> None:
        """Credit the present input with `features`."""
        if self.ready:
            trace = self._native._trace_branch  # noqa: SLF001  # as above
            for feature in features:
                number = zlib.crc32(feature.to_bytes(8, "little", signed=True)) % COUNTERS
                self._used.add(number)
                trace(self._first + number)
            self._box.counters = len(self._used)


def main(job_file: str, own_flags: Sequence[str]) -> None:
    """Do the job; this does not return, the process ends in the middle of a run."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    sys.path[:] = job["path"]
    import atheris  # noqa: PLC0415  # importable only now, and only here

    from fuzz.session import Session  # noqa: PLC0415

    session = Session(job)
    with ExitStack() as stack:
        stack.enter_context(session.hooks())
        if job["instrument"]:
            hook: Any = CoveredImports(job["instrument"], atheris, compares=job["compares"])
            sys.meta_path.insert(0, hook)
            if not job["controlled"]:
                forget(job["instrument"])
        executor = session.executor()
        if executor.done:
            executor.finish()
            return
        counters = Counters(atheris, session.box)

        def test_one_input(data: bytes) -> None:
            executor(data, count=counters.count)
            if executor.done:
                executor.finish()
                sys.stderr.flush()
                os._exit(0)  # libFuzzer's own end would override the status with C's exit

        words = arguments(job, session.target.max_bytes, own_flags)
        atheris.Setup(words, test_one_input, enable_python_coverage=False)
        atheris.Fuzz()


def arguments(job: dict[str, Any], max_bytes: int, own_flags: Sequence[str]) -> list[str]:
    """Return the command line for libFuzzer.

    The first word is the whole command, quoted: libFuzzer runs it through a shell when it starts
    itself again, and with a script's name alone -merge returns 0 and an empty corpus.
    """
    again = shlex.join([sys.executable, "-P", str(Path(__file__).resolve()), job["file"]])
    if own_flags:
        return [again, *own_flags]
    # libFuzzer takes 0 for "choose one".
    seed = job["seed"] % (2**32 - 1) + 1
    # What libFuzzer writes of its own accord goes where the job lies, not where the user stands.
    beside = f"-artifact_prefix={Path(job['file']).resolve().parent}/"
    return [again, *FLAGS, beside, f"-seed={seed}", f"-max_len={max_bytes}", job["corpus"]]


def forget(names: Sequence[str]) -> None:
    """Let modules be imported anew that were imported before the hook was there."""
    for name in list(sys.modules):
        if any(name == one or name.startswith(one + ".") for one in names):
            del sys.modules[name]


def why_not() -> str:
    """Return why Atheris cannot run here; "" if it can. Does not import it."""
    if sys.platform != "linux":
        return f"this is {sys.platform}"
    if os.uname().machine != "x86_64":
        return f"this machine is {os.uname().machine}"
    return "" if importlib.util.find_spec("atheris") else "it is not installed"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
