"""What pytest loads in every run of every user: options, and a look whether they are needed.

The plugin proper lies in `harness`, a name that a user's own folder may have. So nothing of ours is
imported before a test file, an option or a setting asks for it, and then only if what Python would
import is ours; otherwise the plugin stays off, with one line that names what is in the way.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from _pytest.nodes import Node

PACKAGE: Final = "harness"  # the one package of ours that the plugin imports
MAX_FILES: Final = 1_000  # test files that are looked at before the first import, some 30 ms
MAX_BYTES: Final = 1_000_000  # of a test file
MARK: Final = "interleaved"
MARK_LINE: Final = (
    "interleaved(strategy=..., executions=..., ...): holdfast explores the test, under many "
    "interleavings of its threads; the settings are those of @harness.interleaved"
)
_OURS: Final = Path(__file__).resolve().parent.parent
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+harness\b|import[ \t][^#\n]*\bharness\b)", re.MULTILINE
)
_NAMES: Final = re.compile(rb"\b(?:interleaved|regression)\b")
_MARK: Final = re.compile(rb"\bmark\.interleaved\b")  # needs no import of ours
PROFILES: Final = (
    "dev (tests as written), ci (4 times the executions), overnight (1000 times, 5 minutes a test, "
    "a new seed), or one from [tool.holdfast.profiles.NAME]"
)
_OPTIONS: Final = (
    ("strategy", "NAME", "one of portfolio, random, pct, pos, surw, delay, rff, dpor, dfs"),
    ("executions", "N", "executions of each interleaved test, at most; x10 for ten times its own"),
    ("seed", "N", "explore with this seed; 'random' draws one for the run"),
    ("time", "TIME", "begin no further execution of a test after this: 60s, 5m"),
    ("workers", "N", "processes that share the executions of a test"),
    ("profile", "NAME", PROFILES),
    ("replay", "TOKEN", "run only this interleaving of the chosen test"),
)  # fmt: skip
_SKIPPED: Final = ("node_modules", "build", "dist", "venv", "__pycache__")
_STATE: Final = pytest.StashKey["Guard"]()


class Guard:
    """Whether the plugin is on in one run of pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.plugin: object = None
        self.stranger = stranger_in_the_way(_coming_places(config))

    def switch_on(self) -> None:
        """Load the plugin, if it is ours."""
        if self.stranger is not None or self.plugin is not None:
            return
        plugin = importlib.import_module("harness.pytest_plugin")
        self.plugin = plugin.begin(self._config, uses_harness)

    @property
    def settled(self) -> bool:
        """Whether it is on, or off for good."""
        return self.plugin is not None or self.stranger is not None

    def line(self) -> str:
        """Return the line that says why the plugin is off; empty where it may be on."""
        if self.stranger is None:
            return ""
        return (
            f"holdfast: off, because {self.stranger} is in the way of the package {PACKAGE!r} "
            "(-p no:holdfast silences this)"
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("holdfast", "thread interleavings")
    for name, metavar, text in _OPTIONS:
        group.addoption(f"--holdfast-{name}", metavar=metavar, help=text)
    group.addoption(
        "--holdfast-record",
        action="store_true",
        default=None,
        help="explore tests with @harness.regression, too, in the place of their tokens: to get "
        "new ones",
    )
    group.addoption(
        "--holdfast-all",
        action="store_true",
        default=None,
        help="run every test as it is, and explore those that start threads; one that fails under "
        "some interleaving fails, one that cannot be controlled is listed and does not",
    )
    parser.addini(
        "holdfast_instrument",
        "packages whose shared accesses are switching points in interleaved tests; without it "
        "`instrument` in [tool.holdfast], or the project's own package, by the name in "
        "pyproject.toml",
        type="args",
        default=[],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Switch on before a conftest imports the code under test, if this run uses us."""
    guard = early_config.stash[_STATE] = Guard(early_config)
    options = early_config.known_args_namespace
    names = (*(name for name, _, _ in _OPTIONS), "record", "all")
    asked = any(getattr(options, f"holdfast_{name}", None) is not None for name in names)
    if asked or early_config.getini("holdfast_instrument") or _some_test_uses_us(early_config):
        guard.switch_on()


def pytest_configure(config: pytest.Config) -> None:
    """Name our mark; refuse an option that would do nothing; say why the plugin is off."""
    config.addinivalue_line("markers", MARK_LINE)
    guard = config.stash.get(_STATE, None)
    if guard is None or guard.stranger is None:
        return
    if config.getoption("holdfast_replay"):
        raise pytest.UsageError(f"--holdfast-replay cannot be followed; {guard.line()}")
    if not hasattr(config, "workerinput"):
        sys.stderr.write(guard.line() + "\n")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Switch on for a test file that the first look did not reach."""
    guard = parent.config.stash.get(_STATE, None)
    if guard is not None and not guard.settled and uses_harness(module_path):
        guard.switch_on()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Switch on for a mark that no test file shows: set by a conftest, or by a name of its own."""
    guard = config.stash.get(_STATE, None)
    if guard is None or guard.plugin is not None:
        return
    known: dict[int, bool] = {}
    marked = next((item for item in items if _is_marked(item, known)), None)
    if marked is None:
        return
    if guard.stranger is not None:
        raise pytest.UsageError(f"{marked.nodeid} is marked as interleaved; {guard.line()}")
    guard.switch_on()


def _is_marked(node: Node | None, known: dict[int, bool]) -> bool:
    """Say whether a test or what it lies in has our mark; a parent is looked at once.

    Asking pytest for the closest mark takes 2 µs a test, which are seen in a suite of 50 000.
    """
    if node is None:
        return False
    if any(mark.name == MARK for mark in node.own_markers):
        return True
    parent = node.parent
    if id(parent) not in known:
        known[id(parent)] = _is_marked(parent, known)
    return known[id(parent)]


def uses_harness(path: Path) -> bool:
    """Say whether a test file has our mark, or imports the harness for a decorator; only read."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES)
    except OSError:
        return False
    return bool(_MARK.search(text) or (_NAMES.search(text) and _IMPORT.search(text)))


def _some_test_uses_us(config: pytest.Config) -> bool:
    patterns = config.getini("python_files")
    left = MAX_FILES
    for root in _roots(config):
        for path in _python_files(root, patterns):
            if uses_harness(path):
                return True
            left -= 1
            if not left:
                return False
    return False


def _roots(config: pytest.Config) -> Iterator[Path]:
    """Yield the files and folders that this run collects."""
    here = config.invocation_params.dir
    named = getattr(config.known_args_namespace, "file_or_dir", None) or ()
    if not named and here == config.rootpath:
        named = [str(path) for text in config.getini("testpaths") for path in here.glob(text)]
    for text in named or [str(here)]:
        yield here / str(text).split("::", maxsplit=1)[0]


def _python_files(root: Path, patterns: Sequence[str]) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED
        )
        for name in sorted(files):
            path = Path(folder, name)
            if name.endswith(".py") and any(path.match(pattern) for pattern in patterns):
                yield path


def stranger_in_the_way(places: Iterable[Path] = ()) -> str | None:
    """Return what Python would import in place of our package; None where it is ours.

    Args:
        places: Folders that will come into the path: pytest puts those of tests there.
    """
    loaded = sys.modules.get(PACKAGE)
    spec = importlib.util.find_spec(PACKAGE) if loaded is None else loaded.__spec__
    found = _place_of(spec.origin, spec.submodule_search_locations) if spec is not None else None
    if found is None:
        return f"nothing that can be found as {PACKAGE!r}"
    if not _is_ours(found):
        return str(found)
    for place in places:
        if (place / "__init__.py").is_file():
            continue  # a package: pytest puts what holds it into the path, not this
        for name in (f"{PACKAGE}/__init__.py", f"{PACKAGE}.py"):
            if (place / name).is_file() and not _is_ours(place / name):
                return str(place / name)
    return None


def _coming_places(config: pytest.Config) -> list[Path]:
    """Return the folders that pytest is about to put into the path."""
    named = [Path(path) for path in config.getini("pythonpath")]
    return [*named, config.rootpath, config.rootpath / "tests", config.rootpath / "src"]


def _place_of(origin: str | None, locations: Sequence[str] | None) -> Path | None:
    place = origin or next(iter(locations or ()), None)
    return Path(place) if place else None


def _is_ours(place: Path) -> bool:
    return place.resolve() == _OURS / PACKAGE / "__init__.py"
