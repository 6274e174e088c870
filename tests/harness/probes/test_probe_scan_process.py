"""The scan of any process by its id: what is found, where it lies, and what cannot be scanned."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import pytest

from harness import ArgumentError
from harness.probes import (
    BlindScanError,
    ForeignMemoryError,
    Form,
    Needles,
    PlainNeedleError,
    Reach,
    residue,
    scan_process,
)
from harness.probes.byte_search import _places_by_find, places_of
from harness.probes.child_processes import state_of
from harness.probes.probed_child import ProbedChild
from harness.probes.standstill import stopped

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="another process's memory is read on Linux only"
)
IS_ROOT = os.name == "posix" and os.getuid() == 0
KEEPS_WHAT_IT_READS = """
import sys
kept = sys.stdin.buffer.read(int(sys.argv[1]))
print("kept", flush=True)
sys.stdin.read()
"""
FILLS = """
import sys
block = bytearray(int(sys.argv[1]))
block[::4096] = b"x" * len(block[::4096])
print("filled", flush=True)
sys.stdin.read()
"""


class Keeper:
    """A child that keeps on its heap what it is given; ended when the block is left."""

    def __init__(self, kept: bytes) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", KEEPS_WHAT_IT_READS, str(len(kept))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(kept)
        self._child.stdin.flush()
        self._child.stdout.readline()
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()


WRITINGS: dict[Form, Callable[[bytes], bytes]] = {
    Form.RAW: lambda key: key,
    Form.REVERSED: lambda key: key[::-1],
    Form.HEX: lambda key: key.hex().encode(),
    Form.HEX_UPPER: lambda key: key.hex().upper().encode(),
    Form.BASE64: base64.b64encode,
}


@pytest.mark.parametrize("form", WRITINGS, ids=lambda form: form.name)
def test_a_key_that_any_process_keeps_is_found_in_the_form_asked_for(form: Form) -> None:
    key = os.urandom(32)
    with Keeper(b"before " + WRITINGS[form](key) + b" after") as keeper:
        seen = scan_process(keeper.pid, key, forms=(form,))
        assert {(hit.form, hit.part) for hit in seen.hits} >= {(form, "whole")}
        other = next(each for each in WRITINGS if each is not form)
        assert scan_process(keeper.pid, key, forms=(other,)).clean


def test_by_default_the_raw_bytes_are_looked_for_and_nothing_else() -> None:
    key = os.urandom(32)
    with Keeper(key.hex().encode()) as keeper:
        assert scan_process(keeper.pid, key).clean
        assert not scan_process(keeper.pid, key, forms=()).clean


def test_of_several_secrets_each_hit_says_which_and_where_and_never_shows_it() -> None:
    keys = {"the session key": os.urandom(32), "the token": os.urandom(16), "gone": os.urandom(32)}
    with Keeper(keys["the session key"] + b"|" * 9 + keys["the token"]) as keeper:
        seen = scan_process(keeper.pid, keys)
    assert {hit.name for hit in seen.hits} == {"the session key", "the token"}
    story = str(seen)
    assert "whole of the session key as raw bytes (32 of 32 bytes" in story
    assert "whole of the token as raw bytes (16 of 16 bytes" in story
    assert "the heap" in story or "anonymous memory" in story
    assert not any(key.hex()[:8] in story or str(key)[2:8] in story for key in keys.values())


def test_a_key_on_the_stack_of_a_thread_is_said_to_be_there() -> None:
    key = os.urandom(32)
    with ProbedChild("probe_targets:keeps_in_a_thread_of_its_own", key=key) as child:
        reached = child.next_checkpoint()
        assert reached is not None
        seen = scan_process(child.pid, key)
    places = {hit.place for hit in seen.hits if hit.part == "whole"}
    assert any(
        place.startswith(f"the stack of thread {reached.data['thread']} (") for place in places
    )


def test_a_process_can_be_held_still_and_goes_on_afterwards() -> None:
    key = os.urandom(32)
    with Keeper(key) as keeper:
        with stopped(keeper.pid):
            state = state_of(keeper.pid)
            assert state is not None
            assert state[1] in "Tt"
        assert not scan_process(keeper.pid, key, pause=True).clean
        ends_s = time.monotonic() + 5
        while (state := state_of(keeper.pid)) and state[1] in "Tt":
            assert time.monotonic() < ends_s, "it was not let go"


def test_what_cannot_be_scanned_is_named() -> None:
    key = os.urandom(32)
    with Keeper(key) as keeper:
        gone = keeper.pid
    with pytest.raises(ForeignMemoryError, match="It may have ended"):
        scan_process(gone, key)
    with pytest.raises(ForeignMemoryError, match="SIGSTOP: No such process"):
        scan_process(gone, key, pause=True)
    with pytest.raises(ForeignMemoryError, match="the scanning process itself"):
        scan_process(os.getpid(), key)
    with pytest.raises(PlainNeedleError, match="shorter than 8 bytes"):
        scan_process(gone, b"short")
    with pytest.raises(ArgumentError, match="at least one secret"):
        scan_process(gone, {})


def test_a_process_that_has_ended_and_was_not_collected_proves_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        with pytest.raises((BlindScanError, ForeignMemoryError)):
            scan_process(child.pid, os.urandom(32))
    finally:
        child.wait()


SCANS_AS_ANOTHER_USER = """
import os, sys
from harness.probes import ForeignMemoryError, Reach, residue, scan_process
from harness.probes import search, places, mappings
residue.self_test()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for reach in Reach:
    try:
        scan_process(int(sys.argv[1]), bytes(range(32)), reach=reach)
        print("scanned")
    except ForeignMemoryError as error:
        print(error)
