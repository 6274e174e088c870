"""The comparison script: a missed figure is red, an absent rival is named, records are stored."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reports import Direction, Outcome, RecordKind, RunDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def figure() -> Iterator[Any]:
    yield load("figure")
    del sys.modules["figure"]


def a_figure(
    figure: Any, *batches: Iterable[float], limit: float, direction: Direction = Direction.LOWER
) -> Any:
    left = [list(batch) for batch in batches]
    return figure.Figure(
        name="access",
        about="an access, times the floor",
        metric="ratio",
        unit="x",
        direction=direction,
        measure=lambda effort: left.pop(0),
        limit=limit,
    )


def test_a_figure_within_its_limit_is_measured_once(figure: Any) -> None:
    record = a_figure(figure, [2.0, 3.0, 9.0], limit=3.5).judged(figure.Effort(quick=True))
    assert record.kind is RecordKind.BENCHMARK
    assert record.outcome is Outcome.PASSED
    assert record.params["limit"] == "3.5"
    (measure,) = record.measures
    assert (measure.value, measure.minimum, measure.maximum, measure.n) == (3.0, 2.0, 9.0, 3)


def test_a_miss_is_measured_again_and_all_rounds_decide(figure: Any) -> None:
    recovered = a_figure(figure, [4.0, 4.0], [3.0, 3.0, 3.0], limit=3.5)
    assert recovered.judged(figure.Effort(quick=True)).outcome is Outcome.PASSED
    missed = a_figure(figure, [4.0, 4.0], [3.0, 4.0, 5.0], limit=3.5)
    record = missed.judged(figure.Effort(quick=True))
    assert record.outcome is Outcome.FAILED
    assert record.message.startswith("an access, times the floor: 4 x, must be at most 3.5.")
    assert record.replay == "python benchmarks/compare_floor.py --only access"


def test_a_figure_that_must_be_high_is_missed_when_low(figure: Any) -> None:
    low = a_figure(figure, [70.0, 71.0], [72.0, 73.0], limit=80, direction=Direction.HIGHER)
    assert low.judged(figure.Effort(quick=True)).outcome is Outcome.FAILED
    high = a_figure(figure, [90.0, 91.0], limit=80, direction=Direction.HIGHER)
    assert high.judged(figure.Effort(quick=True)).outcome is Outcome.PASSED


def test_an_absent_rival_is_skipped_with_its_reason_and_never_passed(figure: Any) -> None:
    def absent(effort: object) -> list[float]:
        raise figure.NotComparedError("no C compiler was found")

    made = a_figure(figure, limit=3.5)
    record = figure.Figure(
        **{name: getattr(made, name) for name in made.__slots__ if name != "measure"},
        measure=absent,
    ).judged(figure.Effort(quick=True))
    assert record.outcome is Outcome.SKIPPED
    assert record.message == "not compared: no C compiler was found"


def test_a_figure_that_breaks_is_red_and_tells_where(figure: Any) -> None:
    record = a_figure(figure, limit=3.5).judged(figure.Effort(quick=True))
    assert record.outcome is Outcome.FAILED
    assert record.message.startswith("could not be measured: IndexError: pop from empty list")
    assert "Traceback" in record.message


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "compare_floor.py"), *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
def test_the_script_stores_what_it_measured(tmp_path: Path) -> None:
    done = run_script(tmp_path, "--quick", "--only", "flow-uncontended", "--store", "store")
    assert done.returncode == 0, done.stderr
    assert "every figure was reached" in done.stdout
    (path,) = (tmp_path / "store" / "runs").iterdir()
    (record,) = RunDocument.from_bytes(path.read_bytes(), document=path.name).records
    assert record.name == "flow-uncontended"
    assert record.measures[0].value > 0


@pytest.mark.slow
def test_an_unknown_figure_is_wrong_usage(tmp_path: Path) -> None:
    done = run_script(tmp_path, "--only", "speed-of-light")
    assert done.returncode == 2
    assert "invalid choice: 'speed-of-light'" in done.stderr
