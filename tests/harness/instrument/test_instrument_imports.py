"""The import hook: what is rewritten, what is refused, what is kept between runs."""

# ruff: noqa: PLC0415  # imports are what is tested

from __future__ import annotations

import importlib
import itertools
import sys
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import harness.errors
from harness.instrument import (
    AlreadyImportedError,
    BadSourceError,
    NoSourceError,
    NotInstrumentedWarning,
    instrument_imports,
    is_instrumented,
)
from harness.instrument.code_cache import cache_key, cache_path, load_code, save_code
from harness.instrument.loader import InstrumentingLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_numbers = itertools.count()


class Project:
    """A package in a folder of its own, under a name that no other test uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"hf_project_{next(_numbers)}"

    def write(self, path: str, source: str = "") -> Path:
        target = self.folder / self.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source)
        importlib.invalidate_caches()
        return target

    def load(self, module: str = "") -> Any:
        return importlib.import_module(f"{self.name}.{module}" if module else self.name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Project(tmp_path)
    made.write("__init__.py", "value = 0\ndef bump():\n    global value\n    value += 1\n")
    made.write("part.py", "from . import bump\n__all__ = ['twice']\ndef twice(): bump(); bump()\n")
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == made.name]:
        del sys.modules[name]


def test_package_and_submodules_are_rewritten(project: Project, observe: Any) -> None:
    with instrument_imports([project.name]) as hook:
        part = project.load("part")
    assert hook.instrumented == [project.name, f"{project.name}.part"]
    with observe() as journal:
        part.twice()
    name = project.name
    assert journal.events == [f"read {name}.value", f"write {name}.value"] * 2
    assert is_instrumented(name)
    assert not is_instrumented("json")
    assert not is_instrumented("no.such.module")


def test_pattern_and_exclude_choose_modules(project: Project) -> None:
    with instrument_imports([f"{project.name}.p*"], [f"{project.name}.plain"]):
        project.write("plain.py")
        project.load("part")
        project.load("plain")
    assert is_instrumented(f"{project.name}.part")
    assert not is_instrumented(project.name)
    assert not is_instrumented(f"{project.name}.plain")


def test_nothing_is_rewritten_after_the_block(project: Project) -> None:
    with instrument_imports([project.name]):
        pass
    project.load("part")
    assert not is_instrumented(f"{project.name}.part")


def test_module_imported_before_is_an_error_that_names_it(project: Project) -> None:
    before = list(sys.meta_path)
    project.load("part")
    with pytest.raises(AlreadyImportedError) as caught, instrument_imports([project.name]):
        pass
    assert caught.value.modules == (project.name, f"{project.name}.part")
    assert "reload=True" in str(caught.value)
    assert sys.meta_path == before


def test_reload_imports_anew(project: Project) -> None:
    old = project.load("part")
    with instrument_imports([project.name], reload=True):
        new = project.load("part")
    assert new is not old
    assert is_instrumented(f"{project.name}.part")


def test_module_rewritten_before_is_no_error(project: Project) -> None:
    for _ in range(2):
        with instrument_imports([project.name]):
            project.load("part")


@pytest.mark.parametrize(
    ("include", "exclude"),
    [
        ("json", ()),
        ([], ()),
        ([3], ()),
        ([""], ()),
        (["harness.engine"], ()),
        (["threading"], ()),
        (["ok"], "not_a_list"),
    ],
)
def test_bad_patterns_are_refused(include: Any, exclude: Any) -> None:
    with pytest.raises(harness.errors.ArgumentError, match=r"include|exclude"):
        instrument_imports(include, exclude)


def test_source_that_does_not_compile_is_named(project: Project) -> None:
    path = project.write("broken.py", "def f(:\n    pass\n")
    with instrument_imports([project.name]), pytest.raises(BadSourceError) as caught:
        project.load("broken")
    assert isinstance(caught.value, SyntaxError)
    assert (caught.value.filename, caught.value.lineno) == (str(path), 1)
    assert f"{project.name}.broken" in caught.value.msg


def test_compiled_module_asked_for_by_name_is_refused() -> None:
    names = ("_testcapi", "_bisect", "_json", "_heapq", "mmap", "_csv", "_decimal")
    name = next(name for name in names if _is_extension(name))
    kept = sys.modules.pop(name, None)
    try:
        with instrument_imports([name]), pytest.raises(NoSourceError, match="compiled"):
            importlib.import_module(name)
    finally:
        if kept is not None:
            sys.modules[name] = kept


def _is_extension(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader)


def test_module_without_source_is_named_in_a_warning(project: Project) -> None:
    import py_compile

    source = project.write("only_bytecode.py", "x = 1\n")
    py_compile.compile(str(source), cfile=str(source.with_suffix(".pyc")))
    source.unlink()
    with (
        instrument_imports([project.name]) as hook,
        pytest.warns(NotInstrumentedWarning, match="only its bytecode"),
    ):
        assert project.load("only_bytecode").x == 1
    assert list(hook.skipped) == [f"{project.name}.only_bytecode"]


def test_namespace_package_is_nothing_to_warn_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "hf_namespace").mkdir()
    (tmp_path / "hf_namespace" / "inner.py").write_text("def f(): return 1\n")
    with instrument_imports(["hf_namespace"]) as hook:
        inner = importlib.import_module("hf_namespace.inner")
    assert inner.f() == 1
    assert hook.instrumented == ["hf_namespace.inner"]
    assert hook.skipped == {}


def test_module_in_a_zip_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("hf_zipped.py", "def f(): return 1\n")
    monkeypatch.syspath_prepend(str(archive))
    with instrument_imports(["hf_zipped"]):
        module = importlib.import_module("hf_zipped")
    assert module.f() == 1
    assert is_instrumented("hf_zipped")


def test_locks_made_at_import_are_twins_that_work_outside_executions(project: Project) -> None:
    project.write(
        "locks.py",
        "import threading\nfrom threading import Lock\na = threading.Lock()\nb = Lock()\n",
    )
    with instrument_imports([project.name]):
        locks = project.load("locks")
    for lock in (locks.a, locks.b):
        assert type(lock).__module__.startswith("harness.")
        with lock:
            assert lock.locked()
    assert type(threading.Lock()).__module__ == "_thread"


def test_resources_and_source_are_still_found(project: Project) -> None:
    import inspect
    import pkgutil

    project.write("data.txt", "hello")
    with instrument_imports([project.name]):
        part = project.load("part")
    assert pkgutil.get_data(project.name, "data.txt") == b"hello"
    assert "def twice" in inspect.getsource(part)
    assert part.__file__ == str(project.folder / project.name / "part.py")
    with instrument_imports([project.name]):
        assert importlib.reload(part) is part
    assert is_instrumented(part.__name__)


def test_star_import_gets_no_hook(project: Project) -> None:
    project.write("star.py", f"from {project.name} import *\nnames = sorted(vars())\n")
    with instrument_imports([project.name]):
        star = project.load("star")
    assert not [name for name in star.names if name.startswith("__hf")]
    assert "bump" in star.names


class Counted(InstrumentingLoader):
    compiled = 0

    def compile(self, source: bytes) -> Any:
        type(self).compiled += 1
        return super().compile(source)


@pytest.fixture
def count_compilations(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = project.folder / project.name / "part.py"

    def load() -> int:
        Counted.compiled = 0
        inner = importlib.machinery.SourceFileLoader("part", str(path))
        Counted(inner, "part", str(path)).get_code()
        return Counted.compiled

    return load


def test_rewritten_code_is_kept_until_the_source_changes(
    project: Project, count_compilations: Callable[[], int]
) -> None:
    assert [count_compilations(), count_compilations()] == [1, 0]
    project.write("part.py", "changed = 1\n")
    assert [count_compilations(), count_compilations()] == [1, 0]


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "garbage"])
def test_damaged_cache_is_made_again(
    project: Project, count_compilations: Callable[[], int], damage: str
) -> None:
    assert count_compilations() == 1
    kept = cache_path(str(project.folder / project.name / "part.py"))
    assert kept is not None
    data = kept.read_bytes()
    changed = {
        "empty": b"",
        "cut": data[:-5],
        "flipped": data[:-3] + bytes([data[-3] ^ 255]) + data[-2:],
        "garbage": b"\xff" * 200,
    }[damage]
    kept.write_bytes(changed)
    assert [count_compilations(), count_compilations()] == [1, 0]


def test_cache_is_no_place_for_another_file_s_code(tmp_path: Path) -> None:
    code = compile("x = 1", "a.py", "exec")
    key = cache_key(b"x = 1", filename="a.py")
    save_code(tmp_path / "c.pyc", key, code)
    if not sys.dont_write_bytecode:
        assert load_code(tmp_path / "c.pyc", key) == code
    assert load_code(tmp_path / "c.pyc", cache_key(b"x = 1", filename="b.py")) is None
    assert load_code(None, key) is None


def test_plain_bytecode_of_python_is_left_alone(
    project: Project, count_compilations: Callable[[], int]
) -> None:
    count_compilations()
    path = str(project.folder / project.name / "part.py")
    assert cache_path(path) != Path(importlib.util.cache_from_source(path))
    assert not Path(importlib.util.cache_from_source(path)).exists()
