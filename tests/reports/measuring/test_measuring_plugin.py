"""The file that is copied into the measured Python: what it takes, and what it leaves alone."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.errors import DamagedDocumentError
from reports.measuring import run_side
from reports.measuring.child_figures import read_figures
from tests.outside_xdist import outside_xdist

pytestmark = pytest.mark.slow
PLUGIN = Path(run_side.__file__).with_name("child_plugin.py")
SUITE = """
import time
import pytest

calls = []

def test_holds_memory(benchmark):
    benchmark(lambda: bytearray(5_000_000))

def test_keeps_blocks(benchmark):
    benchmark(lambda: [object() for _ in range(1000)])

def test_waits(benchmark):
    benchmark(time.sleep, 0.02)

def test_works(benchmark):
    def work():
        end = time.process_time() + 0.01
        while time.process_time() < end:
            pass
    benchmark(work)

def test_once(benchmark):
    def only():
        assert not calls, "called again"
        calls.append(1)
    benchmark.pedantic(only)

def test_prepared(benchmark):
    made = []
    def setup():
        made.append([1, 2, 3])
        return (made[-1],), {}
    def spend(one):
        assert one.pop() == 3, "arguments are used up"
    benchmark.pedantic(spend, setup=setup, rounds=6)

def test_tires(benchmark):
    left = [200]
    def work():
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("no more")
    benchmark.pedantic(work, rounds=190)

def test_result_is_kept(benchmark):
    assert benchmark(lambda: 42) == 42
"""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE)
    shutil.copyfile(PLUGIN, folder / "holdfast_measure_plugin.py")
    environment = {
        **outside_xdist(),
        # Not even the folder of holdfast is on the path: the file must do alone.
        "PYTHONPATH": str(folder),
        "PYTHONHASHSEED": "0",
        "PYTEST_PLUGINS": "holdfast_measure_plugin",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HOLDFAST_MEASURE_TO": str(folder / "figures.json"),
    }
    options = "--benchmark-max-time=0.02 --benchmark-min-rounds=5 --benchmark-json=times.json"
    words = ["-m", "pytest", "-q", "-p", "pytest_benchmark.plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, *words, *options.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    times = json.loads((folder / "times.json").read_text())
    assert len(times["benchmarks"]) == 8
    figures: dict[str, Any] = json.loads((folder / "figures.json").read_text())
    figures["file"] = folder / "figures.json"
    return figures


def of(taken: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = taken["benchmarks"][f"test_suite.py::{name}"]
    return found


def test_peak_memory_is_that_of_one_call(taken: dict[str, Any]) -> None:
    assert of(taken, "test_holds_memory")["peak"] == pytest.approx(5_000_000, rel=0.01)


def test_blocks_are_those_that_the_result_keeps(taken: dict[str, Any]) -> None:
    assert of(taken, "test_keeps_blocks")["blocks"] == pytest.approx(1000, abs=10)


def test_waiting_uses_no_cpu_and_working_does(taken: dict[str, Any]) -> None:
    assert of(taken, "test_waits")["cpu"] < 0.005
    assert of(taken, "test_works")["cpu"] == pytest.approx(0.01, rel=0.5)


def test_what_runs_once_is_not_run_again(taken: dict[str, Any]) -> None:
    # It would fail if it were, and its suite passed.
    assert "test_suite.py::test_once" not in taken["benchmarks"]


def test_prepared_arguments_are_fresh_for_each_call(taken: dict[str, Any]) -> None:
    assert "failed" not in of(taken, "test_prepared")
    assert of(taken, "test_prepared")["cpu_calls"] == 1


def test_a_function_that_fails_when_called_again_keeps_its_time(taken: dict[str, Any]) -> None:
    assert of(taken, "test_tires")["failed"] == "RuntimeError: no more"


def test_the_reader_takes_what_the_plugin_writes(taken: dict[str, Any]) -> None:
    figures = read_figures(taken["file"])
    assert figures.python["hash_seed"] == "0"
    assert "pytest-benchmark" in figures.packages
    metrics = [one.metric for one in figures.measures("test_suite.py::test_keeps_blocks")]
    assert metrics == ["CPU time", "peak memory", "blocks kept"]
    assert list(figures.failed) == ["test_suite.py::test_tires"]


def test_no_file_is_no_figures_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    assert not read_figures(tmp_path / "absent").python
    (tmp_path / "broken").write_text('{"python": 3, "benchmarks": {}}')
    with pytest.raises(DamagedDocumentError, match="where an object belongs"):
        read_figures(tmp_path / "broken")


def test_one_benchmark_is_called_so_often_and_nothing_else(tmp_path: Path) -> None:
    suite = """
def test_it(benchmark):
    assert benchmark(lambda: print("called") or 42) == 42

def test_other(benchmark):
    benchmark(lambda: print("other"))

def test_rounds(benchmark):
    benchmark.pedantic(lambda: print("called"), rounds=3)
"""
    (tmp_path / "test_counted.py").write_text(suite)
    shutil.copyfile(PLUGIN, tmp_path / "holdfast_measure_plugin.py")
    for name in ("test_it", "test_rounds"):
        environment = {
            **outside_xdist(),
            "PYTHONPATH": str(tmp_path),
            "PYTEST_PLUGINS": "holdfast_measure_plugin",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "HOLDFAST_MEASURE_TO": str(tmp_path / "figures.json"),
            "HOLDFAST_MEASURE_ONLY": f"test_counted.py::{name}",
            "HOLDFAST_MEASURE_CALLS": "4",
        }
        words = "-m pytest -q -s -W error -p pytest_benchmark.plugin -p no:cacheprovider"
        done = subprocess.run(
            [sys.executable, *words.split(), "--benchmark-only"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("called") == 5
        assert "other" not in done.stdout


def test_the_plugin_imports_nothing_but_pytest_and_its_benchmark() -> None:
    imported = set()
    for node in ast.walk(ast.parse(PLUGIN.read_text())):
        if isinstance(node, ast.Import):
            imported |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
    roots = {name.split(".")[0] for name in imported}
    assert roots - sys.stdlib_module_names == {"pytest", "pytest_benchmark"}
