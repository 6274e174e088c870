"""Rewritten code tells which arms were reached, and is otherwise the same code."""

import builtins
import importlib
import json
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

import harness
from fuzz.engines.edges import CodeMap, covered_places
from fuzz.engines.edges_compares import CompareLog
from fuzz.engines.edges_constants import harvest
from fuzz.engines.edges_imports import CoveredImports
from fuzz.engines.edges_rewriter import covered_code
from harness.instrument import is_instrumented, rewrite_tree


class Covered:
    """Functions of a piece of source, and the map they count into."""

    def __init__(self, source: str, between: Any = lambda tree: tree) -> None:
        self.map = CodeMap()
        self.map.install()
        self.log = CompareLog()
        self.names: dict[str, Any] = {"__name__": "piece"}
        code = covered_code(
            textwrap.dedent(source), "/piece.py", module="piece", into=self.map, between=between
        )
        exec(code, self.names)  # noqa: S102  # what a loader does
        self.map.clear()

    def features(self, *arguments: object, name: str = "f") -> frozenset[int]:
        self.names[name](*arguments)
        return frozenset(self.map.features(self.map.take()))


# Each with two arguments that have to reach different arms, and one that is like the first.
ARMS = {
    "if": ("def f(x):\n if x:\n  return 1", (1, 0, 2)),
    "else": ("def f(x):\n if x: pass\n else: pass", (0, 1, 0)),
    "elif": ("def f(x):\n if x == 1: pass\n elif x == 2: pass", (2, 3, 2)),
    "for": ("def f(x):\n for _ in range(x): pass", (1, 0, 1)),
    "while": ("def f(x):\n while x: x -= 1", (1, 0, 1)),
    "turns of a loop": ("def f(x):\n for _ in range(x): pass", (4, 8, 7)),
    "except": ("def f(x):\n try: 1 / x\n except ZeroDivisionError: pass", (0, 1, 0)),
    "no exception": ("def f(x):\n try: 1 / x\n except Exception: pass\n else: pass", (1, 0, 2)),
    "except*": ("def f(x):\n try: 1 / x\n except* ZeroDivisionError: pass", (0, 1, 0)),
    "case": ("def f(x):\n match x:\n  case 1: pass\n  case [*_]: pass", (1, [], 1)),
    "and": ("def f(x):\n return x and x > 1", (1, 0, 1)),
    "or": ("def f(x):\n return x or 5", (0, 1, 0)),
    "if expression": ("def f(x):\n return 1 if x else 2", (0, 1, 0)),
    "comprehension": ("def f(x):\n return [y for y in x if y]", ([1], [0], [2])),
    "lambda": ("g = lambda: 1\ndef f(x):\n return g() if x else g", (1, 0, 1)),
    "function": ("def g(): 'a docstring'\ndef f(x):\n return [g, int][x]()", (0, 1, 0)),
    "generator": ("def g():\n yield 1\ndef f(x):\n return [*g()] if x else g()", (1, 0, 1)),
    "async": ("async def g(): pass\ndef f(x):\n c = g()\n [*c.__await__()] if x else c.close()",
              (1, 0, 1)),
    "method": ("class C:\n def m(self): return 1\ndef f(x):\n return C().m() if x else 0",
               (1, 0, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("source", "arguments"), ARMS.values(), ids=ARMS)
def test_each_arm_is_a_feature(source: str, arguments: tuple[object, object, object]) -> None:
    covered = Covered(source)
    one, other, like_one = map(covered.features, arguments)
    assert one != other
    assert one == like_one
    assert one  # a function that was entered, at least


@pytest.mark.parametrize(("source", "arguments"), ARMS.values(), ids=ARMS)
def test_what_makes_accesses_visible_neither_loses_arms_nor_adds_any(
    source: str, arguments: tuple[object, object, object]
) -> None:
    def between(tree: Any) -> Any:
        return rewrite_tree(tree, module_name="piece")

    plain = Covered(source)
    features = [plain.features(argument) for argument in arguments]
    importlib.import_module("harness.instrument.installation").install_hooks()
    both = Covered(source, between)
    assert [both.features(argument) for argument in arguments] == features
    assert both.map.places == plain.map.places


def test_a_collector_that_loses_an_edge_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = Covered(ARMS["else"][0])
    lost = max(covered.map.places)
    reached = vars(builtins)["__hfc_reached__"]
    monkeypatch.setattr(
        builtins, "__hfc_reached__", lambda place: None if place == lost else reached(place)
    )
    found = {feature for argument in (0, 1) for feature in covered.features(argument)}
    assert covered_places(found) < len(covered.map.places)


def test_what_one_input_reached_is_not_credited_to_the_next() -> None:
    covered = Covered("def f(x):\n if x: raise ValueError('on purpose')")
    with pytest.raises(ValueError, match="on purpose"):
        covered.features(1)
    covered.map.clear()
    assert len(covered.features(0)) == 2  # the function, and what is not `if x`


def test_numbers_of_places_are_the_same_in_every_map() -> None:
    source = "\n".join(source for source, _ in ARMS.values() if "except*" not in source)
    assert Covered(source).map.places == Covered(source).map.places != set()


def test_counts_stop_at_their_class_and_never_start_again() -> None:
    covered = Covered("def f(x):\n for _ in range(x): pass")
    classes = [covered.features(count) for count in (1, 2, 3, 4, 8, 16, 32, 128, 256, 100_000)]
    assert len(set(classes)) == 8
    assert classes[-1] == classes[-2] == classes[-3]


def test_a_traceback_shows_the_lines_of_the_author() -> None:
    covered = Covered(
        '''
        def f(x):
            """Doc."""
            if x and x > 1 or not x:
                return [
                    y
                    for y in range(x)
                    if 1 / (y - 2)
                ]
        '''
    )
    with pytest.raises(ZeroDivisionError) as caught:
        covered.names["f"](5)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 8
    assert covered.names["f"].__doc__ == "Doc."


def test_greenlets_and_threads_count_into_the_same_map() -> None:
    covered = Covered("def f(x, meet):\n if x == 1: meet()\n elif x == 2: meet()\n else: meet()")
    alone = {number: covered.features(number, int) for number in range(3)}
    main = getcurrent()
    tasks = [greenlet(covered.names["f"]) for _ in range(2)]
    for number, task in enumerate(tasks):
        task.switch(number + 1, main.switch)
    for task in tasks:
        task.switch()
    assert frozenset(covered.map.features(covered.map.take())) == alone[1] | alone[2]
    thread = threading.Thread(target=covered.names["f"], args=(0, int))
    thread.start()
    thread.join()
    assert frozenset(covered.map.features(covered.map.take())) == alone[0]


MODULES = ["json.decoder", "textwrap", "difflib", "fractions", "csv", "configparser"]


@pytest.mark.parametrize("name", MODULES)
def test_rewritten_modules_of_the_standard_library_do_what_they_did(name: str) -> None:
    def answers() -> list[object]:
        module: Any = importlib.import_module(name)
        match name:
            case "json.decoder":
                decode = module.JSONDecoder().decode
                return [decode('{"a": [1, -2.5e3, null, "\\u20ac"]}'), _raised(decode, "[1,")]
            case "textwrap":
                return [module.wrap("some words to be wrapped here", 9), module.dedent("  a\n   b")]
            case "difflib":
                return [*module.unified_diff("abcd", "abxd"), module.get_close_matches("a", ["ab"])]
            case "fractions":
                return [str(module.Fraction("3/7") ** 2 - 1), _raised(module.Fraction, "x")]
            case "csv":
                return [*module.DictReader(["a,b", '1,"2,3"'])]
            case _:
                parser = module.ConfigParser()
                parser.read_string("[a]\nb = 1\nc = %(b)s\n")
                return [dict(parser["a"]), _raised(parser.read_string, "b")]

    plain, old = answers(), sys.modules[name]
    code_map = CodeMap()
    code_map.install()
    CompareLog()
    hook = CoveredImports([name], code_map)
    try:
        with hook:
            assert answers() == plain
        assert hook.covered == [name]
        assert len(code_map.features(code_map.take())) > 1
    finally:
        hook.remove()
        sys.modules[name] = old
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, old)


def _raised(function: Callable[[str], object], argument: str) -> str:
    try:
        return f"nothing, but {function(argument)}"
    except Exception as error:  # noqa: BLE001  # whatever it is, it has to be the same
        return f"{type(error).__name__}: {error}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def covering(include: list[str]) -> tuple[CoveredImports, CodeMap]:
    code_map = CodeMap()
    code_map.install()
    CompareLog()
    return CoveredImports(include, code_map), code_map


def test_a_package_is_watched_whole_and_again_if_it_was_imported_before(folder: Path) -> None:
    package = folder / "seen_before"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("WORD = b'magic'\ndef f(x):\n if x: return 1\n")
    (folder / "seen_before_not.py").write_text("")
    old: Any = importlib.import_module("seen_before.inner")
    hook, code_map = covering(["seen_before"])
    with hook:
        inner: Any = importlib.import_module("seen_before.inner")
        importlib.import_module("seen_before_not")
    hook.remove()
    assert inner is not old
    assert hook.covered == ["seen_before", "seen_before.inner"]
    assert b"magic" in hook.words
    code_map.clear()
    inner.f(1)
    assert len(code_map.features(code_map.take())) == 2
    assert not {name for name in vars(inner) if "hfc" in name}


def test_a_module_without_source_or_with_wrong_source_is_left_to_its_loader(folder: Path) -> None:
    (folder / "does_not_compile.py").write_text("return 1\n")
    importlib.import_module("_json")
    hook, _ = covering(["does_not_compile", "_json", "math"])
    old = dict(sys.modules)
    try:
        with hook:
            with pytest.raises(SyntaxError, match="'return' outside function"):
                importlib.import_module("does_not_compile")
            assert importlib.import_module("math").sqrt(4) == 2
    finally:
        hook.remove()
        sys.modules.update({name: old[name] for name in ("_json", "math")})
    assert hook.covered == []
    assert "outside function" in hook.skipped["does_not_compile"]


def test_the_engine_never_watches_itself_but_does_watch_our_targets() -> None:
    hook, _ = covering(["fuzz", "harness", "threading", "mine"])
    watched = ["fuzz.targets", "fuzz.targets.flow_operations", "mine", "mine.parser"]
    assert [*filter(hook.matches, watched)] == watched
    ours = ["fuzz", "fuzz.engines.edges", "harness.engine", "miner", "threading"]
    assert not [*filter(hook.matches, ours)]


def test_after_the_hook_of_the_harness_both_are_in_one_module_and_counting_is_no_access(
    folder: Path,
) -> None:
    (folder / "both_hooks.py").write_text(
        "total = 0\ndef add(n):\n global total\n for _ in range(n):\n  total += 1\n"
    )

    def body() -> None:
        module.total = 0
        threads = [threading.Thread(target=module.add, args=(1,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen.add(module.total)

    seen: set[int] = set()
    with harness.instrument_imports(include=["both_hooks"], reload=True):
        module: Any = importlib.import_module("both_hooks")
        plain = harness.explore(body, strategy="dfs", executions=5_000)
    hook, code_map = covering(["both_hooks"])
    with harness.instrument_imports(include=["both_hooks"], reload=True), hook:
        module = importlib.import_module("both_hooks")
    hook.remove()
    assert is_instrumented("both_hooks")
    both = harness.explore(body, strategy="dfs", executions=5_000)
    assert code_map.features(code_map.take())
    assert both.executions == plain.executions > 2
    assert seen == {1, 2}, "the lost update was among them"


def test_constants_of_the_code_are_words_and_prose_is_not() -> None:
    words = harvest(
        compile(
            '"""Prose."""\ndef f(x: "Note") -> "Note":\n "More prose."\n'
            ' return x in ("GET", b"\\x00\\x01") or x == 0x1234 or x == 3 or f"v={x}"',
            "words",
            "exec",
            flags=1024,  # ast.PyCF_ONLY_AST
        )
    )
    assert set(words) == {b"GET", b"\0\1", b"4660", b"\x34\x12", b"\x12\x34", b"v="}


@pytest.mark.parametrize(
    ("expression", "value", "pairs"),
    [
        ("x == b'ab'", b"cd", [(b"cd", b"ab")]),
        ("x != 7", 3, [(3, 7)]),
        ("x < 10", 3, [(3, 10)]),
        ("x in ('a', 'b')", "c", [("c", "a"), ("c", "b")]),
        ("x not in {'b', 'a'}", "c", [("c", "a"), ("c", "b")]),
        ("x in 'text'", "c", [("c", "text")]),
        ("x.startswith('GET ')", "PUT it", [("PUT ", "GET ")]),
        ("{'k': 1}.get(x)", "c", [("c", "k")]),
        ("x == 7", 7, []),
        ("x == None", 7, []),
        ("[y for y in [x] if y == 1]", 2, [(2, 1)]),
        ("x == 1 and x == 2", 3, [(3, 1)]),
    ],
)
def test_operands_are_heard_while_somebody_listens(
    expression: str, value: object, pairs: list[object]
) -> None:
    covered = Covered(f"def f(x):\n return {expression}")
    quiet = covered.names["f"](value)
    assert covered.log.pairs() == []
    with covered.log:
        assert covered.names["f"](value) == quiet
    assert covered.log.pairs() == pairs


def test_the_subject_of_a_match_is_heard_with_the_values_of_its_cases() -> None:
    covered = Covered("def f(x):\n match x:\n  case 'a' | 'b': return 1\n  case ('c', _): return 2")
    with covered.log:
        covered.names["f"]("z")
    assert covered.log.pairs() == [("z", "a"), ("z", "b"), ("z", "c")]


def test_operands_are_evaluated_once_and_their_own_comparison_decides() -> None:
    covered = Covered(
        """
        class Odd:
            def __eq__(self, other): calls.append("eq"); return NotImplemented
            __hash__ = None
        calls = []
        def made(): calls.append("made"); return Odd()
        def f(x): return made() == x
        """
    )
    with covered.log:
        assert covered.names["f"](1) is False
    assert covered.names["calls"] == ["made", "eq"]


def test_a_log_has_an_end() -> None:
    covered = Covered("def f(x):\n for y in range(x):\n  y == -1")
    with covered.log:
        covered.names["f"](10_000)
    assert len(covered.log.pairs()) == 400


def test_json_is_not_left_rewritten() -> None:
    assert json.loads("[1]") == [1]
