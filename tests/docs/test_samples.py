"""Every sample of the documentation is a file, the pages show it to the letter, and it runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "docs" / "samples"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"<!-- sample: (?P<path>\S+) -->\n```python\n(?P<text>.*?)```", re.DOTALL)
FENCE = re.compile(r"^```python$", re.MULTILINE)

# Their blocks are run by the tests of what they describe.
RUN_ELSEWHERE = {
    "migration-secret.md": "tests/secmem/memory/test_secret_docs.py",
    "reports.md": "tests/reports/test_reports_docs.py",
}

# How each sample is run, its exit code, and a line that its output must hold.
RUNS = {
    "counter.py": (["-m", "holdfast.cli", "explore", "counter:body"], 1, "ASSERTION"),
    "test_transfer.py": (["-m", "pytest", "-q", "test_transfer.py"], 1, "DEADLOCK"),
    "lazy_config.py": (
        ["-m", "holdfast.cli", "explore", "lazy_config:body", "--fail-on", "data-race"],
        1,
        "DATA_RACE: two unordered accesses",
    ),
    "explore_queue.py": (
        ["explore_queue.py"],
        0,
        "PASSED - exhausted: 24 executions, all 8 traces, no bound",
    ),
    "keep_secret.py": (["keep_secret.py"], 0, "after close: SecretClosed"),
    "limit_flow.py": (["limit_flow.py"], 0, "pending: 0"),
    "slug_target.py": (
        ["-m", "holdfast.cli", "fuzz", "run", "slug_target:SLUGS", "--runs", "500"],
        1,
        "IndexError: string index out of range",
    ),
}


OUTPUT = re.compile(r"<!-- output: (?P<command>.+) -->\n```text\n(?P<text>.*?)```", re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    return [
        (page.name, match["path"], match["text"])
        for page in PAGES
        for match in BLOCK.finditer(page.read_text("utf-8"))
    ]


@pytest.mark.parametrize(("page", "path", "text"), blocks(), ids=lambda value: str(value)[:40])
def test_the_page_shows_the_sample_to_the_letter(page: str, path: str, text: str) -> None:
    assert (ROOT / path).read_text("utf-8") == text, f"{page} and {path} differ"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_python_block_is_without_its_file(page: Path) -> None:
    if page.name in RUN_ELSEWHERE:
        assert page.name in (ROOT / RUN_ELSEWHERE[page.name]).read_text("utf-8")
        return
    text = page.read_text("utf-8")
    assert len(FENCE.findall(text)) == len(BLOCK.findall(text))


def test_every_sample_says_how_it_runs() -> None:
    assert {path.name for path in SAMPLES.glob("*.py")} == set(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RUNS))
def test_the_sample_runs_as_the_page_says(name: str, tmp_path: Path) -> None:
    arguments, code, line = RUNS[name]
    shutil.copy(SAMPLES / name, tmp_path)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert line in done.stdout


@pytest.mark.slow
def test_the_readme_shows_what_the_command_prints(tmp_path: Path) -> None:
    shown = OUTPUT.search((ROOT / "README.md").read_text("utf-8"))
    assert shown is not None
    shutil.copy(SAMPLES / "counter.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "holdfast.cli", *shown["command"].split()[1:]],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told(done.stdout) == told(shown["text"])


def told(story: str) -> list[str]:
    """Return the lines of a story that are the same under every Python."""
    return [
        line.rstrip()
        for line in story.rstrip().splitlines()
        if not line.startswith(("GIL:", "Replay:"))
    ]
