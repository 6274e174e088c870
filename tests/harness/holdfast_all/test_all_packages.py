"""Which packages are made visible where `pyproject.toml` does not name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.whole_suite.packages import packages_beside

if TYPE_CHECKING:
    from pathlib import Path


def made(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"setup.cfg": "[metadata]\nname = A-Shop\n", "src/a_shop/__init__.py": ""}, ["a_shop"]),
        ({"setup.py": 'setup(\n    name="shop",\n)', "shop.py": "", "more.py": ""}, ["shop"]),
        ({"setup.cfg": "not of this form", "shop/__init__.py": ""}, ["shop"]),
        ({"setup.cfg": "[metadata]\nname = other", "src/a/__init__.py": "", "b.py": ""}, ["a"]),
        (
            {"shop.py": "", "till/__init__.py": "", "tests/__init__.py": "", "test_a.py": "",
             "conftest.py": "", "setup.py": "", "docs/__init__.py": "", "not-a-name.py": ""},
            ["shop", "till"],
        ),
        ({"setup.cfg": "[metadata]\nname = harness", "harness/__init__.py": ""}, []),
        ({}, []),
    ],
    ids=["cfg", "setup", "damaged", "other name", "folders", "below the hooks", "nothing"],
)  # fmt: skip
def test_the_project_is_known_by_its_files(
    tmp_path: Path, files: dict[str, str], wanted: list[str]
) -> None:
    assert packages_beside(made(tmp_path, files)) == wanted
