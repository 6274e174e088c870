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

PACKAGE: Final = "harness"  # the one package of ours that the plugin imports
MAX_FILES: Final = 1_000  # test files that are looked at before the first import, some 30 ms
MAX_BYTES: Final = 1_000_000  # of a test file
_OURS: Final = Path(__file__).resolve().parent.parent
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+harness\b|import[ \t][^#\n]*\bharness\b)", re.MULTILINE
)
_NAMES: Final = re.compile(rb"\b(?:interleaved|regression)\b")
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
    group.addoption(
        "--holdfast-replay", metavar="TOKEN", help="run only this interleaving of the chosen test"
    )
    group.addoption(
        "--holdfast-seed",
        metavar="N",
        type=int,
        help="explore @harness.interleaved tests with this seed instead of their own",
    )
    group.addoption(
        "--holdfast-executions",
        metavar="N",
        type=_from_one,
        help="executions of each @harness.interleaved test instead of its own number",
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
        "packages whose shared accesses are switching points in @harness.interleaved tests; "
        "without it the project's own package, by the name in pyproject.toml",
        type="args",
        default=[],
    )


def _from_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(f"{text} is below 1")
    return number


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Switch on before a conftest imports the code under test, if this run uses us."""
    guard = early_config.stash[_STATE] = Guard(early_config)
    options = early_config.known_args_namespace
    asked = any(
        getattr(options, name, None) is not None
        for name in ("holdfast_replay", "holdfast_seed", "holdfast_executions", "holdfast_all")
    )
    if asked or early_config.getini("holdfast_instrument") or _some_test_uses_us(early_config):
        guard.switch_on()


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an option that would do nothing; say on the terminal why the plugin is off."""
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


def uses_harness(path: Path) -> bool:
    """Say whether a test file imports the harness for a decorator of ours; read, not imported."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES)
    except OSError:
        return False
    return bool(_NAMES.search(text) and _IMPORT.search(text))


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
