"""Tests as targets: pytest runs them, and only what they hand to `benchmark` is measured.

A stand-in for pytest-benchmark's fixture, which need not be installed or switched on; a test
without the fixture is measured as a whole.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Final

import pytest

from reports.profiling.targets import TargetNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from reports.profiling.passes import Pass

FIXTURE: Final = "benchmark"


class TestFailedError(Exception):
    """pytest ran the target and it did not pass; the text says how it ended."""

    __test__ = False  # the name is English, not pytest's


class MeasuredBenchmark:
    """Takes what a test gives its `benchmark` fixture, and measures the function."""

    def __init__(self, measured: Pass) -> None:
        self._pass = measured
        self.extra_info: dict[str, Any] = {}
        self.group: str | None = None
        self.enabled = True
        self.disabled = False

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Measure `function(*args, **kwargs)` and return what it returns."""
        return self._measured(function, lambda: (args, kwargs), again=False)

    def pedantic(  # pytest-benchmark's own signature
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        **rounds: int,
    ) -> Any:  # noqa: ANN401  # whatever the function returns
        """Measure `target`; `setup` runs before each call, unmeasured. Rounds are ours."""
        del rounds
        last: list[tuple[Any, Any]] = []

        def arguments() -> tuple[Any, Any]:
            if teardown is not None and last:
                given, named = last.pop()
                teardown(*given, **named)
            made = setup() if setup is not None else None
            last[:] = [made or (args, kwargs or {})]
            return last[0]

        result = self._measured(target, arguments, again=setup is not None or teardown is not None)
        if teardown is not None and last:
            teardown(*last[0][0], **last[0][1])
        return result

    def weave(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Refuse: what is woven is not called by the test, so there is nothing to measure."""
        raise TargetNotFoundError("a test that weaves its benchmark cannot be profiled")

    def _measured(
        self, function: Callable[..., Any], arguments: Callable[[], tuple[Any, Any]], *, again: bool
    ) -> Any:  # noqa: ANN401  # whatever the function returns
        results: list[Any] = [None]

        def prepare() -> Callable[[], object]:
            args, kwargs = arguments()

            def call() -> None:
                results[0] = function(*args, **kwargs)

            return call

        self._pass.measure(prepare, again=again)
        return results[0]


class MeasuringPlugin:
    """Gives tests the measuring fixture, and remembers which ran."""

    def __init__(self, measured: Pass) -> None:
        self._pass = measured
        self.ran: list[str] = []
        self.failures: list[str] = []

    @pytest.fixture(name=FIXTURE)
    def _benchmark(self) -> MeasuredBenchmark:
        return MeasuredBenchmark(self._pass)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Put our fixture in place of pytest-benchmark's, or measure the test itself."""
        self.ran.append(pyfuncitem.nodeid)
        if FIXTURE in pyfuncitem.funcargs:
            pyfuncitem.funcargs[FIXTURE] = MeasuredBenchmark(self._pass)
            return (yield)
        test = pyfuncitem.obj
        given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001  # what pytest itself calls with
        pyfuncitem.obj = lambda **_: self._pass.measure(lambda: lambda: test(**given), again=False)
        try:
            return (yield)
        finally:
            pyfuncitem.obj = test

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, object, object]:
        """Hide our fixture where pytest-benchmark is at work: it ends pytest at a foreign one."""
        given: dict[str, object] = getattr(item, "funcargs", {})
        ours = given.pop(FIXTURE, None)
        try:
            return (yield)
        finally:
            if ours is not None:
                given[FIXTURE] = ours

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a test that failed or was skipped."""
        if not report.passed:
            self.failures.append(f"{report.nodeid} {report.outcome}: {report.longreprtext}")


def run_test(target: str, measured: Pass) -> None:
    """Run the tests of a node id, measured.

    Raises:
        TargetNotFoundError: There is no such test.
        TestFailedError: One did not pass.
    """
    plugin = MeasuringPlugin(measured)
    arguments = [target, "-q", "-p", "no:cacheprovider"]
    if importlib.util.find_spec("xdist") is not None:
        arguments.append("-n0")  # a worker of it would be a process of its own
    if importlib.util.find_spec("pytest_cov") is not None:
        arguments.append("--no-cov")  # it would measure itself
    code = pytest.main(arguments, plugins=[plugin])
    if not plugin.ran:
        raise TargetNotFoundError(f"{target}: pytest ran no such test (exit code {int(code)})")
    if code or plugin.failures:
        story = plugin.failures[0] if plugin.failures else f"pytest exited with {int(code)}"
        raise TestFailedError(story)
