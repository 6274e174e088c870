"""The same results with and without rewriting, for real modules and for generated programs."""

# ruff: noqa: S102, E501  # running rewritten source is the test; generated programs are long lines

from __future__ import annotations

import collections
import contextlib
import importlib
import inspect
import io
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.instrument import instrument_imports, instrument_source, perturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Define = Callable[..., dict[str, Any]]

LOREM = "The quick  brown fox\tjumps over the lazy dog. " * 7


def use_json(json: Any) -> object:
    value = {"a": [1, 2.5, None, True, {"b": "ü\n"}], "c": {}, "d": []}
    texts = [json.dumps(value, indent=i, sort_keys=True) for i in (None, 2)]
    texts.append(json.encoder._make_iterencode is not None)
    errors = []
    for bad in ("{", "[1,]", '{"a" 1}', "nul"):
        try:
            json.loads(bad)
        except json.JSONDecodeError as error:
            errors.append((error.msg, error.pos))
    return texts, json.loads(texts[1]), errors


def use_textwrap(textwrap: Any) -> object:
    return [
        textwrap.wrap(LOREM, 30, break_long_words=False),
        textwrap.fill(LOREM, 17, initial_indent="* "),
        textwrap.dedent("    a\n      b\n    c"),
        textwrap.shorten(LOREM, 40),
        textwrap.indent("a\n\nb", "> "),
    ]


def use_heapq(heapq: Any) -> object:
    heap: list[int] = []
    for value in (5, 1, 8, 3, 9, 2):
        heapq.heappush(heap, value)
    popped = [heapq.heappop(heap) for _ in range(3)]
    merged = list(heapq.merge([1, 4], [2, 3], key=lambda x: x))
    return popped, heap, merged, heapq.nlargest(2, [3, 1, 2], key=lambda x: -x)


def use_collections(module: Any) -> object:
    counter = module.Counter("abracadabra")
    ordered = module.OrderedDict.fromkeys("cab")
    ordered.move_to_end("c")
    chain = module.ChainMap({"a": 1}, {"b": 2})
    point = module.namedtuple("Point", "x y", defaults=[0])
    data = module.UserList([1, 2])
    data += [3]
    return counter.most_common(2), list(ordered), dict(chain), point(1)._asdict(), data.data


def use_dataclasses(dataclasses: Any) -> object:
    made = dataclasses.make_dataclass(
        "Made", [("x", int), ("y", int, dataclasses.field(default=2))]
    )
    one = made(1)
    return repr(one), dataclasses.asdict(one), dataclasses.replace(one, y=3) == made(1, 3)


def use_difflib(difflib: Any) -> object:
    a, b = ["one", "two", "three", "four"], ["one", "tree", "three", "five", "four"]
    return [
        list(difflib.unified_diff(a, b)),
        list(difflib.ndiff(a, b)),
        difflib.get_close_matches("appel", ["ape", "apple", "peach"]),
        difflib.SequenceMatcher(None, "abcd", "bcde").ratio(),
        difflib.HtmlDiff(wrapcolumn=20).make_file(a, b).count("<td"),
    ]


def use_argparse(argparse: Any) -> object:
    parser = argparse.ArgumentParser(prog="p")
    parser.add_argument("files", nargs="*")
    parser.add_argument("-n", "--number", type=int, default=3)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--a", action="store_true")
    group.add_argument("--b", action="count", default=0)
    out = io.StringIO()
    with contextlib.redirect_stderr(out), pytest.raises(SystemExit):
        parser.parse_args(["--a", "-b", "--number", "x"])
    parsed = vars(parser.parse_args(["x", "y", "-n", "7", "--b", "--b"]))
    return parser.format_help(), parsed, out.getvalue()


def use_ast_unparse(ast: Any) -> object:
    with open(contextlib.__file__, encoding="utf-8") as file:  # noqa: PTH123  # any source
        source = file.read()
    return ast.unparse(ast.parse(source)), ast.dump(ast.parse("x = f'{y!r:>{w}}'"))