"""


@pytest.mark.skipif(
    os.name != "posix" or os.getuid() != 0, reason="only root can become somebody else"
)
def test_the_process_of_another_user_is_refused_with_a_clear_error() -> None:
    with Keeper(b"x" * 32) as keeper:
        told = subprocess.run(
            [sys.executable, "-c", SCANS_AS_ANOTHER_USER, str(keeper.pid)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
    lines = told.splitlines()
    assert len(lines) == 2
    assert all("cannot read the memory of process" in line for line in lines), told
    assert all("belong to another user" in line for line in lines)


@pytest.mark.skipif(IS_ROOT, reason="root may scan any process")
def test_the_first_process_of_the_system_is_refused_with_a_clear_error() -> None:
    with pytest.raises(ForeignMemoryError, match="belong to another user"):
        scan_process(1, os.urandom(32))


@pytest.mark.parametrize("find", [places_of, _places_by_find])
def test_both_ways_of_searching_find_every_place(find: object) -> None:
    buffer = bytearray(b"..abab.ababab..ab")
    assert callable(find)
    assert list(find(bytearray(b"abab"), buffer, len(buffer))) == [2, 7, 9]
    assert list(find(bytearray(b"ab"), buffer, 9)) == [2, 4, 7]
    assert list(find(bytearray(b"ab"), buffer, 8)) == [2, 4]
    assert list(find(bytearray(b"zz"), buffer, len(buffer))) == []


def test_needles_made_before_are_taken_as_they_are() -> None:
    keys = os.urandom(32), os.urandom(32)
    both = Needles.of(keys[0], forms=(Form.HEX,), name="one") | Needles.of(keys[1], name="two")
    with Keeper(keys[0].hex().encode() + keys[1]) as keeper:
        seen = scan_process(keeper.pid, both, reach=Reach.FORCED)
    assert {(hit.name, hit.form) for hit in seen.hits if hit.part == "whole"} >= {
        ("one", Form.HEX),
        ("two", Form.RAW),
    }


@pytest.mark.slow
def test_a_gibibyte_is_scanned_in_reasonable_time() -> None:
    # The figure, 5 s, is for benchmarks/residue_scan.py; here a bound of 20 times, for a quarter.
    size = 1 << 28
    child = subprocess.Popen(
        [sys.executable, "-c", FILLS, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        residue.self_test()
        began_s = time.monotonic()
        seen = scan_process(child.pid, os.urandom(32), forms=())
        elapsed_s = time.monotonic() - began_s
    finally:
        child.kill()
        child.communicate()
    assert seen.bytes_read > size
    assert elapsed_s < 5 * 20 / 4
