"""The pure-Python engine: what it finds, how soon, and that the same seed does the same."""

from __future__ import annotations

import ast
import contextlib
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from fuzz import Target
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.engines.edges import CodeMap
from fuzz.engines.edges_compares import CompareLog
from fuzz.engines.edges_constants import harvest
from fuzz.engines.edges_rewriter import covered_code
from fuzz.engines.engine import engine
from fuzz.engines.greybox import Greybox
from fuzz.engines.greybox_loop import Fuzzing
from fuzz.engines.mutation import Mutator
from fuzz.target_facts import ask, facts_of
from fuzz.workers.black_box import BlackBox
from fuzz.workers.executor import Executor
from fuzz.workers.worker_job import Ended, WorkerJob
from fuzz.workers.workers import Workers
from tests import thread_hooks
from tests.fuzz import bad_targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE = "tests.fuzz.bad_targets:"


class Silent:
    def send(self, kind: str, **fields: Any) -> None:
        pass


class Stretch:
    """One stretch of fuzzing in this process, with a real executor, box and corpus."""

    def __init__(
        self, target: Target, folder: Path, *, seed: int = 1, runs: int = 2_000, source: str = ""
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.inputs: list[bytes] = []
        self.failed_at = 0
        self.corpus = InputFolder(folder / "corpus")
        self.corpus.path.mkdir(exist_ok=True)
        code = CodeMap()
        code.install()
        log = CompareLog()
        words: tuple[bytes, ...] = ()
        run: Any = target.run
        if source:
            names: dict[str, Any] = {}
            text = textwrap.dedent(source)
            exec(covered_code(text, "/t.py", module="t", into=code), names)  # noqa: S102  # a loader's work
            run, words = names["run"], harvest(ast.parse(text))

        def recorded(data: bytes) -> Any:
            self.inputs.append(data)
            return run(data)

        hooks = thread_hooks.present()  # the executor's process is usually its own
        with contextlib.ExitStack() as stack:
            stack.callback(thread_hooks.put_back, hooks)
            box = stack.enter_context(BlackBox(folder / "box", create=True))
            executor = Executor(recorded, box, Silent(), runs=runs)
            executor.failure_takers.append(self._note_failure)
            self.loop = Fuzzing(
                executor, self.corpus, Mutator(seed, max_bytes=target.max_bytes, words=words),
                code=code, log=log, facts=facts_of(target, place="t:T"), box=box,
            )  # fmt: skip
            self.at_look: Callable[[], object] = executor.at_look
            self.loop.run()
            self.kept, self.edges = box.kept, box.edges
            self.told = box.features

    def _note_failure(self, _data: bytes) -> None:
        self.failed_at = self.failed_at or len(self.inputs)


def target(run: Any = lambda _: None, **fields: Any) -> Target:
    return Target(name="t", run=run, what="t", **{"max_bytes": 64, **fields})


MAGIC = """
def run(data):
    if len(data) < 8 or int.from_bytes(data[:4], "little") != 0xDEADBEEF:
        return
    if data[4:8].decode("latin-1") == "holy":
        raise RuntimeError
"""
PREFIX = """
def run(data):
    for line in data.split(b"\\n"):
        if line.startswith(b"X-Forwarded-For: ") and line.endswith(b"!"):
            raise RuntimeError
"""


# Over seeds 0 to 19 the slowest took 1984 and 4436.
@pytest.mark.parametrize(
    ("source", "most"), [(MAGIC, 10_000), (PREFIX, 20_000)], ids=["magic", "prefix"]
)
def test_magic_values_are_met(tmp_path: Path, source: str, most: int) -> None:
    for seed in (1, 2, 3):
        stretch = Stretch(target(), tmp_path / str(seed), seed=seed, runs=most, source=source)
        assert stretch.failed_at


def test_what_the_target_tells_leads_on_without_any_code_watched(tmp_path: Path) -> None:
    stretch = Stretch(target(bad_targets.tells_stages, max_bytes=8), tmp_path, runs=200_000)
    assert stretch.failed_at  # by chance once in 2**32


def test_the_same_seed_corpus_and_code_make_the_same_inputs(tmp_path: Path) -> None:
    def inputs(folder: str, seed: int) -> list[bytes]:
        one = target(lambda data: [len(data), sum(data[:2])])
        first = Stretch(one, tmp_path / folder, seed=seed)
        second = Stretch(one, tmp_path / folder, seed=seed)  # goes on from the corpus
        return first.inputs + second.inputs

    assert inputs("one", 7) == inputs("two", 7)
    assert inputs("three", 8) != inputs("one", 7)
    code = [Stretch(target(), tmp_path / one, source=MAGIC).inputs for one in ("four", "five")]
    assert code[0] == code[1]


def test_only_inputs_that_showed_something_new_are_kept_and_each_is(tmp_path: Path) -> None:
    stretch = Stretch(target(lambda data: [len(data)], max_bytes=16), tmp_path, runs=5_000)
    lengths = [len(data) for data in stretch.corpus.inputs()]
    assert sorted(lengths) == [*range(17)]
    assert stretch.kept == stretch.told == 17
    assert stretch.edges == 0


def test_a_failing_input_is_never_kept(tmp_path: Path) -> None:
    def run(data: bytes) -> list[int]:
        if len(data) > 3:
            raise ValueError
        return [len(data)]

    stretch = Stretch(target(run), tmp_path)
    assert stretch.failed_at
    assert max(len(data) for data in stretch.corpus.inputs()) == 3
    assert max(len(seed.data) for seed in stretch.loop.pool.seeds) == 3


def test_what_a_failing_input_reached_is_not_credited_to_the_next_one(tmp_path: Path) -> None:
    source = """
    def run(data):
        if len(data) > 3:
            if data[0] < 128:
                raise ValueError
        return [0]
    """
    stretch = Stretch(target(), tmp_path, source=source)
    assert stretch.failed_at
    assert stretch.edges == 4  # the function, both sides of the first test, `else` of the second


def test_a_collector_that_credits_the_next_input_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(folder: str) -> set[int]:
        one = target(max_bytes=8)
        source = "def run(data):\n if len(data) > 3: pass"
        stretch = Stretch(one, tmp_path / folder, source=source, runs=300)
        return {int(len(data) > 3) for data in stretch.corpus.inputs()}

    assert kept("right") == {0, 1}
    late: list[Any] = [(frozenset(), b"")]
    plain = CodeMap.take

    def take(self: CodeMap) -> Any:
        late.append(plain(self))
        return late.pop(0)

    monkeypatch.setattr(CodeMap, "take", take)
    one = target(max_bytes=8)
    source = "def run(data):\n if len(data) > 3: pass"
    stretch = Stretch(one, tmp_path / "wrong", source=source, runs=300)
    monkeypatch.undo()
    again = Stretch(one, tmp_path / "again", source=source, runs=1)
    shown = [again.loop.pool]  # a fresh map of the same code
    code = CodeMap()
    code.install()
    names: dict[str, Any] = {}
    exec(covered_code(source, "/t.py", module="t", into=code), names)  # noqa: S102  # a loader's work
    code.clear()
    for seed in stretch.loop.pool.seeds:
        names["run"](seed.data)
        shown_now = set(code.features(code.take()))
        if not shown_now.issuperset(seed.own):
            return
    pytest.fail(f"every seed of {shown} shows its own features")


def test_a_seed_is_made_shorter_as_long_as_it_shows_its_own(tmp_path: Path) -> None:
    given = bytes(40) + b"needle" + bytes(14)
    InputFolder(tmp_path / "corpus").add(given)
    stretch = Stretch(target(lambda data: [int(b"needle" in data)]), tmp_path, runs=1_000)
    (seed,) = (seed for seed in stretch.loop.pool.seeds if seed.given)
    assert b"needle" in seed.data
    assert len(seed.data) < 20
    assert [*stretch.corpus.inputs()].count(given) == 1, "files are left to merging"


def test_given_inputs_are_varied_also_where_nothing_is_watched(tmp_path: Path) -> None:
    given = b"a given input of some length"
    InputFolder(tmp_path / "corpus").add(given)
    stretch = Stretch(target(), tmp_path, runs=500)
    assert sum(given[:12] in data or given[-12:] in data for data in stretch.inputs) > 100


def test_what_another_worker_adds_is_run_once_and_varied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.engines.greybox_loop.LOOK_S", 0.0)
    monkeypatch.setattr("fuzz.workers.executor.LOOK_S", 0.0)  # a look after each input
    foreign = b"found by somebody else, in another process"
    others = InputFolder(tmp_path / "corpus")
    calls = []

    def run(data: bytes) -> list[int]:
        calls.append(data)
        if len(calls) == 100:
            others.add(foreign)
        return [int(data.startswith(b"found by"))]

    stretch = Stretch(target(run), tmp_path, runs=1_000)
    assert calls.index(foreign) in (100, 101)
    assert sum(b"found by" in data for data in calls) > 50
    assert content_name(foreign) in stretch.loop._known


def test_the_engine_is_in_the_catalogue_and_runs_everywhere() -> None:
    made = engine("greybox")
    assert (made.name, made.why_not()) == ("greybox", "")


def test_it_works_where_atheris_cannot_be_imported() -> None:
    program = """
    import sys
    sys.modules["atheris"] = None
    from fuzz.engines.engine import engine
    assert engine("greybox").name == "greybox"
    assert "coverage" not in sys.modules and "hypothesis" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)


# -- in workers, as a campaign has them -----------------------------------------------------------


def work(
    name: str, folder: Path, *, to_the_end: bool = True, **how: Any
) -> tuple[list[dict[str, Any]], Any]:
    facts = ask(HERE + name)
    with Workers(facts, Greybox(), folder=folder / "templates") as workers:
        job = WorkerJob(
            facts=facts, engine="greybox", number=0, corpus=folder / "corpus",
            journal=folder / "journal", box=folder / "box", memory_bytes=1 << 30,
            **{"seed": 1, "runs": 2_000, "seconds": 60.0, **how},
        )  # fmt: skip
        worker = workers.start(job)
        reports = []
        while (end := worker.ended()) is None:
            reports += worker.reports()
            if not to_the_end and any(one["report"] == "crash" for one in reports):
                worker.stop()
        reports += worker.reports()
    return [one for one in reports if one["report"] == "crash"], end


@pytest.mark.slow
def test_five_guarded_bytes_are_found_in_hundreds_of_inputs(tmp_path: Path) -> None:
    crashes, end = work("GUARDED", tmp_path)
    assert "behind five bytes" in crashes[0]["crash"]["message"]
    assert end.ended is Ended.DONE
    assert end.flight.edges == 11  # the function, two operands, and both sides of five tests


@pytest.mark.slow
def test_a_target_that_names_no_modules_is_fuzzed_too(tmp_path: Path) -> None:
    crashes, end = work("RAISES", tmp_path)
    assert crashes
    assert (end.ended, end.flight.edges) == (Ended.DONE, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["WAKES_ONE", "FORGETS_SOURCE", "STAYS_OPEN"])
def test_planted_bugs_are_found_by_code_and_schedule(tmp_path: Path, name: str) -> None:
    crashes, end = work(name, tmp_path, runs=1_500, to_the_end=False)
    assert crashes
    assert end.flight.edges > 5, "code that shows its accesses is counted, too"
    assert end.flight.features


@pytest.mark.slow
def test_one_seed_makes_one_corpus_in_any_process(tmp_path: Path) -> None:
    for folder, seed in (("one", 7), ("two", 7), ("three", 8)):
        work("PASSES", tmp_path / folder, seed=seed)
    one, two, three = (
        [path.name for path in InputFolder(tmp_path / name / "corpus").files()]
        for name in ("one", "two", "three")
    )
    assert one == two != three
