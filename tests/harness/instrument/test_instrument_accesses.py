"""What counts as an access: each construct with what it must record, in order."""

# ruff: noqa: ISC004, PLC0415  # sources are spelled over several lines; a module is made for one test

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Seen = Callable[..., list[str]]

SHARED = """
class Point:
    total = 0
    def __init__(self): self.n = 1; self.__m = 2
    def method(self): return 7
    def get_m(self): return self.__m
    @property
    def double(self): return self.n * 2
    @double.setter
    def double(self, value): self.n = value // 2
def same(x): return x
p = Point(); q = Point(); items = [1, 2, 3]; table = {"a": 1, 2: "b"}; numbers = {1, 2}
state = {"p": p, "q": q, "items": items, "table": table, "numbers": numbers}
"""

# Each body takes what it uses as default values, so that nothing but its own accesses shows.
CASES = {
    "attribute read": ("p=p", "return p.n", ["read Point.n"]),
    "attribute write": ("p=p", "p.n = 5", ["write Point.n"]),
    "attribute delete": ("p=p", "del p.n\np.n = 1", ["write Point.n", "write Point.n"]),
    "mangled attribute": ("p=p", "return p.get_m()", ["read Point._Point__m"]),
    "method look-up is none": ("p=p", "return p.method()", []),
    "property runs its own code": ("p=p", "return p.double", ["read Point.n"]),
    "property setter": ("p=p", "p.double = 8", ["write Point.n"]),
    "class attribute through instance": (  # the instance may get one of its own meanwhile
        "p=p",
        "return p.total",
        ["read Point.total", "read Point.total"],
    ),
    "class attribute write": ("c=Point", "c.total = 1", ["write Point.total"]),
    "attribute +=": ("p=p", "p.n += 1", ["read Point.n", "write Point.n"]),
    "attribute += attribute": (
        "p=p, q=q",
        "p.n += q.n",
        ["read Point.n", "read Point.n", "write Point.n"],
    ),
    "nested attribute +=": (
        "s=state",
        "s['p'].n += 1",
        ["read dict['p']", "read Point.n", "write Point.n"],
    ),
    "item read": ("t=table", "return t['a']", ["read dict['a']"]),
    "item write": ("t=table", "t['a'] = 3", ["write dict['a']"]),
    "item delete": ("t=table", "del t['a']\nt['a'] = 1", ["write dict['a']", "write dict['a']"]),
    "item +=": ("t=table", "t['a'] += 1", ["read dict['a']", "write dict['a']"]),
    "negative index": ("i=items", "return i[-1]", ["read list"]),  # it moves with the length
    "list delete moves the rest": ("i=[1, 2]", "del i[0]", ["write list"]),
    "slice read": ("i=items", "return i[0:2]", ["read list"]),
    "slice write": ("i=items", "i[0:1] = [1]", ["write list"]),
    "computed slice": ("i=items, p=p", "return i[p.n:]", ["read Point.n", "read list"]),
    "computed key read": ("i=items, p=p", "return i[p.n]", ["read Point.n", "read list[1]"]),
    "computed key write": ("i=items, p=p", "i[p.n] = 2", ["read Point.n", "write list[1]"]),
    "both computed, read": (
        "s=state, p=p",
        "return s['items'][p.n]",
        ["read dict['items']", "read Point.n", "read list[1]"],
    ),
    "both computed, write": (
        "s=state, p=p",
        "s['items'][p.n] = 2",
        ["read dict['items']", "read Point.n", "write list[1]"],
    ),
    "both computed, delete": (
        "s={'t': {1: 2}}, p=p",
        "del s['t'][p.n]",
        ["read dict['t']", "read Point.n", "write dict[1]"],
    ),
    "both computed, +=": (
        "s=state, p=p",
        "s['items'][p.n] += 1",
        ["read dict['items']", "read Point.n", "read list[1]", "write list[1]"],
    ),
    "truth": ("i=items", "return 1 if i else 2", ["read list"]),
    "if": ("i=items", "if i: return 1", ["read list"]),
    "while": ("i=[]", "while i: pass", ["read list"]),
    "not": ("i=items", "return not i", ["read list"]),
    "and": ("i=items", "return i and 1", ["read list"]),
    "or": ("i=items", "return 0 or i or 2", ["read list"]),
    "assert": ("i=items", "assert i", ["read list"]),
    "comprehension if": ("i=items", "return [1 for _ in (1,) if i]", ["read list"]),
    "len": ("i=items", "return len(i)", ["read list"]),
    "bool": ("i=items", "return bool(i)", ["read list"]),
    "in": ("i=items", "return 2 in i", ["read list"]),
    "not in": ("t=table", "return 2 not in t", ["read dict"]),
    "==": ("i=items", "return i == [1, 2, 3]", ["read list"]),
    "== of two": ("i=items, j=[1]", "return i == j", ["read list", "read list"]),
    "<": ("i=items, j=[9]", "return i < j", ["read list", "read list"]),
    "chain": ("i=[1], j=[2]", "return i < j < [3]", ["read list", "read list", "read list"]),
    "is reads nothing": ("i=items", "return i is None", []),
    "+": ("i=items, j=[4]", "return i + j", ["read list", "read list"]),
    "+ of attributes": (
        "s=state",
        "return s['items'] + s['items']",
        ["read dict['items']", "read dict['items']", "read list", "read list"],
    ),
    "*": ("i=items", "return i * 2", ["read list"]),
    "|": ("a=numbers, b={3}", "return a | b", ["read set", "read set"]),
    "list +=": ("i=[1]", "i += [2]", ["read list", "write list"]),
    "list *=": ("i=[1]", "i *= 2", ["write list"]),
    "f-string": ("i=items", "return f'{i} {i!r}'", ["read list", "read list"]),
    "% formatting": ("i=items", "return '%s' % i", ["read list"]),
    "% formatting of a tuple": ("i=items", "return '%s %s' % (i, 1)", ["read list"]),
    "for": ("i=[1, 2]", "for _ in i: pass", ["read list"] * 3),
    "for over dict items": ("t={1: 2}", "for k, v in t.items(): pass", ["read dict"] * 2),
    "for over enumerate": (
        "i=[1]",
        "for k, v in enumerate(i): pass",
        ["write enumerate", "read list"] * 2,
    ),
    "list comprehension": ("i=[1, 2]", "return [x for x in i]", ["read list"] * 3),
    "set comprehension": ("i=[1]", "return {x for x in i}", ["read list"] * 2),
    "dict comprehension": ("i=[1]", "return {x: 1 for x in i}", ["read list"] * 2),
    "generator expression": ("i=[1]", "return sum(x for x in i)", ["read list"] * 2),
    "yield from": (
        "i=[1]",
        "def g(): yield from i\nfor _ in g(): pass",
        ["read list"] * 2,
    ),
    "unpacking": ("i=[1, 2]", "a, b = i\nreturn a, b", ["read list"]),
    "starred target": ("i=[1, 2]", "a, *b = i\nreturn a, b", ["read list"]),
    "nested unpacking into attributes": (
        "p=p, t=table",
        "(p.n, [t['a'], x]) = 1, (2, 3)\nreturn x",
        ["write Point.n", "write dict['a']"],
    ),
    "spread in a call": ("i=items", "return max(*i)", ["read list"]),
    "spread in a list": ("i=items", "return [*i, 0]", ["read list"]),
    "spread in a dict": ("t={1: 2}", "return {**t}", ["read dict"]),
    "keyword spread": ("t={'a': 2}", "return dict(**t)", ["read dict"]),
    "for target": ("p=p", "for p.n in (1, 2): pass", ["write Point.n"] * 2),
    "with target": (
        "p=p",
        "import contextlib\nwith contextlib.nullcontext(3) as p.n: pass",
        ["[the import of contextlib", "]", "write Point.n"],
    ),
    "walrus": ("i=items", "return len(j := i)", ["read list"]),
    "chained assignment": (
        "p=p, q=q",
        "p.n = q.n = 3",
        ["write Point.n", "write Point.n"],
    ),
    "annotated assignment": ("p=p", "p.n: int = 3", ["write Point.n"]),
    "lambda": ("p=p", "return (lambda: p.n)()", ["read Point.n"]),
    "match sequence": ("i=[1, 2]", "match i:\n case [a, b]: return a", ["read list"]),
    "match mapping": ("t={'a': 1}", "match t:\n case {'a': x}: return x", ["read dict"]),
    "match class": ("p=p, C=Point", "match p:\n case C(n=x): return 1", ["read Point"]),
    "getattr": ("p=p", "return getattr(p, 'n')", ["read Point.n"]),
    "hasattr": ("p=p", "return hasattr(p, 'n')", ["read Point.n"]),
    "setattr": ("p=p", "setattr(p, 'n', 2)", ["write Point.n"]),
    "delattr": ("p=p", "delattr(p, 'n')\np.n = 1", ["write Point.n"] * 2),
    "vars": ("p=p", "vars(p)", ["write Point"]),
    "__dict__": ("p=p", "p.__dict__", ["write Point"]),
    "append": ("i=[1]", "i.append(2)", ["write list"]),
    "append of what is read late": (
        "i=[1]",
        "i.append(len(i))",
        ["read list", "write list"],
    ),
    "dict.get": ("t=table", "return t.get('a')", ["read dict"]),
    "dict.setdefault": ("t=table", "return t.setdefault('a', 1)", ["write dict"]),
    "set.add": ("n={1}", "n.add(2)", ["write set"]),
    "extend reads the other": ("i=[1], j=[2]", "i.extend(j)", ["read list", "write list"]),
    "join": ("i=['a']", "return ','.join(i)", ["read list"]),
    "unbound method": ("i=[1]", "list.append(i, 2)", ["write list"]),
    "bound method kept": ("i=[1]", "f = i.append\nf(2)", ["write list"]),
    "sorted": ("i=items", "return sorted(i)", ["read list"]),
    "list()": ("t=table", "return list(t.values())", ["read dict"]),
    "next on a shared iterator": (
        "i=iter([1, 2])",
        "return next(i)",
        ["write list_iterator", "read list"],
    ),
    "isinstance reads nothing": ("i=items", "return isinstance(i, list)", []),
    "memoryview": ("b=bytearray(2)", "return memoryview(b)[0]", ["read bytearray"]),
    "defaultdict read may add": (
        "d=__import__('collections').defaultdict(int)",
        "return d['x']",
        ["write defaultdict['x']"],
    ),
    "local list is private": (
        "",
        "mine = []\nmine.append(1)\nfor x in mine: pass\nreturn mine[0], len(mine)",
        [],
    ),
    "returned list is not private": ("", "mine = [1]\nmine.append(2)\nreturn mine", ["write list"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_construct_records_its_accesses(case: tuple[str, str, list[str]], seen: Seen) -> None:
    params, lines, expected = case
    body = "\n".join("    " + line for line in lines.splitlines())
    assert seen(f"{SHARED}\ndef body({params}):\n{body}\n") == expected


VARIABLES = {
    "global rebound by a function": (
        "n = 0\ndef body():\n    global n\n    n += 1\n    return n",
        ["read dict.n", "write dict.n", "read dict.n"],
    ),
    "global bound once": ("once_4 = 4\ndef body(): return once_4", []),
    "global function": ("def f(): return 1\ndef body(): return f()", []),
    "global bound twice by data": ("n = 4\nn = 5\ndef body(): return n", ["read dict.n"]),
    "global import with fallback": (
        "try: import json as j\nexcept ImportError: import pickle as j\n"
        "def body(): return j.__name__",
        [],
    ),
    "global deleted": (
        "n = 1\ndef body():\n    global n\n    del n\n    n = 2",
        ["write dict.n", "write dict.n"],
    ),
    "global in a tuple target": (
        "n = 1\ndef body():\n    global n\n    n, m = 2, 3\n    return m",
        ["write dict.n"],
    ),
    "global by for": (
        "n = 1\ndef body():\n    global n\n    for n in (1, 2): pass",
        ["write dict.n"] * 2,
    ),
    "global by with": (
        "import contextlib\nn = 1\ndef body():\n    global n\n"
        "    with contextlib.nullcontext(3) as n: pass",
        ["write dict.n"],
    ),
    "global by walrus": (
        "n = 1\ndef body():\n    global n\n    return (n := 3)",
        ["write dict.n"],
    ),
    "global by except": (
        "n = 1\ndef body():\n    global n\n    try: 1 / 0\n    except ZeroDivisionError as n: pass",
        ["write dict.n"],
    ),
    "global by match": (
        "n = 1\ndef body():\n    global n\n    match 3:\n        case n: pass",
        ["write dict.n"],
    ),
    "global by def": (
        "def n(): pass\ndef body():\n    global n\n    def n(): pass",
        ["write dict.n"],
    ),
    "mangled global": (
        "_C__n = 0\nclass C:\n    def m(self):\n        global __n\n        __n += 1\n"
        "def body(): C().m()",
        ["read dict._C__n", "write dict._C__n"],
    ),
    "nonlocal": (
        "def body():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
        "    f()\n    return n",
        ["write body().n", "read body().n", "write body().n", "read body().n"],
    ),
    "captured, bound once before": (
        "def body():\n    n = 3\n    def f(): return n\n    return f()",
        [],
    ),
    "captured, bound twice before": (
        "def body():\n    n = 3\n    n = 4\n    def f(): return n\n    return f()",
        [],
    ),
    "captured, bound after": (
        "def body():\n    def f(): return n\n    n = 3\n    return f()",
        ["write body().n", "read body().n"],
    ),
    "captured in a loop": (
        "def body():\n    for n in (1, 2):\n        f = lambda: n\n    return f()",
        ["write body().n", "write body().n", "read body().n"],
    ),
    "parameter": (
        "def body(n=3):\n    f = lambda: n\n    n = 4\n    return f()",
        ["write body().n", "read body().n"],
    ),
    "recursion": (
        "def body():\n    def f(k): return k and f(k - 1)\n    return f(2)",
        [],
    ),
    "two levels down": (
        "def body():\n    n = 0\n    def f():\n        def g():\n            nonlocal n\n"
        "            n = 1\n        g()\n    f()\n    return n",
        ["write body().n", "write body().n", "read body().n"],
    ),
    "local that nobody captures": ("def body():\n    n = 0\n    n += 1\n    return n", []),
}


@pytest.mark.parametrize("case", VARIABLES.values(), ids=VARIABLES)
def test_variable_is_recorded_exactly_where_it_is_shared(
    case: tuple[str, list[str]], seen: Seen
) -> None:
    source, expected = case
    assert seen(source) == expected


def test_module_attribute_and_global_are_one_place(
    subject: Callable[..., dict[str, object]],
    observe: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import types

    module = types.ModuleType("one_place")
    monkeypatch.setitem(sys.modules, "one_place", module)
    namespace = subject("def set_it(m): m.flag = 1\ndef read_it(): return flag\nflag = 0")
    vars(module).update({"flag": 0, "__name__": "one_place"})
    reader = types.FunctionType(namespace["read_it"].__code__, vars(module))  # type: ignore[attr-defined]
    with observe() as journal:  # type: ignore[attr-defined]
        namespace["set_it"](module)  # type: ignore[operator]
        assert reader() == 1
    assert journal.events == ["write one_place.flag", "read one_place.flag"]


def test_a_method_that_some_code_replaces_is_read(seen: Seen) -> None:
    source = """
    class Swapped:
        def run_swapped(self): return 1
    s = Swapped()
    def body(s=s):
        value = s.run_swapped()
        s.run_swapped = lambda: 2
        del s.run_swapped
        return value
    """
    assert seen(source) == ["read Swapped.run_swapped"] + ["write Swapped.run_swapped"] * 2


def test_slots_are_recorded(seen: Seen) -> None:
    source = """
    class Slotted:
        __slots__ = ("n",)
    s = Slotted(); s.n = 1
    def body(s=s):
        s.n += 1
        del s.n
        s.n = 1
    """
    expected = ["read Slotted.n"] + ["write Slotted.n"] * 3
    assert seen(source) == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 and 701 are new in 3.12")
def test_syntax_of_3_12_records_and_runs(seen: Seen) -> None:
    source = """
    class Box[T]:
        def __init__(self, n: T) -> None: self.n = n
    type Alias[T] = list[Box[T]]
    def same[T](x: T) -> T: return x
    b = Box(3)
    def body(b=b):
        return f"{same(b).n + (f"{b.n}" and 1)}{'nested'}", Alias.__name__
    """
    assert seen(source) == ["read Box.n", "read Box.n"]
