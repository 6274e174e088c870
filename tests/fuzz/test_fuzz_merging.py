"""Merging keeps all that inputs show, in few and small ones, and loses nothing on the way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from fuzz.campaign.corpus import InputFolder
from fuzz.engines import merging
from fuzz.engines.errors import MeasureError, MergeLostError
from fuzz.engines.measuring import measure
from fuzz.engines.merging import merge
from fuzz.engines.set_cover import cover
from fuzz.errors import BrokenTargetError, UnknownTargetError

if TYPE_CHECKING:
    from pathlib import Path

HERE = "tests.fuzz.bad_targets:"
# What GUARDED shows of them: nothing matched, one byte, two, one again, nothing, the failure.
SMALL, ONE, TWO = b"", b"\xa1aaaa", b"\xa1\x3caaa"
ALIKE = (b"bbbb", b"\xa1bbbbbbbb", b"\xa1\x3cbbbbbb")
CRASH = b"\xa1\x3c\x77\xe9\x50"


def sets(**features: str) -> dict[str, frozenset[int]]:
    return {name: frozenset(map(ord, letters)) for name, letters in features.items()}


def sizes(**given: int) -> dict[str, int]:
    return given


@pytest.mark.parametrize(
    ("features", "size", "chosen"),
    [
        ({"a": "x", "b": "x"}, {"a": 9, "b": 5}, ("b",)),
        ({"a": "xy", "b": "x", "c": "y"}, {"a": 3, "b": 1, "c": 1}, ("a",)),
        ({"a": "xy", "b": "x", "c": "y"}, {"a": 900, "b": 1, "c": 1}, ("b", "c")),
        ({"a": "xy", "b": "yz", "c": "zx"}, {"a": 1, "b": 1, "c": 1}, ("a", "b")),
        ({"a": "", "b": "x"}, {"a": 0, "b": 7}, ("b",)),
        ({}, {}, ()),
    ],
)  # fmt: skip
def test_a_cover_is_small(
    features: dict[str, str], size: dict[str, int], chosen: tuple[str, ...]
) -> None:
    assert cover(sets(**features), size) == chosen


def test_a_cover_covers_holds_nothing_to_spare_and_is_its_own_cover() -> None:
    rng = random.Random(1)
    for _ in range(300):
        features = {
            str(number): frozenset(rng.sample(range(30), rng.randrange(8)))
            for number in range(rng.randrange(1, 25))
        }
        size = {name: rng.randrange(300) for name in features}
        chosen = cover(features, size)
        together = frozenset[int]().union(*features.values())
        assert frozenset().union(*(features[name] for name in chosen)) == together
        for spare in chosen:
            rest = frozenset().union(*(features[name] for name in chosen if name != spare))
            assert rest != together
        assert cover({name: features[name] for name in chosen}, size) == chosen


pytestmark = pytest.mark.slow


def folder_of(path: Path, *inputs: bytes) -> InputFolder:
    folder = InputFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        folder.add(data)
    return folder


def test_the_smallest_of_alike_inputs_stay_and_the_sources_are_left_alone(tmp_path: Path) -> None:
    first = folder_of(tmp_path / "first", SMALL, *ALIKE, ONE)
    second = folder_of(tmp_path / "second", TWO, ONE)
    into = folder_of(tmp_path / "into", b"\xa1in the way")
    seen: list[tuple[int, int]] = []
    result = merge(
        HERE + "GUARDED",
        sources=[first.path, second.path],
        into=into.path,
        progress=lambda done, count: seen.append((done, count)),
    )
    assert set(into.inputs()) == {SMALL, ONE, TWO}
    assert (result.before, result.after, result.unstable, result.crashed) == (7, 3, 0, ())
    assert result.after_bytes == len(SMALL + ONE + TWO) < result.before_bytes
    assert result.features > 4
    assert (7, 7) in seen
    assert (len(first), len(second)) == (5, 2)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".merge")]


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    into = folder_of(tmp_path / "into", SMALL, *ALIKE, ONE, TWO)
    first = merge(HERE + "GUARDED", sources=[], into=into.path)
    files = into.files()
    again = merge(HERE + "GUARDED", sources=[], into=into.path)
    assert into.files() == files
    assert (again.before, again.after, again.features) == (first.after, first.after, first.features)


def test_what_the_target_tells_counts_as_code_does(tmp_path: Path) -> None:
    into = folder_of(tmp_path / "into", b"", b"\xa1", b"\xa1xxx", b"\xa1\x3c", b"zz")
    result = merge(HERE + "STAGES", sources=[], into=into.path)
    assert set(into.inputs()) == {b"", b"\xa1", b"\xa1\x3c"}
    assert result.features == 3


def test_where_nothing_is_shown_every_input_stays(tmp_path: Path) -> None:
    into = folder_of(tmp_path / "into", b"a", b"b")
    assert merge(HERE + "RAISES", sources=[], into=into.path).after == 2
    assert len(into) == 2


@pytest.mark.parametrize("name", ["GUARDED", "KILLS", "EXITS", "HANGS"])
def test_an_input_that_crashes_or_hangs_is_told_and_stays_where_it_is(
    tmp_path: Path, name: str
) -> None:
    bad = [CRASH] if name == "GUARDED" else [b"a", b"bb"]
    source = folder_of(tmp_path / "source", SMALL, *bad)
    into = folder_of(tmp_path / "into", *bad)
    result = merge(HERE + name, sources=[source.path], into=into.path)
    assert {path.read_bytes() for path in result.crashed} == set(bad)
    assert set(into.inputs()) == {SMALL, *bad}
    assert result.after == 1


def test_a_merge_that_would_lose_something_is_caught_and_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = folder_of(tmp_path / "into", SMALL, *ALIKE, ONE, TWO)
    before = into.files()
    monkeypatch.setattr(merging, "cover", lambda features, size: cover(features, size)[:-1])
    with pytest.raises(MergeLostError, match="would lose") as lost:
        merge(HERE + "GUARDED", sources=[], into=into.path)
    assert lost.value.lost > 0
    assert into.files() == before


def test_files_that_are_not_what_they_are_called_after_are_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder_of(tmp_path / "source", SMALL, ONE, TWO)
    into = folder_of(tmp_path / "into")
    plain = InputFolder.add

    def spoils(self: InputFolder, data: bytes) -> Path:
        path = plain(self, data)
        path.write_bytes(b"half of it")
        return path

    monkeypatch.setattr(InputFolder, "add", spoils)
    with pytest.raises(MergeLostError):
        merge(HERE + "GUARDED", sources=[source.path], into=into.path)
    assert len(source) == 3


def test_measuring_that_credits_the_next_input_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = folder_of(tmp_path / "into", SMALL, *ALIKE, ONE, TWO, CRASH[:4] + b"!")
    before = into.files()
    plain = measure
    calls = []

    def shifted(*arguments: Any, **how: Any) -> Any:
        found = plain(*arguments, **how)
        calls.append(len(found))
        if len(calls) > 1:
            return found
        moved = [found[-1].features, *(one.features for one in found[:-1])]
        return [
            type(one)(path=one.path, features=features)
            for one, features in zip(found, moved, strict=True)
        ]

    monkeypatch.setattr(merging, "measure", shifted)
    try:
        result = merge(HERE + "GUARDED", sources=[], into=into.path)
    except MergeLostError:
        assert into.files() == before
    else:
        assert result.unstable > 0, "it is at least told"


@pytest.mark.parametrize("stop_at", [1, 2])
def test_an_interrupt_loses_nothing(tmp_path: Path, stop_at: int) -> None:
    source = folder_of(tmp_path / "source", *ALIKE, TWO)
    into = folder_of(tmp_path / "into", SMALL, ONE)
    measured = []

    def interrupts(done: int, count: int) -> None:
        if done == count:
            measured.append(done)
            if len(measured) == stop_at:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge(HERE + "GUARDED", sources=[source.path], into=into.path, progress=interrupts)
    assert {SMALL, ONE} <= set(into.inputs())
    assert len(source) == 4
    result = merge(HERE + "GUARDED", sources=[source.path], into=into.path)
    assert set(into.inputs()) == {SMALL, ONE, TWO}
    assert result.after == 3


def test_a_target_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", b"a")
    with pytest.raises(BrokenTargetError, match="nowhere"):
        merge("nowhere_at_all:TARGET", sources=[folder.path], into=tmp_path / "into")
    with pytest.raises(UnknownTargetError):
        merge("nobody", sources=[folder.path], into=tmp_path / "into")
    assert len(folder) == 1


def test_a_merge_that_takes_too_long_ends_and_says_so(tmp_path: Path) -> None:
    into = folder_of(tmp_path / "into", b"a", b"b")
    with pytest.raises(MeasureError, match="longer than was allowed"):
        merge(HERE + "HANGS", sources=[], into=into.path, timeout_s=0.2)
    assert len(into) == 2
