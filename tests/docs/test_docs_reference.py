"""The reference has every public name: what a face offers and no page describes cannot be found."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import DOCS

if TYPE_CHECKING:
    from pathlib import Path

FACES = (
    "harness",
    "harness.analysis",
    "harness.faults",
    "harness.instrument",
    "harness.linearizability",
    "harness.probes",
    "harness.stateful",
    "harness.strategies",
    "secmem.memory",
    "secmem.flow",
    "stress",
    "fuzz",
    "reports",
)
DIRECTIVE = re.compile(
    r"^\.\. (?P<kind>py:module|automodule|auto\w+):: (?P<name>[\w.]+)", re.MULTILINE
)


def described() -> set[str]:
    """Return the names that the reference describes; `harness.fuzz.*` for all of a face."""
    found: set[str] = set()
    for page in (DOCS / "reference").glob("*.md"):
        module = ""
        for match in DIRECTIVE.finditer(page.read_text("utf-8")):
            name = match["name"]
            if match["kind"] == "py:module":
                module = name
            elif match["kind"] == "automodule":
                module = name
                found.add(f"{name}.*")
            else:
                found.add(name if "." in name else f"{module}.{name}")
    return found


def names_of(face: str) -> set[str]:
    return set(importlib.import_module(face).__all__)


@pytest.mark.parametrize("face", FACES)
def test_every_name_of_a_face_has_its_place_in_the_reference(face: str) -> None:
    known = described()
    if f"{face}.*" in known:
        return
    # What two faces offer is described at one of them.
    elsewhere = set().union(*(names_of(other) for other in FACES if f"{other}.*" in known))
    missing = {name for name in names_of(face) - elsewhere if f"{face}.{name}" not in known}
    assert sorted(missing) == []


def test_a_name_without_its_place_would_be_seen() -> None:
    known = described()
    assert "harness.explore" in known
    assert "harness.no_such_name" not in known


def test_every_page_is_in_a_table_of_contents() -> None:
    listed: set[Path] = set()
    for page in DOCS.rglob("*.md"):
        for block in re.findall(
            r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL
        ):
            for line in block.splitlines():
                target = re.sub(r".*<(.*)>", r"\1", line.strip())
                if target and not target.startswith(":"):
                    listed.add((page.parent / f"{target}.md").resolve())
    assert sorted(set(DOCS.rglob("*.md")) - listed - {DOCS / "index.md"}) == []
