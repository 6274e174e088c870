"""A project's file: found from inside the project, its tables read, and every fault of it named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fuzz import ProjectFileError as BadTargetsError
from fuzz.catalogue import target_names
from fuzz.triaging.scaffold import registered
from harness.errors import ProjectFileError
from harness.project_file import find_project_file, parsed, project_text, read_table, table_in
from harness.project_packages import packages_of
from harness.pytest_run.profiles import ConfigurationError, read_configuration
from reports.judging.errors import PolicyError
from reports.judging.policy_file import find_project, read_policy
from stress.errors import CatalogueError
from stress.scenarios.catalogue import scenario_targets

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "pyproject.toml"
BROKEN = {
    "no TOML": b"[tool",
    "no text": b"\xff\xfe[tool]",
    "zeros": bytes(100),
    "a thousand brackets": b"a = " + b"[" * 100_000,
    "a number of 5000 digits": b"a = " + b"9" * 5_000,
    "twice": b"[tool.holdfast]\n[tool.holdfast]\n",
}
EACH = b"[tool.holdfast]\nfuzz = 3\nstress = 3\nreport = 3"
FINDERS: tuple[Callable[[Path], Path | None], ...] = (find_project_file, find_project)


@pytest.mark.parametrize("find", FINDERS)
def test_the_nearest_file_at_or_above_is_found(
    tmp_path: Path, find: Callable[[Path], Path | None]
) -> None:
    inside = tmp_path / "one" / "two"
    inside.mkdir(parents=True)
    (tmp_path / NAME).touch()
    assert find(inside) == tmp_path / NAME
    (tmp_path / "one" / NAME).mkdir()
    assert find(inside) == tmp_path / NAME, "a folder of that name is no file"
    (inside / NAME).touch()
    assert find(inside) == inside / NAME


@pytest.mark.parametrize("find", FINDERS)
def test_a_folder_that_cannot_be_looked_into_is_passed_over(
    tmp_path: Path, find: Callable[[Path], Path | None]
) -> None:
    (tmp_path / NAME).touch()
    assert find(tmp_path / ("x" * 5_000)) == tmp_path / NAME


def test_a_table_is_read_and_one_that_is_missing_is_empty(tmp_path: Path) -> None:
    path = tmp_path / NAME
    assert read_table(path, "tool.holdfast") == {}, "there is no file"
    assert read_table(path / "below", "tool.holdfast") == {}
    path.write_text("[tool.holdfast.fuzz]\na = 1\n")
    assert read_table(path / "below", "tool.holdfast") == {}, "a file is no folder"
    assert read_table(path, "tool.holdfast.fuzz") == {"a": 1}
    assert read_table(path, "tool.holdfast") == {"fuzz": {"a": 1}}
    assert read_table(path, "tool.holdfast.stress") == {}
    assert read_table(path, "project") == {}


def test_a_text_is_given_as_it_is_so_that_it_can_be_written_again(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"a = 1\r\n# \xc3\xa4\r\n")
    text = project_text(tmp_path / NAME)
    assert text == "a = 1\r\n# ä\r\n"
    assert parsed(text, tmp_path / NAME) == {"a": 1}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_not_of_its_form_is_an_error_with_its_name(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(ProjectFileError, match=r"pyproject\.toml: it cannot be read") as told:
        read_table(tmp_path / NAME, "tool.holdfast")
    assert (told.value.path, told.value.key) == (tmp_path / NAME, "")


def test_a_folder_in_the_place_of_the_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(ProjectFileError, match="it cannot be read"):
        read_table(tmp_path / NAME, "tool.holdfast")


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"tool": 3}, "tool"),
        ({"tool": {"holdfast": [1]}}, "tool.holdfast"),
        ({"tool": {"holdfast": {"fuzz": "x" * 10_000}}}, "tool.holdfast.fuzz"),
    ],
)
def test_what_is_no_table_is_named_by_its_key(document: dict[str, object], key: str) -> None:
    with pytest.raises(ProjectFileError) as told:
        table_in(document, "tool.holdfast.fuzz", Path(NAME))
    assert told.value.key == key
    assert f"{key} is " in str(told.value)
    assert len(str(told.value)) < 250


@pytest.mark.parametrize(
    "data",
    [*BROKEN.values(), b"tool = 3", b"[tool]\nholdfast = 3", EACH],
    ids=[*BROKEN, "tool", "holdfast", "each"],
)
def test_each_reader_says_it_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(data)
    with pytest.raises(BadTargetsError, match=NAME):
        target_names()
    with pytest.raises(BadTargetsError, match=NAME):
        registered(path, "parser", "fuzz_targets.parser:parser")
    with pytest.raises(CatalogueError, match=NAME):
        scenario_targets()
    with pytest.raises(PolicyError, match=NAME):
        read_policy(path)
    if b"stress" not in data:  # the tables below are not the tests' own
        with pytest.raises(ConfigurationError, match=NAME):
            read_configuration(path)
    assert packages_of(tmp_path) == []


@pytest.mark.parametrize("name", ["5", "[]", "true"])
def test_a_project_whose_name_is_no_text_has_no_package(tmp_path: Path, name: str) -> None:
    (tmp_path / NAME).write_text(f"[project]\nname = {name}\n")
    assert packages_of(tmp_path) == []
    (tmp_path / NAME).write_text('[project]\nname = "My.Shop"\n')
    (tmp_path / "my_shop.py").touch()
    assert packages_of(tmp_path) == ["my_shop"]
