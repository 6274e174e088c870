"""The files of `regressions/` that hold known-bad twins fail: so those of the good ones can."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "regressions"
ROOT = Path(__file__).parents[2]
FAILING = sorted(FOLDER.glob("failing_*.py"))
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]


def names_in(text: str) -> list[str]:
    return re.findall(r"^def (test_\w+)", text, re.MULTILINE)


def test_every_input_of_a_bad_twin_is_a_test_of_the_good_one() -> None:
    def inputs(files: list[Path]) -> set[str]:
        found = re.findall(r"check_input\(\s*TARGET,\s*(.*?),?\s*\)\n",
                           "".join(file.read_text() for file in files), re.DOTALL)  # fmt: skip
        return set(found)

    good = sorted(FOLDER.glob("test_*.py"))
    assert FAILING
    assert inputs(FAILING) == inputs(good) != set()


@pytest.mark.parametrize("file", FAILING, ids=lambda file: file.stem)
def test_a_file_of_a_bad_twin_fails_in_each_of_its_tests_with_the_story(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    names = names_in(file.read_text())
    assert f"{len(names)} failed" in done.stdout, done.stdout
    assert "passed" not in done.stdout
    message = re.search(r"# \| .*?(\w+Error(?:: | in main: ).*)", file.read_text())
    assert message is not None
    assert message[1].strip()[:60] in done.stdout
    if "schedule" in names[0]:
        assert "hf2." in done.stdout, "the story of a schedule holds its token"
