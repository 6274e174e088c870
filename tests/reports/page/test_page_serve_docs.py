"""What the page about serving shows: the command as it stands there, and every address it names."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports.page.section_store import full_store

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "serve-results.md"
PATIENCE_S = 60.0  # for a child on a busy machine; it starts in two


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_command_of_the_page_serves_every_address_that_the_page_names(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    shown = re.search(r"^\$ holdfast (report serve .*)\n(.*)$", text, flags=re.MULTILINE)
    assert shown is not None
    store = full_store(tmp_path)
    words = shown[1].replace("results", str(store)).split()
    with subprocess.Popen(
        [sys.executable, "-m", "holdfast", *words, "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert select.select([child.stdout], [], [], PATIENCE_S)[0], "it said nothing"
        line = child.stdout.readline()
        port = re.sub(r".*:(\d+)/ .*\n", r"\1", line)
        assert line.replace(port, "8642").replace(str(store), "results") == f"{shown[2]}\n"
        run_id = next((store / "runs").iterdir()).stem
        named = re.findall(r"^\| `(/.*?)` \|", text, flags=re.MULTILINE)
        assert len(named) == 3
        for path in named:
            assert status_of(int(port), path.replace("ID", run_id)) == 200, path
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE_S)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a line for the shell of POSIX")
def test_the_step_of_the_page_appends_the_summary_to_that_of_the_job(tmp_path: Path) -> None:
    step = re.search(r"^  run: (.*GITHUB_STEP_SUMMARY.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert step is not None
    full_store(tmp_path).rename(tmp_path / "there")
    (tmp_path / ".holdfast").mkdir()
    (tmp_path / "there").rename(tmp_path / ".holdfast" / "store")
    target = tmp_path / "step.md"
    target.write_text("before\n", "utf-8")
    environment = {
        **os.environ,
        "GITHUB_STEP_SUMMARY": str(target),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    subprocess.run(["sh", "-c", step[1]], cwd=tmp_path, env=environment, check=True)  # noqa: S607
    assert target.read_text("utf-8").startswith("before\n## 7 of 81 checks failed")


def status_of(port: int, path: str) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        link.request("GET", path)
        return link.getresponse().status
    finally:
        link.close()
