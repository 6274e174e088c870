"""Races that show only if an access is seen: exhaustive search must find each, and only each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

import harness
from harness import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

TWO_TASKS = """
import threading
{before}
def body():
    {setup}
    def work(me):
{work}
    tasks = [threading.Thread(target=work, args=(k,)) for k in (1, 2)]
    for task in tasks: task.start()
    for task in tasks: task.join()
    assert {holds}
"""

# setup, work, what must hold if the accesses were one step
RACY = {
    "truth test": ("items = []", "if not items: items.append(me)", "len(items) == 1"),
    "len inside append": ("items = []", "items.append(len(items))", "items == [0, 1]"),
    "attribute +=": ("box = Box()", "box.n += 1", "box.n == 2"),
    "attribute += call": ("box = Box()", "box.n += one()", "box.n == 2"),
    "item +=": ("table = {'n': 0}", "table['n'] += 1", "table['n'] == 2"),
    "item + item": ("t = [0, 0]", "t[0] = t[0] + t[1] + 1", "t[0] == 2"),
    "in, then add": ("s = set()", "if 7 not in s: s.add(7); s.add(me)", "len(s) == 2"),
    "get, then set": ("d = {}", "d['n'] = d.get('n', 0) + 1", "d['n'] == 2"),
    "nonlocal": ("n = 0", "nonlocal n; n += 1", "n == 2"),
    "global": ("reset()", "global count; count += 1", "count == 2"),
    "setattr(getattr)": ("box = Box()", "setattr(box, 'n', getattr(box, 'n') + 1)", "box.n == 2"),
    "+ of lists": ("box = Box(); box.n = []", "box.n = box.n + [me]", "len(box.n) == 2"),
    "comprehension": ("items = [0]", "items[:] = [x + 1 for x in items]", "items == [2]"),
    "unpacking": ("items = [0]", "(x,) = items; items[0] = x + 1", "items == [2]"),
    "walrus": ("items = []", "if (n := len(items)) == 0: items.append(me)", "len(items) == 1"),
    "match": ("items = []", "match items:\n case []: items.append(me)", "len(items) == 1"),
    "max over a list": ("items = [0]", "items.append(max(items) + 1)", "max(items) == 2"),
    "heap": ("h = [1, 2]", "x = h[0]; h.remove(x)", "h == []"),
    "shared iterator": (
        "it = iter([1, 2, 3]); got = []",
        "x = next(it); got.append(x)",
        "got == [1, 2]",
    ),
    "class attribute": ("Box.total = 0", "Box.total = Box.total + 1", "Box.total == 2"),
    "del": ("d = {'k': 1}", "if 'k' in d: del d['k']", "True"),
    "with target": ("box = Box()", "k = box.n\nwith held(k + 1) as box.n: pass", "box.n == 2"),
    "property": ("box = Box()", "box.half = box.half + 1", "box.n == 4"),
}
BEFORE = """
import contextlib
count = 0
def reset():
    global count
    count = 0
def one(): return 1
@contextlib.contextmanager
def held(x): yield x
class Box:
    total = 0
    def __init__(self): self.n = 0
    @property
    def half(self): return self.n // 2
    @half.setter
    def half(self, value): self.n = value * 2
"""
LOCKED = {
    name: (f"lock = threading.Lock(); {setup}", "with lock:\n" + textwrap.indent(work, " "), holds)
    for name, (setup, work, holds) in RACY.items()
    if "nonlocal" not in work and "global" not in work
}


def program(
    case: tuple[str, str, str], subject: Callable[..., dict[str, Callable[[], None]]]
) -> Callable[[], None]:
    setup, work, holds = case
    lines = textwrap.indent(work, " " * 8)
    source = TWO_TASKS.format(before=BEFORE, setup=setup, work=lines, holds=holds)
    return subject(source)["body"]


@pytest.mark.parametrize("case", RACY.values(), ids=RACY)
def test_race_is_found_by_exhaustive_search(
    case: tuple[str, str, str], subject: Callable[..., dict[str, Callable[[], None]]]
) -> None:
    result = harness.explore(program(case, subject), strategy="dfs", executions=5_000)
    assert result.verdict is Verdict.FAILED, result.evidence


@pytest.mark.slow
@pytest.mark.parametrize("case", LOCKED.values(), ids=LOCKED)
def test_the_same_under_a_lock_passes(
    case: tuple[str, str, str], subject: Callable[..., dict[str, Callable[[], None]]]
) -> None:
    result = harness.explore(program(case, subject), strategy="random", executions=60, seed=1)
    assert result.verdict is Verdict.PASSED, str(result.finding)
