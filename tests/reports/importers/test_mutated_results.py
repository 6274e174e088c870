"""Whatever bytes a file holds, it is refused in words, or it is runs that stay the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuzz.targets.run_documents import WHOLE
from reports import ReportsError, RunDocument
from reports.importers.choices import Choices, Format
from reports.importers.here import Here
from reports.importers.ingest import Ingestion
from reports.importers.recognise import read_result

FORMATS = [
    Format.RUN, Format.EXPLORATION, Format.PYTEST_BENCHMARK, Format.ASV, Format.ASV, Format.PYPERF,
    Format.CUSTOM, Format.GITHUB_ACTION, Format.JUNIT,
    Format.EXPORT, Format.EXPORT,
]  # fmt: skip
SAMPLES = [written(value) for value, written in WHOLE]
TOKENS = [
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"{", b"]", b",", b"NaN", b"-Infinity", b"1e999",
    b"9" * 5_000, b"null", b"true", b'"\\ud800"', b"[" * 70, b"-1", b"0.5", b"\xef\xbb\xbf",
    b"<!DOCTYPE a>", b"&b;", b"<testcase/>", b"'", b"\n", b"1e308", b"{}", b"[]", b'"2026-01-01"',
]  # fmt: skip
# What asv's examples are read beside; git is asked once for all, and knows nothing here.
FOLDER = Path(tempfile.mkdtemp(prefix="holdfast-mutated-"))
CHOICES = Choices(repository=FOLDER)


@pytest.fixture(scope="module", autouse=True)
def _folder_goes() -> Any:
    yield
    for path in sorted(FOLDER.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    FOLDER.rmdir()


@pytest.mark.parametrize(("sample", "form"), list(zip(SAMPLES, FORMATS, strict=True)))
def test_each_sample_is_recognised_by_its_content(sample: bytes, form: Format) -> None:
    file = FOLDER / "sample"
    file.write_bytes(sample)
    assert read_result(file, here=Here(CHOICES)).format is form


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 1, 2, 5, 20, 10_000]))
        data[at : at + gone] = draw(st.sampled_from(TOKENS) | st.binary(max_size=3))
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(mutated() | st.binary(max_size=60))
@example(b"")
@example(b"\xff\xfe<\x00t\x00/\x00>\x00")
def test_mutated_bytes_are_refused_in_words_or_are_whole_runs(data: bytes) -> None:
    file, store = FOLDER / "mutated", FOLDER / "store"
    file.write_bytes(data)
    before = names_in(store)
    try:
        with Ingestion(store, choices=CHOICES) as ingestion:
            paths = ingestion.take(file).paths
    except ReportsError as error:
        said, paths = str(error), ()
        assert names_in(store) == before
    else:
        said = "taken"
    assert any(words in said for words in ("taken", "refused", "not read here"))
    for path in paths:
        kept = path.read_bytes()
        assert RunDocument.from_bytes(kept, document=path.name).to_bytes() == kept


def names_in(store: Path) -> set[str]:
    return {one.name for one in store.rglob("*")} if store.exists() else set()


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{at} {form}" for at, form in enumerate(FORMATS)])
def test_every_cut_of_a_result_is_refused_and_nothing_of_it_kept(
    tmp_path: Path, sample: bytes
) -> None:
    file = tmp_path / "cut"
    step = max(len(sample) // 40, 1)
    for length in range(0, len(sample.rstrip()) - 1, step):
        file.write_bytes(sample[:length])
        with (
            pytest.raises(ReportsError),
            Ingestion(tmp_path / "s", choices=Choices(repository=tmp_path)) as ingestion,
        ):
            ingestion.take(file)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("sample", "form"),
    [
        (sample, form)
        for sample, form in zip(SAMPLES, FORMATS, strict=True)
        if form is not Format.JUNIT
    ],
)
def test_a_key_that_stands_twice_is_refused_in_every_format(
    tmp_path: Path, sample: bytes, form: Format
) -> None:
    text = sample.decode().removeprefix("window.BENCHMARK_DATA = ")
    first = next(iter(json.loads(text)[0] if form is Format.CUSTOM else json.loads(text)))
    file = tmp_path / "twice.json"
    file.write_text(text.replace("{", f'{{"{first}": 1,', 1))
    with pytest.raises(ReportsError, match="stands twice"):
        read_result(file, here=Here(Choices(repository=tmp_path)))
