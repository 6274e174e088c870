"""What rewriting must leave as it was: each source gives the same result with and without it."""

# ruff: noqa: E501, PLC0415, S102, S301  # sources as data; importing, executing, pickling are tested

from __future__ import annotations

import asyncio
import inspect
import linecache
import pickle
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from harness.instrument import instrument_imports, instrument_source, perturbed
from harness.instrument.hook_names import mangle
from harness.instrument.installation import HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAME = {
    "docstrings": '''
class C:
    """class"""
    def m(self):
        """method"""
def f():
    """only this"""
def body(): return C.__doc__, C.m.__doc__, f.__doc__, __doc__
''',
    "module docstring and future import": '''"""mod"""
from __future__ import annotations
def f(x: undefined_name) -> also[undefined]: y: missing = 1; return y
def body(): return __doc__, f(1), f.__annotations__
''',
    "dataclass": """
from dataclasses import dataclass, field, asdict
@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class D:
    a: int
    b: list = field(default_factory=list)
    def __post_init__(self): self.b.append(self.a)
@dataclass
class E:
    x: int = 0
    def __add__(self, other): return E(self.x + other.x)
def body():
    e = E(1); e.x += 2
    return repr(D(a=1)), D(a=1) < D(a=2), asdict(D(a=3)), repr(e + e), e == E(3)
""",
    "NamedTuple and namedtuple": """
from typing import NamedTuple
from collections import namedtuple
class P(NamedTuple):
    x: int
    y: int = 2
    def total(self): return self.x + self.y
Q = namedtuple("Q", "a b")
def body(): return P(1), P(1).total(), Q(1, 2)._replace(a=3), Q.__module__, [*P(4)]
""",
    "enum": """
import enum
class Color(enum.Enum):
    RED = 1
    GREEN = RED + 1
    def next(self): return Color(self.value % 2 + 1)
class Flags(enum.IntFlag):
    A = enum.auto(); B = enum.auto()
    AB = A | B
def body(): return list(Color), Color.RED.next().name, Flags.AB, Flags.A in Flags.AB
""",
    "class body mangling": """
class _A:
    __x = 1
    __y = __x + 1
    def __init__(self): self.__z = self.__x
    def __hidden(self): return self.__z
    def get(self): return self.__hidden(), _A.__y, hasattr(self, "_A__z")
def body(): return _A().get(), sorted(k for k in vars(_A) if "A__" in k)
""",
    "super and __class__": """
class A:
    def f(self): return ["A"]
    @classmethod
    def make(cls): return cls()
class B(A):
    def f(self): return super().f() + ["B"]
    @classmethod
    def make(cls): return super().make()
    def me(self): return __class__.__name__
    def __getattr__(self, name):
        if name == "odd": return 5
        raise AttributeError(name)
def body():
    try: B().even
    except AttributeError as e: missing = str(e)
    return B().f(), type(B.make()).__name__, B().me(), B().odd, missing
""",
    "locals globals vars eval exec dir": """
g = 7
def body():
    a = 1; b = [2]
    a += 1
    b[0] += a
    exec("c = 5")
    here = locals()
    return sorted(here), eval("a + g"), "g" in globals(), sorted(n for n in dir() if n != "here")
""",
    "global and nonlocal": """
n = 0
def bump():
    global n, fresh
    n += 1; fresh = n
    return n
def outer():
    total = 0
    def add(k):
        nonlocal total
        total += k
        return total
    return add
def body():
    add = outer(); bump()
    return bump() - n, fresh - n, add(2), add(3)
""",
    "closures in loops": """
def body():
    fs = []
    for i in range(3):
        fs.append(lambda j=i: (i, j))
    gs = [lambda: k for k in range(3)]
    return [f() for f in fs], [g() for g in gs]
""",
    "evaluation order": """
log = []
def t(x): log.append(x); return x
class D(dict):
    def __getitem__(self, k): log.append(("get", k)); return dict.get(self, k, 0)
    def __setitem__(self, k, v): log.append(("set", k, v)); dict.__setitem__(self, k, v)
def body():
    del log[:]
    d = D()
    def dd(x): log.append(("d", x)); return d
    dd(1)[t("k")] = t(20)
    dd(2)[t("k")] += t(10)
    dd(3)[t(0):t(2)] if False else None
    t(1) < t(2) < t(0) < t(9)
    t(3) + t(4) * t(5)
    [t(6), *[t(7)]], {t(8): t(9)}
    x = y = t("xy")
    a, dd(4)[a] = t((1, 2))
    return log[:]
""",
    "augmented assignment": """
class Acc:
    def __init__(self): self.v = [1]
    def __iadd__(self, o): self.v.append(o); return self
def body():
    a = Acc(); b = a
    a += 2
    h = type("H", (), {})(); h.a = a
    h.a += 3; h.a.v[0] += 10; h.a.v[-1] *= 2
    xs = [1]; ys = xs; xs += (2,); xs *= 2
    try: (1, [2])[1][5] += 1
    except IndexError as e: err = str(e)
    s = 0
    s |= 4; s <<= 2; s **= 2; s //= 3; s %= 50
    return a is b, a.v, ys, err, s
""",
    "temporaries are gone": """
class C: n = 0
def body():
    c = C()
    c.n += 1
    try: c.n += "x"
    except TypeError: pass
    return sorted(locals()), [k for k in vars(C) if k.startswith("__hf")]
class D:
    box = [0]
    box[0] += 1
    box[0], other = 5, 6
""",
    "exceptions": """
def f():
    try:
        try: {}["k"]
        except KeyError as e: raise ValueError("v") from e
        else: pass
        finally: g.append(1)
    except (ValueError, TypeError) as e:
        return type(e.__cause__).__name__, str(e)
g = []
def body():
    try: raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError as e: first = len(e.exceptions)
    except* TypeError as e: second = len(e.exceptions)
    return f(), first, second, g[:1]
""",
    "generators": """
def gen(n):
    got = yield n
    while got: got = yield got * 2
    return "end"
def outer():
    result = yield from gen(1)
    yield result
def body():
    g = outer()
    out = [next(g), g.send(3), g.send(0)]
    class Stop(Exception): pass
    def h():
        try: yield 1
        except Stop: yield 2
        finally: out.append("closed")
    k = h(); out += [next(k), k.throw(Stop)]; k.close()
    it = iter([1, 2, 3, 4])
    for x in it:
        if x == 2: break
    return out, list(it), [(x, y) for x in range(3) if x for y in range(x)]
""",
    "loops with else": """
def body():
    out = []
    for i in range(5):
        if i == 1: continue
        if i == 4: break
        out.append(i)
    else: out.append("never")
    while out:
        if out[-1] == 3: out.pop(); continue
        break
    else: out.append("no")
    for i in []: pass
    else: out.append("else")
    n = 3
    while True:
        n -= 1
        if n: continue
        return out
""",
    "match": """
class P:
    __match_args__ = ("x", "y")
    def __init__(self, x, y): self.x = x; self.y = y
import enum
class E(enum.Enum): A = 1
def kind(v):
    match v:
        case 0 | 1: return "small"
        case E.A: return "enum"
        case [1, *rest]: return rest
        case {"k": k, **others}: return k, others
        case P(0, y=w) if w > 1: return "origin", w
        case P(x, y): return x, y
        case str() as s: return s
        case _: return None
def body(): return [kind(v) for v in (1, E.A, [1, 2, 3], {"k": 1, "z": 2}, P(0, 5), P(0, 1), "s", 9.5)]
""",
    "walrus": """
def body():
    if (n := len([1, 2])) > 1: pass
    total = 0
    out = [total := total + v for v in [1, 2, 3]]
    while (k := out.pop()) > 1: pass
    return n, out, total, k, (lambda: (z := 4) + z)()
""",
    "decorators and defaults": """
import functools
def deco(*args):
    def wrap(f):
        @functools.wraps(f)
        def inner(*a, **k): return (args, f(*a, **k))
        return inner
    return wrap
class C:
    @staticmethod
    def s(a, /, b=[1, 2], *c, d={"k": 1}, **e): return a, b, c, d, e
    @property
    def p(self): return self._p
    @p.setter
    def p(self, v): self._p = v
    @functools.cached_property
    def once(self): self.count = getattr(self, "count", 0) + 1; return self.count
    @functools.lru_cache(maxsize=None)
    def cached(self, x): return x + 1
@deco(1, 2)
def f(x, *, y=3): return x + y
def body():
    c = C(); c.p = 4; c.p += 1
    return f(1), C.s(1, 2, 3, d=4, z=5), c.p, c.once, c.once, c.cached(1), f.__name__
""",
    "descriptors and metaclasses": """
class Meta(type):
    def __call__(cls, *a): obj = super().__call__(*a); obj.made = True; return obj
    def __prepare__(name, bases, **k): return {"seen": k}
    def __new__(m, name, bases, ns, **k): return super().__new__(m, name, bases, ns)
class Field:
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, obj, owner=None): return self if obj is None else obj.__dict__.get(self.name, 0)
    def __set__(self, obj, v): obj.__dict__[self.name] = v * 2
class M(metaclass=Meta, flag=1):
    f = Field()
    def __init_subclass__(cls, **k): cls.k = k
class N(M, other=2): pass
def body():
    n = N(); n.f = 3; n.f += 1
    return n.made, n.f, N.k, M.seen, M.f.name
""",
    "containers with their own methods": """
from collections import deque, Counter, OrderedDict, defaultdict, UserDict, ChainMap
class L(list):
    def append(self, x): super().append(x * 2)
    def __len__(self): return 99
class T(dict):
    def __missing__(self, k): self[k] = k; return k
def body():
    l = L(); l.append(2); t = T(); d = deque([1, 2], 2); d.append(3); d.rotate(1)
    c = Counter("hello"); c.update("l"); o = OrderedDict(a=1); o.move_to_end("a")
    dd = defaultdict(list); dd["x"].append(1); u = UserDict(a=1); u["b"] = 2
    ch = ChainMap({}, {"a": 1}); ch["b"] = ch["a"] + 1
    b = bytearray(b"abc"); b[0] ^= 1; m = memoryview(b); m[1] = 65
    return list(l), len(l), bool(l), t["q"], t, list(d), c.most_common(1), o, dict(dd), dict(u), dict(ch), b
""",
    "comparisons that return no bool": """
class V:
    def __init__(self, *x): self.x = x
    def __eq__(self, o): return V(*(a == b for a, b in zip(self.x, o.x)))
    def __lt__(self, o): return V(*(a < b for a, b in zip(self.x, o.x)))
    def __matmul__(self, o): return sum(a * b for a, b in zip(self.x, o.x))
    def __contains__(self, k): return k in self.x
    def __bool__(self): return all(self.x)
    def __neg__(self): return V(*(-a for a in self.x))
    __hash__ = None
def body():
    a, b = V(1, 2), V(1, 3)
    return (a == b).x, (a < b).x, a @ b, 2 in a, bool(a == a), (-a).x, not a, (a and b).x, (a or b).x
""",
    "strings": """
class F:
    def __format__(self, spec): return f"<{spec}>"
def body():
    f = F(); w = 8; x = 3.14159
    return f"{f:abc} {x:{w}.{2}f} {x!r:>{w}} {x=:.1f} {{}}", "%s-%d" % ("a", 2), "a" "b" * 2, b"x" + b"y"
""",
    "pickling": """
import copy
class Node:
    def __init__(self): self.items = [1]; self.items.append(2)
    def __getstate__(self): return {"items": self.items + [3]}
def body():
    n = copy.deepcopy(Node()); m = copy.copy(n)
    return n.items, m.items
""",
    "type parameters and annotations only": """
x: int
y: "list[int]" = [1]
class C:
    a: int
    b: str = "s"
    def __init__(self): self.c: int; self.d: int = 4
def body():
    z: undefined
    w: int = 3
    return __annotations__, C.__annotations__, C().d, hasattr(C(), "c"), w
""",
    "del": """
class C: pass
def body():
    c = C(); c.a = c.b = 1; d = {1: 2, 3: 4}; l = [1, 2, 3, 4]; t = 5
    del c.a, d[1], l[0], (l[1:2]), t
    try: t
    except UnboundLocalError: gone = True
    return vars(c), d, l, gone
""",
    "star imports": """
from math import *
from os.path import *
def body(): return floor(2.5), join("a", "b")
""",
    "objects die when their author meant": """
import weakref, gc
class C: pass
def body():
    out = []
    class Box: pass
    box = Box(); box.c = C()
    weakref.finalize(box.c, out.append, "dead")
    box.c = None
    alive_1 = out[:]
    box.n = C(); r = weakref.ref(box.n)
    class Adds:
        def __add__(self, o): return 5
    box.a = Adds(); w = weakref.ref(box.a)
    box.a += 1
    return alive_1, box.a, w() is None
""",
}


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_program_means_the_same(
    source: str, subject: Callable[..., dict[str, Any]], observe: Any
) -> None:
    expected = repr(subject(source, plain=True)["body"]())
    assert repr(subject(source)["body"]()) == expected
    body = subject(source)["body"]
    with observe():
        assert repr(body()) == expected
    body = subject(source)["body"]
    with observe(gil=True):
        assert repr(body()) == expected
    body = subject(source)["body"]
    with perturbed(lambda *_: None):
        assert repr(body()) == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 is new in 3.12")
