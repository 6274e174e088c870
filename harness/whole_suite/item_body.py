"""A test of pytest's as a body: function-scoped fixtures, the call and tearing down, all anew.

What wider scopes have made is shared by all executions. Everything else happens inside the
execution, so threads that a fixture starts are controlled like those of the test.
"""

from __future__ import annotations

import contextlib
import functools
import operator
from typing import TYPE_CHECKING, Any, Final

import pytest
from _pytest.tmpdir import tmppath_result_key

from harness.engine.task import TaskKilled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# They watch the terminal, the clock or the run, and have nothing to do with what a test is.
NOT_NEEDED: Final = (
    "capturemanager",
    "debugging",
    "faulthandler",
    "junitxml",
    "pastebin",
    "pytest_timeout",
    "setuponly",
    "terminalreporter",
    "threadexception",
    "timeout",
    "unraisableexception",
    "_cov",
)
LOGGING: Final = "logging-plugin"  # needed by who asks what was logged; it locks at each phase
OURS: Final = "holdfast"
PHASES: Final = ("setup", "call", "teardown")


class ItemBody:
    """Runs one test from the beginning, each time it is called. Between its plain runs only.

    Args:
        item: It was run and torn down; what holds it is still set up.
    """

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._hooks = {phase: _hook(item, f"pytest_runtest_{phase}") for phase in PHASES}
        self.__name__ = item.originalname
        self.__qualname__ = item.nodeid

    def __call__(self, *_reached: object) -> None:
        """Make the test's fixtures, call it, and tear it down.

        Raises:
            BaseException: Whatever the test or a fixture raises; a skip, too.
        """
        item = self._item
        begin_anew(item)
        try:
            self._hooks["setup"](item=item)
            self._hooks["call"](item=item)
            _raise_noted(item)
        except TaskKilled:
            raise  # the execution is over: what fixtures did is swept away by the next one
        except BaseException as error:
            with contextlib.suppress(Exception):
                self._tear_down()
            raise _from_test(error, item)  # noqa: B904  # the same one
        self._tear_down()

    def _tear_down(self) -> None:
        self._hooks["teardown"](item=self._item, nextitem=self._item.parent)
        _raise_noted(self._item)


def body_of(item: pytest.Function) -> Callable[[], object]:
    """Return a test as a body without arguments, through which its shared fixtures are reached.

    A partial of a function written in C: the code of this module is not to be instrumented.
    """
    return functools.partial(operator.call, ItemBody(item), *_shared_values(item))


def begin_anew(item: pytest.Function) -> None:
    """Forget what an earlier execution made of a test, whether it came to its end or not."""
    item.session._setupstate.stack.pop(item, None)
    for definition in _definitions(item):
        if definition.scope == "function":
            definition.cached_result = None
            definition._finalizers.clear()
    item.stash[tmppath_result_key] = {}  # else set when a report is made; tmp_path asks for it
    own: Any = item
    own.__dict__.pop("_excinfo", None)
    if item.cls is not None:
        own.__dict__.pop("_instance", None)
        own._obj = None
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if getattr(capture, "_capture_fixture", None) is not None:
        capture._capture_fixture = None
    item._initrequest()


def _hook(item: pytest.Function, name: str) -> Callable[..., Any]:
    """Return a hook of the plugins that a test may rely on."""
    manager = item.config.pluginmanager
    removed = [manager.getplugin(name) for name in NOT_NEEDED]
    if "caplog" not in item.fixturenames:
        removed.append(manager.getplugin(LOGGING))
    removed += [plugin for name, plugin in manager.list_name_plugin() if name.startswith(OURS)]
    removed += getattr(item.ihook, "remove_mods", [])  # conftests of other folders
    return manager.subset_hook_caller(name, [plugin for plugin in removed if plugin is not None])


def _definitions(item: pytest.Function) -> Iterator[Any]:
    """Yield the fixtures that a test has used, also those that it asked for by name."""
    request: Any = item._request
    by_name = getattr(request, "_fixture_defs", None) or {}
    for found in (list(by_name.values()), *item._fixtureinfo.name2fixturedefs.values()):
        for definition in found:
            if getattr(definition, "cached_result", None) is not None:
                yield definition


def _shared_values(item: pytest.Function) -> list[object]:
    """Return what fixtures of wider scopes gave."""
    return [
        definition.cached_result[0]
        for definition in _definitions(item)
        if definition.scope != "function" and definition.cached_result[2] is None
    ]


def _raise_noted(item: pytest.Function) -> None:
    """Raise what unittest told pytest instead of raising it."""
    noted = item.__dict__.pop("_excinfo", None)
    if noted:
        raise noted[0].value


def _from_test(error: BaseException, item: pytest.Function) -> BaseException:
    """Return an error whose traceback begins in the test's file, where it comes from there."""
    entry = error.__traceback__
    while entry is not None and entry.tb_frame.f_code.co_filename != str(item.path):
        entry = entry.tb_next
    return error if entry is None else error.with_traceback(entry)
