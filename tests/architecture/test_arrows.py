"""Arrows point down only: what a floor may import, read from every import of the source."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
FLOORS: Final = {"secmem": 1, "harness": 1, "reports": 1, "stress": 2, "fuzz": 3, "holdfast": 4}
NOT_PRODUCT: Final = ("tests", "benchmarks", "noxfile", "conftest")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One import of one file."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def arrows_of(path: Path, root: Path) -> Iterator[Arrow]:
    """Yield every import of a file: at its top, inside functions, for types only, by name."""
    parts = path.relative_to(root).with_suffix("").parts
    importer = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        for imported in _imported(node, importer, is_package=path.name == "__init__.py"):
            yield Arrow(importer, imported, getattr(node, "lineno", 0))


def _imported(node: ast.AST, importer: str, *, is_package: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = importer.split(".")[: None if is_package and node.level == 1 else -node.level]
            base = ".".join([*above, *filter(None, [base])])
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        target = node.args[0]
        by_name = name in ("import_module", "__import__", "find_spec", "importorskip")
        if by_name and isinstance(target, ast.Constant) and isinstance(target.value, str):
            yield target.value


def product_files(root: Path) -> list[Path]:
    return [path for package in FLOORS for path in sorted((root / package).rglob("*.py"))]


def upward(arrow: Arrow) -> bool:
    """Say whether an arrow leads sideways, up, or out of the product."""
    source, target = arrow.importer.split(".")[0], arrow.imported.split(".")[0]
    if source == target:
        return False
    if target in NOT_PRODUCT:
        return True
    return target in FLOORS and FLOORS[target] >= FLOORS[source]


def problems(root: Path) -> list[str]:
    return [
        str(arrow)
        for path in product_files(root)
        for arrow in arrows_of(path, root)
        if upward(arrow)
    ]


def test_no_arrow_points_up_or_sideways() -> None:
    assert problems(ROOT) == []


def test_every_package_is_on_a_floor() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/py.typed")}
    assert packages == set(FLOORS)


def test_there_is_something_to_read() -> None:
    arrows = [arrow for path in product_files(ROOT) for arrow in arrows_of(path, ROOT)]
    assert len(arrows) > 500
    assert any(arrow.imported.startswith("harness.") for arrow in arrows)


@pytest.mark.parametrize(
    ("file", "source", "told"),
    [
        ("secmem/bad.py", "import harness\n", "secmem.bad:1 imports harness"),
        ("harness/bad.py", "from stress.run import Budget\n", "harness.bad:1 imports stress.run"),
        ("reports/bad.py", "def f():\n    import harness.finding\n", "reports.bad:2 imports"),
        (
            "stress/bad.py",
            "from fuzz import campaign\n",
            "stress.bad:1 imports fuzz.campaign",
        ),
        ("fuzz/a/bad.py", "import holdfast.cli as c\n", "fuzz.a.bad:1 imports holdfast.cli"),
        ("stress/bad.py", "import tests.planted\n", "stress.bad:1 imports tests.planted"),
        (
            "secmem/bad.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from harness import Task\n",
            "secmem.bad:3 imports harness.Task",
        ),
        (
            "harness/bad.py",
            "import importlib\nimportlib.import_module('secmem.memory')\n",
            "harness.bad:2 imports secmem.memory",
        ),
        ("reports/bad.py", "import os\n__import__('harness')\n", "reports.bad:2 imports harness"),
    ],
)
def test_a_planted_arrow_is_caught(tmp_path: Path, file: str, source: str, told: str) -> None:
    bad = tmp_path / file
    bad.parent.mkdir(parents=True)
    bad.write_text(source, "utf-8")
    found = problems(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_an_arrow_down_is_let_through(tmp_path: Path) -> None:
    good = tmp_path / "fuzz" / "good.py"
    good.parent.mkdir()
    good.write_text("import harness, secmem.memory\nfrom stress import run_scenario\n", "utf-8")
    assert problems(tmp_path) == []


def test_inside_a_package_the_leaf_is_imported_and_not_the_face() -> None:
    """A module that imports its own package's face is how circles start."""
    circles = [
        str(arrow)
        for path in product_files(ROOT)
        if path.name not in ("__init__.py", "__main__.py")
        for arrow in arrows_of(path, ROOT)
        if _own_face(arrow)
    ]
    assert circles == []


def _own_face(arrow: Arrow) -> bool:
    source, target = arrow.importer.split("."), arrow.imported.split(".")
    if target[0] != source[0] or len(target) > 2:
        return False
    if len(target) == 1:
        return True
    place = ROOT / target[0] / target[1]
    return not (place.is_dir() or place.with_suffix(".py").is_file())
