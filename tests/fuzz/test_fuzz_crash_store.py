"""Crashes on disk: whole or not there, added as often as one likes, never overwritten."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fuzz.campaign.corpus import content_name
from fuzz.triaging.crash import Crash, CrashKind
from fuzz.triaging.crash_store import CrashStore


def crash(data: bytes, key: str = "k1") -> Crash:
    return Crash(
        key=key, kind=CrashKind.EXCEPTION, message="m", story="s", confirmed=True, data=data
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_adding_a_crash_again_changes_nothing_on_disk(tmp_path: Path) -> None:
    CrashStore(tmp_path, "t", clock=lambda: 1e9).add(crash(b"abc"))
    before = contents(tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    CrashStore(tmp_path, "t", clock=lambda: 2e9).add(crash(b"abc"))
    assert contents(tmp_path) == before
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times


def test_a_crash_remembers_when_it_was_first_seen(tmp_path: Path) -> None:
    store = CrashStore(tmp_path, "t", clock=lambda: 1e9)
    path = store.save(crash(b"abc"))
    CrashStore(tmp_path, "t", clock=lambda: 2e9).save(crash(b"abc", key="another key"))
    saved = store.read(path)
    assert saved.first_seen == "2001-09-09T01:46:40+00:00"
    assert saved.crash is not None
    assert saved.crash.key == "another key"


def test_a_damaged_input_is_skipped_and_named_and_the_whole_one_gets_its_name_back(
    tmp_path: Path,
) -> None:
    damaged = tmp_path / content_name(b"whole")
    damaged.write_bytes(b"who")
    store = CrashStore(tmp_path, "t")
    assert store.saved() == []
    assert "does not hash to its name" in store.problems[0]
    store.add(crash(b"whole"))
    assert damaged.read_bytes() == b"whole"
    assert (tmp_path / f"{damaged.name}.damaged").read_bytes() == b"who"
    assert CrashStore(tmp_path, "t").saved() == [damaged]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"text"', b'{"other": 1}', b"\xff\xfe", b"3"])
def test_a_description_that_is_not_ours_is_left_alone_and_named(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / content_name(b"abc")
    path.write_bytes(b"abc")
    path.with_name(f"{path.name}.json").write_bytes(text)
    before = contents(tmp_path)
    store = CrashStore(tmp_path, "t")
    assert store.saved() == [path]
    assert store.described(path) is None
    store.add(crash(b"abc"))
    assert contents(tmp_path) == before
    assert str(path) in store.problems[0]
    assert "left as it is" in store.problems[0]


def test_a_description_with_wrong_fields_is_named(tmp_path: Path) -> None:
    path = tmp_path / content_name(b"abc")
    path.write_bytes(b"abc")
    path.with_name(f"{path.name}.json").write_text('{"key": "k", "kind": "UNHEARD_OF"}')
    store = CrashStore(tmp_path, "t")
    assert store.described(path) is None
    assert "does not describe a crash" in store.problems[0]


def test_foreign_files_are_no_crashes(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("notes")
    (tmp_path / (content_name(b"x") + ".bak")).write_text("copy")
    store = CrashStore(tmp_path, "t")
    assert (store.saved(), store.problems) == ([], [])


def test_notes_on_a_crash_stay_when_it_is_found_again(tmp_path: Path) -> None:
    store = CrashStore(tmp_path, "t")
    path = store.save(crash(b"a"), minimized_from="f" * 40, minimal="rules")
    store.save(crash(b"a", key="k2"))
    saved = store.read(path)
    assert (saved.minimized_from, saved.minimal) == ("f" * 40, "rules")


WRITER = """
    import sys
    from pathlib import Path
    from fuzz.triaging.crash import Crash, CrashKind
    from fuzz.triaging.crash_store import CrashStore
    store = CrashStore(Path(sys.argv[1]), "t")
    for number in range(1_000_000):
        data = number.to_bytes(3, "big") * 2000
        store.save(Crash(key=f"k{number}", kind=CrashKind.EXCEPTION, message="m", story="s" * 5000,
                         confirmed=True, data=data))
        print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_what_was_reported_saved_is_whole_after_kill_9(tmp_path: Path) -> None:
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), tmp_path], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        reported = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        reported += [int(line) for line in writer.stdout.read().split(b"\n") if line.strip()]
        writer.stdout.close()
        writer.wait()
        store = CrashStore(tmp_path, "t")
        whole = {store.read(path).data[:3] for path in store.saved()}
        assert {number.to_bytes(3, "big") for number in reported} <= whole
        assert store.problems == []
        for path in store.saved():
            described = path.with_name(f"{path.name}.json")
            # The last input may have been written without its description, never half of it.
            assert not described.exists() or json.loads(described.read_text())["key"]