def use_fractions(fractions: Any) -> object:
    half = fractions.Fraction(1, 2)
    return [str(half + fractions.Fraction("2/3")), half**3, float(half), half < 1, -half // 3]


def use_configparser(configparser: Any) -> object:
    parser = configparser.ConfigParser()
    parser.read_string("[a]\nx = 1\ny = %(x)s2\n[b]\nz: on\n")
    parser["c"] = {"k": "v"}
    out = io.StringIO()
    parser.write(out)
    return parser.getint("a", "y"), parser.getboolean("b", "z"), out.getvalue()


def use_string(string: Any) -> object:
    template = string.Template("$a ${b} $$ $c")
    return template.safe_substitute(a=1, b=2), string.Formatter().format(
        "{0[k]!r:>6}{x}", {"k": 1}, x=2
    )


def use_html_parser(html_parser: Any) -> object:
    seen: list[object] = []

    class Parser(html_parser.HTMLParser):  # type: ignore[misc]  # of either module
        def handle_starttag(self, tag: str, attrs: object) -> None:
            seen.append((tag, attrs))

        def handle_data(self, data: str) -> None:
            seen.append(data)

    Parser().feed("<p class=a>x &amp; y<br/><!-- c --></p>")
    return seen


def use_statistics(statistics: Any) -> object:
    data = [1, 2, 2, 3, 10]
    functions = ("mean", "median", "mode", "stdev", "quantiles", "multimode")
    return [getattr(statistics, name)(data) for name in functions]


USES: dict[str, Callable[[Any], object]] = {
    "json": use_json,
    "textwrap": use_textwrap,
    "heapq": use_heapq,
    "collections": use_collections,
    "dataclasses": use_dataclasses,
    "difflib": use_difflib,
    "argparse": use_argparse,
    "ast": use_ast_unparse,
    "fractions": use_fractions,
    "configparser": use_configparser,
    "string": use_string,
    "html.parser": use_html_parser,
    "statistics": use_statistics,
}
ACCELERATORS = ("_json", "_heapq", "_statistics")


@contextlib.contextmanager
def rewritten(name: str) -> Iterator[types.ModuleType]:
    """Import a standard module anew, rewritten and without its C half; then put the old one back."""
    if name == "collections":  # half the harness stands on it: a copy beside it will do
        made = types.ModuleType("collections_copy")
        exec(instrument_source(inspect.getsource(collections), "copy.py"), vars(made))
        yield made
        return
    top = name.partition(".")[0]
    kept = {key: value for key, value in sys.modules.items() if key.partition(".")[0] == top}
    for key in kept:
        del sys.modules[key]
    blocked = {key: sys.modules.get(key) for key in ACCELERATORS}
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]  # None blocks an import
    try:
        with instrument_imports([top]):
            module = importlib.import_module(name)
        yield module
    finally:
        for key in [key for key in sys.modules if key.partition(".")[0] == top]:
            del sys.modules[key]
        sys.modules.update(kept)
        for key, value in blocked.items():
            del sys.modules[key]
            if value is not None:
                sys.modules[key] = value


@pytest.mark.slow
@pytest.mark.parametrize("name", USES)
def test_standard_module_gives_the_same_results(name: str, observe: Any) -> None:
    expected = repr(USES[name](importlib.import_module(name)))
    with rewritten(name) as module:
        assert repr(USES[name](module)) == expected
        with observe() as journal:
            assert repr(USES[name](module)) == expected
        assert journal.events  # a corpus that records nothing would prove nothing
        with observe(gil=True):
            assert repr(USES[name](module)) == expected


# -- generated programs ------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "g", "h"])
ATTRIBUTES = st.sampled_from(["x", "y", "__z"])


