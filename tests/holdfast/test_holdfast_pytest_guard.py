"""What every run of every user's pytest meets: nothing, unless the run uses us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from holdfast.pytest_guard import stranger_in_the_way, uses_harness

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # every test starts a process

UNNEEDED = ("cacheprovider", "hypothesispytest", "benchmark", "pytest_cov", "timeout", "xdist")
SPY = """
import sys
def pytest_unconfigure():
    names = ("harness", "greenlet", "click", "rich", "psutil", "holdfast.cli")
    print("LOADED:", [name for name in names if name in sys.modules])
"""
USES_OURS = "import harness\n@harness.interleaved(executions=3)\ndef test_it():\n    pass\n"


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Folder:
    """A user's project."""

    path: Path

    def write(self, name: str, source: str) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(source), "utf-8")

    def pytest(self, *words: str, by_module: bool = False) -> Run:
        """Run pytest; `python -m pytest` puts the folder into the path, the program does not."""
        program = (
            ["-m", "pytest"] if by_module else ["-c", "import sys, pytest; sys.exit(pytest.main())"]
        )
        command = [sys.executable, *([] if by_module else ["-P"]), *program]
        for name in UNNEEDED:
            command += ["-p", f"no:{name}"]
        done = subprocess.run(
            [*command, *words],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": "", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("conftest.py", SPY)
    made.write("test_plain.py", "def test_it():\n    assert True\n")
    return made


def test_a_plain_suite_loads_nothing_of_ours_and_sees_no_line(folder: Folder) -> None:
    run = folder.pytest()
    assert run.code == 0
    assert "LOADED: []" in run.out
    assert run.err == ""
    assert "holdfast" not in run.out.replace("holdfast-0.1.0", ""), "but for the plugin's version"


def test_a_suite_that_uses_us_gets_the_plugin(folder: Folder) -> None:
    folder.write("test_ours.py", USES_OURS)
    run = folder.pytest()
    assert run.code == 0
    assert "1 interleaved test, 3 executions" in run.out
    assert "LOADED: ['harness', 'greenlet']" in run.out


def test_a_test_file_that_the_first_look_missed_gets_it_too(folder: Folder) -> None:
    folder.write("build/test_hidden.py", USES_OURS)
    run = folder.pytest(
        "-o", "norecursedirs=", "-o", "testpaths=test_plain.py build/test_hidden.py"
    )
    assert run.code == 0
    assert "1 interleaved test, 3 executions" in run.out


def test_a_users_own_harness_keeps_working_and_the_line_names_it(folder: Folder) -> None:
    folder.write("harness/__init__.py", "own = True\n")
    folder.write("test_own.py", "import harness\ndef test_it():\n    assert harness.own\n")
    for by_module in (True, False):
        run = folder.pytest(by_module=by_module)
        assert run.code == 0, run.out
        assert "2 passed" in run.out
        lines = [line for line in run.err.splitlines() if line.startswith("holdfast: off")]
        assert len(lines) == 1
        assert str(folder.path / "harness" / "__init__.py") in lines[0]


def test_a_users_own_decorator_of_the_same_name_keeps_working(folder: Folder) -> None:
    folder.write("harness.py", "def interleaved(test):\n    return test\n")
    folder.write("test_own.py", "import harness\n@harness.interleaved\ndef test_it():\n    pass\n")
    for by_module in (True, False):
        run = folder.pytest(by_module=by_module)
        assert run.code == 0, run.out
        assert "2 passed" in run.out
        assert str(folder.path / "harness.py") in run.err


def test_an_option_that_cannot_be_followed_is_refused(folder: Folder) -> None:
    folder.write("harness/__init__.py", "")
    run = folder.pytest("--holdfast-replay", "hf2.x")
    assert run.code == 4
    assert "--holdfast-replay cannot be followed" in run.err


def test_a_mark_that_cannot_be_followed_is_refused(folder: Folder) -> None:
    """A test that is marked and runs once would seem to be explored."""
    folder.write("harness/__init__.py", "")
    folder.write("test_own.py", "import pytest\n@pytest.mark.interleaved\ndef test_it(): pass\n")
    run = folder.pytest()
    assert run.code == 4
    assert "test_own.py::test_it is marked as interleaved; holdfast: off, because" in run.err


def test_the_line_can_be_silenced(folder: Folder) -> None:
    folder.write("harness/__init__.py", "")
    run = folder.pytest("-p", "no:holdfast")
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize("name", ["reports.py", "stress.py", "fuzz/__init__.py", "secmem.py"])
def test_the_other_common_names_may_be_the_users(folder: Folder, name: str) -> None:
    folder.write(name, "own = True\n")
    module = name.split("/", maxsplit=1)[0].removesuffix(".py")
    folder.write("test_own.py", f"import {module}\ndef test_it():\n    assert {module}.own\n")
    folder.write("test_ours.py", USES_OURS)
    run = folder.pytest(by_module=True)
    assert run.code == 0, run.out
    assert "3 passed" in run.out
    assert run.err == ""


def test_a_folder_of_tests_called_harness_is_in_nobodys_way(folder: Folder) -> None:
    folder.write("tests/__init__.py", "")
    folder.write("tests/harness/__init__.py", "")
    folder.write("tests/harness/test_ours.py", USES_OURS)
    run = folder.pytest()
    assert run.code == 0, run.out
    assert run.err == ""
    assert "1 interleaved test" in run.out


def test_ours_is_told_from_a_strangers(tmp_path: Path) -> None:
    assert stranger_in_the_way() is None
    assert stranger_in_the_way([tmp_path]) is None
    (tmp_path / "harness.py").write_text("")
    assert stranger_in_the_way([tmp_path]) == str(tmp_path / "harness.py")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import harness\n@harness.interleaved()\n", True),
        ("from harness import regression\n", True),
        ("    import os, harness as h\n    h.interleaved\n", True),
        ("import harness\nharness.explore(body)\n", False),
        ("# a harness against regression\nimport os\n", False),
        ("from my_harness import interleaved\n", False),
        ("from my.harness import interleaved\n", False),
        ("import harness_tools\ninterleaved = 1\n", False),
        ("\xff\xfe", False),
        ("import pytest\n@pytest.mark.interleaved(executions=5)\n", True),
        ("from pytest import mark\npytestmark = mark.interleaved\n", True),
        ("pytestmark = [pytest.mark.interleaved_with]\n", False),
        ("interleaved = mark\n", False),
    ],
)
def test_a_file_that_uses_us_is_known_by_its_text(
    tmp_path: Path, source: str, expected: object
) -> None:
    path = tmp_path / "test_it.py"
    path.write_bytes(source.encode("latin-1"))
    assert uses_harness(path) is expected
    assert uses_harness(tmp_path / "not_there.py") is False


def test_a_large_plain_suite_does_not_wait_for_us(folder: Folder) -> None:
    """The figure is 60 ms; a test bounds twenty times that, on a machine that does other work."""
    for number in range(300):
        folder.write(f"many/test_{number}.py", "import os\n" * 200 + "def test_it(): pass\n")
    folder.write(
        "pytest.ini",
        "[pytest]\ntestpaths = many\n",
    )
    seconds = []
    for words in (["-p", "no:holdfast"], []):
        run = folder.pytest("--collect-only", "-q", *words)
        assert run.code == 0
        seconds.append(float(re.findall(r"in ([\d.]+)s", run.out)[-1]))
    assert seconds[1] - seconds[0] < 1.2
