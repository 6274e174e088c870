"""What a call of code outside the instrumented modules does to the objects it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Seen = Callable[..., list[str]]

CASES = {
    "unknown function": (
        "import shelve\nimport textwrap as t",
        "i=[1]",
        "try: t.dedent(i)\nexcept TypeError: pass",
        ["opaque list"],
    ),
    "unknown function, object in a tuple": (
        "import textwrap as t",
        "i=([1], 2)",
        "try: t.dedent(i)\nexcept TypeError: pass",
        ["opaque list"],
    ),
    "unknown function, instance": (
        "import pprint\nclass C: pass",
        "c=C()",
        "pprint.pformat(c)",
        ["opaque C"],
    ),
    "unknown function, nothing mutable": (
        "import textwrap",
        "s='a'",
        "return textwrap.dedent(s)",
        [],
    ),
    "method of an unknown object": (
        "import string",
        "f=string.Formatter()",
        "return f.format('{}', 1)",
        ["opaque Formatter"],
    ),
    "unknown class": (
        "import textwrap\nimport shlex, io",
        "i=[1]",
        "try: shlex.shlex(i)\nexcept Exception: pass",
        ["opaque list"],
    ),
    "instrumented function": ("def f(x): return x", "i=[1]", "return f(i)", []),
    "instrumented class": (
        "class C:\n    def __init__(self, x): pass",
        "i=[1]",
        "C(i)",
        [],
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: list",
        "i=[1]",
        "return D(i)",
        [],
    ),
    "dataclass equality": (
        "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int",
        "a=D(1), b=D(1)",
        "return a == b",
        ["read D", "read D"],
    ),
    "exception": ("", "i=[1]", "return ValueError(i)", []),
    "partial of an instrumented function": (
        "import functools\ndef f(x): return x",
        "i=[1], g=functools.partial(f)",
        "return g(i)",
        [],
    ),
    "partial of an unknown function": (
        "import functools, pprint",
        "i=[1], g=functools.partial(pprint.pformat)",
        "return g(i)",
        ["opaque list"],
    ),
    "wrapped instrumented function": (
        "import functools\n@functools.lru_cache\ndef f(x): return x",
        "p=(1, 2)",
        "return f(p)",
        ["write f", "opaque f"],  # looked into; filled for whoever comes later
    ),
    "callable instance": (
        "class C:\n    def __call__(self, x): return x",
        "c=C(), i=[1]",
        "return c(i)",
        [],
    ),
    "callable kept in an attribute": (
        "class C:\n    def __init__(self): self.f = len",
        "c=C(), i=[1]",
        "return c.f(i)",
        ["read C.f", "read list"],
    ),
    "heapq": (
        "import heapq",
        "h=[1]",
        "heapq.heappush(h, 0)",
        ["write list"],
    ),
    "copy": ("import copy", "i=[1]", "return copy.copy(i)", ["read list"]),
    "operator": ("import operator", "i=[1]", "return operator.concat(i, i)", ["read list"] * 2),
    "super method of a list": (
        "class L(list):\n    def push(self, x): super().append(x)",
        "l=L()",
        "l.push(1)",
        ["write L"],
    ),
    "threading is never opaque": (
        "import threading",
        "i=[1]",
        "t = threading.Thread(target=len, args=(i,))\nreturn t.daemon",
        [],
    ),
    "queue is never opaque": (
        "import queue",
        "q=queue.Queue(), i=[1]",
        "q.put(i)\nreturn q.get()",
        [],
    ),
    "generator stepped by next": (
        "def g():\n    yield 1",
        "",
        "it = g()\nreturn next(it)",
        ["write g"],
    ),
    "generator walked under a name": (
        "def g():\n    yield 1",
        "",
        "it = g()\nfor _ in it: pass",
        ["write g"] * 2,
    ),
    "fresh generator walked": ("def g():\n    yield 1", "", "for _ in g(): pass", []),
    "super() init of object": (
        "class C:\n    def __init__(self): super().__init__()",
        "",
        "C()",
        [],
    ),
    "object.__setattr__": (
        "class C: pass",
        "c=C()",
        "object.__setattr__(c, 'm', 1)",
        ["write C.m"],
    ),
    "super().__setattr__": (
        "class C:\n    def __setattr__(self, k, v): super().__setattr__(k, v)",
        "c=C()",
        "c.m = 1",
        ["write C.m", "write C.m"],
    ),
    "bytes file": (
        "import io",
        "b=io.BytesIO()",
        "b.write(b'x')\nreturn b.getvalue()",
        ["write BytesIO", "[BytesIO.write()", "]", "write BytesIO", "[BytesIO.getvalue()", "]"],
    ),
    "print": (
        "import io, sys\nout = io.StringIO()",
        "i=[1]",
        "print(i, end='', file=None if i is None else __import__('io').StringIO())",
        ["read list", "[print()", "]"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_call_records_what_it_may_touch(case: tuple[str, str, str, list[str]], seen: Seen) -> None:
    before, params, lines, expected = case
    body = "\n".join("    " + line for line in lines.splitlines())
    assert seen(f"{before}\ndef body({params}):\n{body}\n") == expected


def test_attribute_error_of_a_method_call_is_native(
    subject: Callable[..., dict[str, Callable[[], object]]], observe: Callable[..., object]
) -> None:
    body = subject("class C: pass\ndef body(c=C()): c.absent(1)")["body"]
    with observe(), pytest.raises(AttributeError, match="'C' object has no attribute 'absent'"):  # type: ignore[attr-defined]
        body()


def test_frame_readers_see_the_author_s_frame(seen: Seen) -> None:
    source = """
    import sys, inspect, collections
    def body():
        there = sys._getframe().f_code.co_name, inspect.currentframe().f_code.co_name
        return there, collections.namedtuple("T", "a").__module__
    """
    assert seen(source) == []