def expressions(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(
        st.integers(-3, 9).map(str),
        NAMES,
        ATTRIBUTES.map(lambda name: f"o.{name}"),
        st.sampled_from(["l[0]", "l[-1]", "d['k']", "len(l)", "'k' in d", "l", "d", "t(1)"]),
    )
    if not depth:
        return leaf
    inner = expressions(depth - 1)
    operators = st.sampled_from(["+", "-", "*", "|", "==", "<", "and", "or", "!=", "in", "is"])
    return st.one_of(
        leaf,
        st.tuples(inner, operators, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda e: f"(not {e})"),
        inner.map(lambda e: f"t({e})"),
        inner.map(lambda e: f"f'{{{e}}}'"),
        inner.map(lambda e: f"[v for v in l if {e}]"),
        inner.map(lambda e: f"(lambda b=1: {e})()"),
        inner.map(lambda e: f"d.get({e}, 0)"),
        inner.map(lambda e: f"l[t({e}) and 0:]"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner)
        .map(lambda p: f"(c := {p[0]}) if True else {p[1]}")
        .map("({})".format),
        st.tuples(inner, inner).map(lambda p: f"(*[{p[0]}], {p[1]})"),
    )


def targets() -> st.SearchStrategy[str]:
    return st.one_of(
        NAMES,
        ATTRIBUTES.map(lambda name: f"o.{name}"),
        st.sampled_from(["l[0]", "d[t('k')]", "t(l)[t(0)]"]),
    )


def statements(depth: int) -> st.SearchStrategy[list[str]]:
    value = expressions(2)
    simple = st.one_of(
        st.tuples(targets(), value).map(lambda p: [f"{p[0]} = {p[1]}"]),
        st.tuples(targets(), st.sampled_from(["+", "-", "*", "|"]), value).map(
            lambda p: [f"{p[0]} {p[1]}= {p[2]}"]
        ),
        st.tuples(targets(), targets(), value, value).map(
            lambda p: [f"{p[0]}, {p[1]} = {p[2]}, {p[3]}"]
        ),
        st.tuples(targets(), targets(), value).map(lambda p: [f"{p[0]} = {p[1]} = {p[2]}"]),
        st.tuples(targets(), targets()).map(lambda p: [f"{p[0]}, *{p[1]} = l"]),
        value.map(lambda e: [f"l.append({e})"]),
        value.map(lambda e: [f"t({e})"]),
        value.map(lambda e: [f"assert {e}, 'said'"]),
        targets().map(lambda target: [f"del {target}"]),
        value.map(lambda e: [f"return {e}"]),
    )
    if not depth:
        return simple
    block = st.lists(statements(depth - 1), min_size=1, max_size=3).map(
        lambda parts: ["    " + line for part in parts for line in part]
    )
    return st.one_of(
        simple,
        st.tuples(value, block, block).map(lambda p: [f"if {p[0]}:", *p[1], "else:", *p[2]]),
        st.tuples(targets(), block).map(lambda p: [f"for {p[0]} in l[:3]:", *p[1]]),
        block.map(lambda b: ["for v in d.items():", *b, "    continue"]),
        block.map(lambda b: ["while tick():", *b, "    if len(l) > 4: break"]),
        st.tuples(block, block).map(
            lambda p: [
                "try:",
                *p[0],
                "except (TypeError, KeyError) as e:",
                *p[1],
                "    log.append(str(e))",
            ]
        ),
        st.tuples(block, block).map(lambda p: ["try:", *p[0], "finally:", *p[1]]),
        st.tuples(targets(), block).map(lambda p: [f"with manage(l) as {p[0]}:", *p[1]]),
        st.tuples(value, block, block).map(
            lambda p: [
                f"match {p[0]}:",
                "    case [g, *_]:",
                *_indent(p[1]),
                "    case c:",
                *_indent(p[2]),
            ]
        ),
        block.map(lambda b: ["def inner(q=1):", "    nonlocal b", *b, "t(inner())"]),
    )


def _indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


PROGRAM = """
import contextlib
log = []
g = 1
h = [0]
budget = 30
def t(x):
    log.append(repr(x)[:60])
    return x
def tick():
    global budget
    budget -= 1
    return budget > 0
@contextlib.contextmanager
def manage(x):
    log.append("in")
    try: yield x
    finally: log.append("out")
class C:
    def __init__(self): self.x = 1; self.y = [2]; self.__z = 3
    def run(self, o, l, d):
        global g, h
        a = 1; b = [1, 2]; c = 3
{body}
        return a, b, c
def body():
    global budget, g, h
    budget, g, h = 30, 1, [0]
    log.clear()
    o = C(); l = [1, 2, 3]; d = {{"k": 1}}
    try: result = repr(o.run(o, l, d))[:2000]
    except Exception as error: result = type(error).__name__, str(error)
    return result, log[:200], repr(l)[:2000], repr(d)[:2000], repr(sorted(vars(o).items(), key=str))[:2000], repr((g, h))[:2000]
"""


@pytest.mark.property
@given(parts=st.lists(statements(2), min_size=1, max_size=6))
def test_generated_program_gives_the_same_results(
    subject: Define, observe: Any, parts: list[list[str]]
) -> None:
    lines = "\n".join("        " + line for part in parts for line in part)
    source = PROGRAM.format(body=lines)
    try:
        compile(source, "<generated>", "exec")
    except SyntaxError:
        return  # such as an assignment to a name that is declared later
    expected = subject(source, plain=True)["body"]()
    assert subject(source)["body"]() == expected
    for gil in (False, True):
        body = subject(source)["body"]
        with observe(gil=gil):
            assert body() == expected
    body = subject(source)["body"]
    with perturbed(lambda *_: None):
        assert body() == expected
