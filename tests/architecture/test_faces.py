"""What each package shows, and what it costs to import."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import holdfast

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("secmem", "harness", "reports", "stress", "fuzz", "holdfast")
HEAVY: Final = (
    "hypothesis", "matplotlib", "numpy", "atheris", "click", "rich", "psutil", "pytest", "jinja2",
    "sqlalchemy",
)  # fmt: skip
LIMIT_S: Final = 0.06  # what `import harness` may cost more than bare Python
SAFETY: Final = 20  # a test bounds twenty times the figure; the figure itself is the benchmark's


def faces() -> list[str]:
    """Return every package of the product with something in its face."""
    paths = (path for name in PACKAGES for path in sorted((ROOT / name).rglob("__init__.py")))
    return [
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in paths
        if "__all__" in path.read_text("utf-8")
    ]


@pytest.mark.parametrize("name", faces())
def test_everything_that_a_face_promises_is_there(name: str) -> None:
    module = importlib.import_module(name)
    promised = module.__all__
    assert len(set(promised)) == len(promised)
    assert [entry for entry in promised if not hasattr(module, entry)] == []


@pytest.mark.parametrize("name", faces())
def test_a_face_promises_everything_that_it_imports(name: str) -> None:
    """A name that is imported and not promised is an accident, or was forgotten."""
    path = ROOT.joinpath(*name.split("."), "__init__.py")
    imported = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and _is_ours(node)
        for alias in node.names
    }
    assert imported - set(importlib.import_module(name).__all__) == set()


def _is_ours(node: ast.ImportFrom) -> bool:
    return (node.module or "").partition(".")[0] in PACKAGES


@pytest.mark.parametrize("name", faces())
def test_a_face_lists_its_names_in_order(name: str) -> None:
    """Constants, then classes, then functions, each by the alphabet: the order the linter keeps."""
    promised = list(importlib.import_module(name).__all__)
    assert promised == sorted(promised, key=_rank)


def _rank(entry: str) -> tuple[int, str]:
    if entry.isupper():
        return 0, entry
    return (1 if entry[0].isupper() else 2), entry


@pytest.mark.parametrize("name", faces())
def test_a_face_tells_what_it_offers(name: str) -> None:
    """`dir()` is what an editor completes from; lazy names belong there, too."""
    assert set(importlib.import_module(name).__all__) <= set(dir(importlib.import_module(name)))


@pytest.mark.parametrize("name", faces())
def test_a_face_only_passes_names_on(name: str) -> None:
    path = ROOT.joinpath(*name.split("."), "__init__.py")
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    own = [
        type(node).__name__
        for node in ast.parse(path.read_text("utf-8")).body
        if not isinstance(node, allowed) and not _is_lazy_look_up(node)
    ]
    assert own == []


def lazy_faces() -> dict[str, ast.Module]:
    """Return the faces that load names on first use, parsed."""
    parsed = {
        name: ast.parse(ROOT.joinpath(*name.split("."), "__init__.py").read_text("utf-8"))
        for name in faces()
    }
    return {name: tree for name, tree in parsed.items() if look_ups(tree)}


def look_ups(tree: ast.Module) -> list[str]:
    return [ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_two_lazy_faces_look_their_names_up_in_the_same_words() -> None:
    """They are ten lines; no module is one that both may import and `fuzz` can afford to."""
    found = lazy_faces()
    assert look_ups(found["fuzz"]) == look_ups(found["reports"])


@pytest.mark.parametrize("name", lazy_faces())
def test_a_lazy_face_loads_a_name_from_where_type_checkers_see_it(name: str) -> None:
    seen = {
        alias.asname or alias.name: node.module
        for block in lazy_faces()[name].body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == importlib.import_module(name)._LATER


def _is_lazy_look_up(node: ast.stmt) -> bool:
    """Say whether a statement serves names that are loaded on first use."""
    if isinstance(node, ast.FunctionDef):
        return node.name in ("__getattr__", "__dir__")
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_there_are_faces_to_look_at() -> None:
    assert {"harness", "secmem.memory", "reports", "stress"} <= set(faces())


def test_every_package_tells_type_checkers_that_it_is_typed() -> None:
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").is_file()] == []


def test_the_version_is_that_of_the_distribution() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{holdfast.__version__}"' in text


def test_importing_the_harness_loads_nothing_heavy() -> None:
    loaded = _python("import harness, sys; import json; print(json.dumps(sorted(sys.modules)))")
    assert [name for name in HEAVY if name in json.loads(loaded)] == []


@pytest.mark.slow
def test_importing_the_harness_is_quick() -> None:
    bare_s = min(_seconds("pass") for _ in range(3))
    with_harness_s = min(_seconds("import harness") for _ in range(3))
    assert with_harness_s - bare_s < LIMIT_S * SAFETY


def _seconds(code: str) -> float:
    timed = "import time; a = time.perf_counter()\n{}\nprint(time.perf_counter() - a)"
    return float(_python(timed.format(code)))


def _python(code: str) -> str:
    # A clean environment and no site customisation of the test run's: what a user's start costs.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout
