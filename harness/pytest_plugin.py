"""The pytest plugin: stories instead of engine frames, replay, and visible accesses.

Loaded in every run of every user, so it imports the harness only once a test module uses it.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


_MARKS: Final = "harness.marks"
_HOOK: Final = pytest.StashKey[Any]()  # a TestImports
_RESULTS: Final = pytest.StashKey[list[tuple[str, Any]]]()  # node ids and Explorations
_SCAN_BYTES: Final = 1_000_000  # of a test file, when looking whether it uses the harness


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("holdfast", "thread interleavings")
    group.addoption(
        "--holdfast-replay", metavar="TOKEN", help="run only this interleaving of the chosen test"
    )
    group.addoption(
        "--holdfast-seed", metavar="N", type=int, help="explore with this seed instead of a test's"
    )
    group.addoption(
        "--holdfast-executions", metavar="N", type=int, help="executions of each @interleaved test"
    )
    parser.addini(
        "holdfast_instrument",
        "packages whose shared accesses are switching points in @harness.interleaved tests",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make accesses visible in the packages that the settings name, and in tests that use us."""
    config.stash[_RESULTS] = []
    if config.getini("holdfast_instrument"):
        _install_hook(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the import hook out again."""
    hook = config.stash.get(_HOOK, None)
    if hook is not None:
        hook.remove()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Have a test module that uses the harness rewritten; others are imported as ever."""
    if _HOOK not in parent.config.stash and _uses_harness(module_path):
        _install_hook(parent.config)


def _install_hook(config: pytest.Config) -> None:
    from harness.instrument.test_imports import TestImports  # noqa: PLC0415  # only if used

    hook = TestImports(config.getini("holdfast_instrument"), _uses_harness)
    hook.install()
    config.stash[_HOOK] = hook


def _uses_harness(path: Path) -> bool:
    """Say whether a test file names a decorator of ours; read, not imported."""
    try:
        with path.open("rb") as file:
            text = file.read(_SCAN_BYTES)
    except OSError:
        return False
    return b"harness" in text and (b"interleaved" in text or b"regression" in text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Give a decorated test the options of this run."""
    run = _decorated(item)
    if run is None:
        return (yield)
    marks = sys.modules[_MARKS]
    before = getattr(run, marks.SETTINGS)
    setattr(run, marks.SETTINGS, _with_options(before, item))
    try:
        return (yield)
    finally:
        setattr(run, marks.SETTINGS, before)


def _decorated(item: pytest.Item) -> Any:  # noqa: ANN401  # a function with our attribute
    marks = sys.modules.get(_MARKS)
    if marks is None or not isinstance(item, pytest.Function):
        return None
    function = getattr(item.obj, "__func__", item.obj)
    return function if hasattr(function, marks.SETTINGS) else None


def _with_options(settings: Any, item: pytest.Item) -> Any:  # noqa: ANN401  # marks.Settings
    options = item.config.option
    words = ["pytest", item.nodeid]
    changed: dict[str, Any] = {
        "command": lambda token: shlex.join([*words, "--holdfast-replay", token]),
        "last": lambda result: item.config.stash[_RESULTS].append((item.nodeid, result)),
        "replay": options.holdfast_replay or "",
    }
    if options.holdfast_seed is not None:
        changed["seed"] = options.holdfast_seed
    if options.holdfast_executions is not None:
        changed["executions"] = options.holdfast_executions
    return replace(settings, **changed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the story of a failing interleaving in place of the engine's frames."""
    report = yield
    marks = sys.modules.get(_MARKS)
    error = call.excinfo.value if call.excinfo is not None else None
    if marks is not None and isinstance(error, marks.InterleavingError | marks.RegressionError):
        report.longrepr = str(error)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was covered: tests, executions, and what was left undecided."""
    results = config.stash.get(_RESULTS, [])
    if not results:
        return
    executions = sum(result.executions for _, result in results)
    failed = sum(result.finding is not None for _, result in results)
    terminalreporter.section("holdfast")
    count = f"{executions:,}".replace(",", " ")
    terminalreporter.line(f"{len(results)} interleaved tests, {count} executions, {failed} failed")
    for name, result in results:
        if result.finding is None:
            terminalreporter.line(f"  {name}: {result.evidence}")