def test_type_parameters_stay_native(subject: Callable[..., dict[str, Any]]) -> None:
    source = """
    class Box[T: (int, str)]:
        def get[U](self, x: T, y: U) -> T | U: return (lambda: (T, U))()
    type Pair[A] = tuple[A, A]
    def body(): return Box.__type_params__, Pair.__value__, Box().get(1, 2)
    """
    assert repr(subject(source)["body"]()) == repr(subject(source, plain=True)["body"]())


def test_async_code_means_the_same(subject: Callable[..., dict[str, Any]]) -> None:
    source = """
    import contextlib
    class Manager:
        async def __aenter__(self): return [1]
        async def __aexit__(self, *e): return False
    async def numbers(n):
        for i in range(n): yield i
    async def main():
        box = type("B", (), {"n": 0})()
        async with Manager() as m, contextlib.AsyncExitStack(): box.n += m[0]
        async for box.n in numbers(3): pass
        out = [x async for x in numbers(3) if x]
        out += [await one(x) for x in out]
        return out, box.n
    async def one(x): return x + 1
    def body(): return main()
    """
    assert asyncio.run(subject(source)["body"]()) == ([1, 2, 2, 3], 2)


TRACED = '''\
"""Doc."""
class C:
    pass

def fails(c):
    x = 1
    return (
        c.
        missing
    )

def fails_in_call(c):
    return fails(
        c)
'''


