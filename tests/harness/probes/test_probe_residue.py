"""The memory scan finds what is there, nothing where nothing is, and notices that it is blind."""

import os
import sys

import pytest

from harness.probes import BlindScanError, ForeignMemoryError, Form, Needles, Reach, residue, search
from harness.probes.foreign_memory import ForeignMemory
from harness.probes.probed_child import ProbedChild
from harness.probes.search import Sweep

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="another process's memory is read on Linux only"
)


def scan_once(function: str, **arguments: object) -> residue.Residue:
    (seen,) = residue.examine(f"probe_targets:{function}", arguments=arguments)
    return seen.residue


def test_self_test_finds_the_kept_key_and_not_the_wiped_one() -> None:
    residue.self_test.__wrapped__()


def test_wiped_key_leaves_nothing() -> None:
    (seen,) = residue.examine("harness.probes.known_residue:wipe")
    assert seen.residue.clean
    assert seen.residue.bytes_read > 5_000_000
    assert str(seen.residue).startswith("nothing of the secret in ")


@pytest.mark.parametrize(
    ("start", "end", "part"), [(0, 32, "whole"), (16, 32, "half"), (8, 16, "piece")]
)
def test_a_part_of_the_key_is_found_as_that_part(start: int, end: int, part: str) -> None:
    seen = scan_once("keeps_a_part", start=start, end=end)
    # memcpy leaves 32 bytes in a vector register, and the loader spills those to the stack when
    # it binds the next function: true copies, but not those this test put there.
    raw = [hit for hit in seen.hits if hit.form is Form.RAW and hit.mapping.name != "[stack]"]
    assert [(hit.part, hit.offset, hit.size_bytes) for hit in raw] == [(part, start, end - start)]


@pytest.mark.parametrize("before", [1, 7, 16, 31])
def test_key_across_the_edge_of_a_chunk_is_one_whole_hit(before: int) -> None:
    (seen,) = residue.examine(
        "probe_targets:keeps_across_a_chunk", arguments={"before": before}, forms=(Form.RAW,)
    )
    assert [(hit.part, hit.address) for hit in seen.residue.hits] == [
        ("whole", seen.checkpoint.data["address"])
    ]


def test_copies_freed_by_a_joined_worker_are_found() -> None:
    assert len(scan_once("frees_in_a_worker").hits) > 13


def test_finding_names_the_place_and_never_the_bytes() -> None:
    key = os.urandom(32)
    (seen,) = residue.examine(
        "probe_targets:keeps_a_part", key=key, arguments={"start": 0, "end": 32}
    )
    story = str(seen.residue)
    assert "whole of the secret as raw bytes (32 of 32 bytes from offset 0) at " in story
    assert key.hex()[:16] not in story


def test_scan_that_misses_the_control_value_is_not_believed() -> None:
    with pytest.raises(BlindScanError, match="did not find the child's control value"):
        scan_once("loses_its_control")


@pytest.mark.parametrize("form", [Form.RAW, Form.HEX, Form.INT_BIG])
def test_self_test_notices_a_scanner_that_is_blind_to_one_form(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(pid: int, needles: Needles, *, reach: Reach) -> Sweep:
        seen = search.sweep(pid, needles, reach=reach)
        hits = tuple(hit for hit in seen.hits if hit.form is not form)
        return Sweep(hits=hits, bytes_read=seen.bytes_read, unread=seen.unread)

    monkeypatch.setattr(residue, "sweep", blind)
    with pytest.raises(BlindScanError, match="kept there on purpose"):
        residue.self_test.__wrapped__()


def test_self_test_notices_a_scanner_that_sees_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def imagine(pid: int, needles: Needles, *, reach: Reach) -> Sweep:
        seen = search.sweep(pid, needles, reach=reach)
        control = next(hit for hit in seen.hits if hit.form is Form.CONTROL)
        fancied = search.Hit(
            form=Form.RAW,
            offset=0,
            size_bytes=32,
            whole=32,
            address=control.address,
            mapping=control.mapping,
        )
        return Sweep(hits=(*seen.hits, fancied), bytes_read=seen.bytes_read, unread=seen.unread)

    monkeypatch.setattr(residue, "sweep", imagine)
    with pytest.raises(AssertionError, match="wiped is still found"):
        residue._must_not_find_what_is_wiped()


def test_page_the_kernel_shields_is_listed_as_unread() -> None:
    key = bytes(range(32))
    with ProbedChild("probe_targets:maps_a_secret_file", key=key) as child:
        reached = child.next_checkpoint()
        assert reached is not None
        if reached.name == "no memfd_secret":
            pytest.skip("this kernel has no memfd_secret")
        seen = residue.scan(child, Needles.of(key, forms=(Form.RAW,)), reach=Reach.FORCED)
    assert any("secretmem" in mapping.name for mapping in seen.unread)


def test_a_process_does_not_scan_itself() -> None:
    with pytest.raises(ForeignMemoryError, match="the scanning process itself"):
        ForeignMemory(os.getpid(), reach=Reach.READABLE)
