"""What runs as one step, and what is told who called it."""

from __future__ import annotations

import gc
import linecache
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Subject = Callable[..., dict[str, Any]]


def test_finaliser_runs_as_one_step(subject: Subject, observe: Any) -> None:
    source = """
    class C:
        n = 0
        def __del__(self):
            "doc"
            self.n += 1
    def body():
        C()
    """
    namespace = subject(source)
    with observe() as journal:
        namespace["body"]()
        gc.collect()
    assert journal.events == ["[the finaliser of C", "]"]
    assert namespace["C"].__del__.__doc__ == "doc"


def test_weakref_callbacks_run_as_one_step_even_when_made_alone(
    subject: Subject, observe: Any
) -> None:
    source = """
    import weakref
    from weakref import ref
    class C: pass
    log = []
    def called(*a): log.append(len(a))
    def make():
        c, d, e = C(), C(), C()
        refs = weakref.ref(c, called), ref(d, called), weakref.finalize(e, called)
        return (c, d, e), refs
    def forget(pair):
        objects, refs = pair
        return refs
    """
    namespace = subject(source)
    objects, refs = namespace["make"]()
    with observe() as journal:
        del objects
        gc.collect()
    reasons = [event for event in journal.events if event.startswith("[")]
    assert reasons == ["[the weakref callback called"] * 3
    assert sorted(namespace["log"]) == [0, 1, 1]
    del refs


def test_weakref_without_callback_stays_the_one_reference(subject: Subject) -> None:
    source = """
    import weakref
    class C: pass
    def body():
        c = C()
        return weakref.ref(c) is weakref.ref(c), weakref.ref(c)() is c
    """
    assert subject(source)["body"]() == (True, True)


def test_real_locks_have_stand_ins_only_inside_an_execution(subject: Subject, observe: Any) -> None:
    source = """
    import threading
    def body(lock):
        with lock: pass
        lock.acquire()
        lock.release()
        return 1
    """
    body = subject(source)["body"]
    assert body(threading.RLock()) == 1
    with observe() as journal:
        body(threading.Lock())
    assert journal.events == ["stand-in for lock"] * 3


def test_import_in_a_function_is_one_step(subject: Subject, observe: Any) -> None:
    body = subject("def body():\n    import json.decoder as d\n    return d")["body"]
    with observe() as journal:
        assert body() is sys.modules["json.decoder"]
    assert journal.events == ["[the import of json.decoder", "]"]


def test_logging_names_the_author_s_line(
    subject: Subject, observe: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    import logging
    log = logging.getLogger("instrumented")
    def body():
        log.warning("a %s", 1)
        log.log(40, "b", stacklevel=1)
        logging.error("c")
        logging.getLogger("instrumented").exception("d")
    """
    body = subject(source)["body"]
    with observe() as journal, caplog.at_level(logging.WARNING):
        body()
    assert [record.lineno for record in caplog.records] == [5, 6, 7, 8]
    assert {record.filename for record in caplog.records} == {"<subject>"}
    assert [event for event in journal.events if event.startswith("[")] == [
        "[Logger.warning()",
        "[Logger.log()",
        "[error()",
        "[Logger.exception()",
    ]


@pytest.mark.parametrize(
    "call", ["warnings.warn('w')", "warnings.warn('w', UserWarning, 1)", "warn('w', stacklevel=1)"]
)
def test_warnings_name_the_author_s_line(subject: Subject, observe: Any, call: str) -> None:
    linecache.clearcache()
    source = f"import warnings\nfrom warnings import warn\ndef body():\n    {call}\n"
    body = subject(source)["body"]
    with observe(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        body()
    assert [(entry.filename, entry.lineno) for entry in caught] == [("<subject>", 4)]


GIL_CASES = {
    "function entry": ("def f(): pass", "f()", ["point", "point"]),
    "plain attribute access": ("class C: n = 0\nc = C()", "c.n += 1", ["point"]),
    "f-string": ("", "f'{1}'", ["point"]),
    "list.append, before it is specialised": (
        "",
        "x = [1]\n    x.append(2)\n    return x",
        ["point", "point"],
    ),
    "C call": ("", "max(1, 2)", ["point", "point"]),
    "while loop": ("", "n = 2\n    while n: n -= 1", ["point"] * 3),
    "for loop": ("", "for _ in (1, 2): pass", ["point"] * 3),
    "comprehension": ("", "[x for x in (1, 2)]", ["point"] * 3),
    "property": (
        "class C:\n    @property\n    def p(self): return 1\nc = C()",
        "c.p",
        ["point", "point"],
    ),
    "operator of the user's": (
        "class C:\n    def __add__(self, o): return 1\nc = C()",
        "c + c",
        ["point", "point"],
    ),
    "lambda": ("f = lambda: 1", "f()", ["point", "point"]),
}


@pytest.mark.parametrize("case", GIL_CASES.values(), ids=GIL_CASES)
def test_switching_points_of_the_gil_model(
    case: tuple[str, str, list[str]], seen: Callable[..., list[str]]
) -> None:
    before, line, expected = case
    events = seen(f"{before}\ndef body():\n    {line}\n", gil=True)
    assert [event for event in events if event == "point"] == expected


def test_no_point_in_the_free_threaded_model(seen: Callable[..., list[str]]) -> None:
    assert seen("def f(): pass\ndef body():\n    for _ in (1, 2): f()\n") == []