def test_traceback_and_source_show_the_author_s_lines(tmp_path: Path) -> None:
    path = tmp_path / "traced.py"
    path.write_text(TRACED)
    linecache.checkcache(str(path))
    ours: dict[str, Any] = {"__name__": "traced", "__file__": str(path)}
    plain: dict[str, Any] = dict(ours)
    exec(instrument_source(TRACED, str(path), "traced"), ours)
    exec(compile(TRACED, str(path), "exec", dont_inherit=True), plain)

    def report(namespace: dict[str, Any]) -> list[str]:
        try:
            namespace["fails_in_call"](namespace["C"]())
        except AttributeError:
            return traceback.format_exc().splitlines()[3:]
        raise AssertionError("it must fail")

    assert report(ours) == report(plain)
    assert ours["fails"].__code__.co_firstlineno == 5
    assert inspect.getsource(ours["fails"]) == inspect.getsource(plain["fails"])
    assert inspect.signature(ours["fails"]) == inspect.signature(plain["fails"])


def test_line_events_are_those_of_plain_code(subject: Callable[..., dict[str, Any]]) -> None:
    source = """
    class C: n = 0
    def body():
        c = C()
        for i in range(2):
            c.n += (
                i
            )
            if c.n:
                continue
        while c.n < 4:
            c.n += 1
            if c.n == 3:
                continue
        while True:
            c.n -= 1
            if not c.n:
                break
        return c.n
    """

    def lines(namespace: dict[str, Any]) -> set[int]:
        hit: set[int] = set()

        def trace(frame: Any, event: str, _arg: object) -> Any:
            if frame.f_code.co_filename != "<subject>":
                return None
            if event == "line":
                hit.add(frame.f_lineno)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            namespace["body"]()
        finally:
            sys.settrace(before)
        return hit

    assert lines(subject(source)) == lines(subject(source, plain=True))


def test_classes_of_an_instrumented_module_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickled_subject.py").write_text(
        "class Node:\n    def __init__(self): self.n = [1]\n    def f(self): return self.n\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with instrument_imports(["pickled_subject"]):
        import pickled_subject  # type: ignore[import-not-found]
    node = pickle.loads(pickle.dumps(pickled_subject.Node()))
    assert node.f() == [1]
    assert pickle.loads(pickle.dumps(pickled_subject.Node.f)) is pickled_subject.Node.f


def test_module_namespace_stays_the_author_s(subject: Callable[..., dict[str, Any]]) -> None:
    source = "x = {}\nx['a'] = 1\nx['a'] += 1\ny, (z, *w) = 1, (2, 3)\nfor i in (1,): pass\n"
    assert set(subject(source)) == set(subject(source, plain=True))


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_hook_names_survive_class_bodies(name: str) -> None:
    assert mangle("AnyClass", name) == name


@pytest.mark.parametrize(
    ("class_name", "name", "expected"),
    [
        ("C", "__x", "_C__x"),
        ("_C", "__x", "_C__x"),
        ("__", "__x", "__x"),
        ("C", "__x__", "__x__"),
        ("C", "_x", "_x"),
        (None, "__x", "__x"),
    ],
)
def test_mangling_is_the_compiler_s(class_name: str | None, name: str, expected: str) -> None:
    assert mangle(class_name, name) == expected
