"""What makes two failures one finding, and what keeps them apart."""

import ast
import importlib.util
import json
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from _pytest.assertion.rewrite import rewrite_asserts

import fuzz
import harness
from fuzz.declaration import ProviderRun
from fuzz.errors import ScheduleFailure
from fuzz.schedules.under_engine import Body, UnderEngine
from fuzz.strategy_run import StrategyRun
from fuzz.triaging.crash import CrashKind, crash_from_json, crash_of, crash_of_death
from fuzz.triaging.signature import frames_in, loop_erased, signature_of


def load(folder: Path, text: str, *, rewritten: bool = False, stem: str = "subject") -> ModuleType:
    file = folder / f"{stem}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text), "utf-8")
    spec = importlib.util.spec_from_file_location(stem, file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    tree = ast.parse(file.read_text("utf-8"))
    if rewritten:
        rewrite_asserts(tree, file.read_bytes())
    exec(compile(tree, str(file), "exec"), module.__dict__)  # noqa: S102  # the test's own text
    return module


def error_of(call: Any, *arguments: Any) -> BaseException:
    try:
        call(*arguments)
    except BaseException as error:  # noqa: BLE001  # the subject of these tests
        assert error.__traceback__ is not None  # noqa: PT017  # nothing to wait for
        return error.with_traceback(error.__traceback__.tb_next)  # without this function
    raise AssertionError("it did not raise")


def key(call: Any, *arguments: Any) -> str:
    return signature_of(error_of(call, *arguments)).key


CHECKS = """
    def check(value):
        if value > 1:
            raise ValueError(f"{value} is too much")

    def size(data):
        return check(len(data))

    def depth(data):
        return check(data[0])

    def deep(data):
        return size(data)

    def one_way(data):
        return deep(data)

    def other_way(data):
        for _ in range(1):
            deep(data)
"""


def test_another_line_folder_and_message_do_not_change_a_key(tmp_path: Path) -> None:
    here = load(tmp_path / "a", CHECKS)
    moved = load(tmp_path / "b" / "c", "\n\n# an edit above\nimport os\n" + textwrap.dedent(CHECKS))
    assert key(here.size, b"abc") == key(moved.size, b"abcdef")


def test_a_key_is_the_same_in_every_python(tmp_path: Path) -> None:
    # A literal: the suite runs under several Pythons, and every one has to agree on it.
    subject = load(tmp_path, CHECKS)
    signature = signature_of(error_of(subject.one_way, b"abc"))
    assert signature.frames == ("subject:check", "subject:size", "subject:deep")
    assert signature.key == "db9ac7723e42"


def test_two_callers_of_one_raise_are_two_findings(tmp_path: Path) -> None:
    subject = load(tmp_path, CHECKS)
    assert key(subject.size, b"abc") != key(subject.depth, b"abc")


def test_two_paths_that_meet_three_calls_above_the_fault_are_one_finding(tmp_path: Path) -> None:
    subject = load(tmp_path, CHECKS)
    assert key(subject.one_way, b"abc") == key(subject.other_way, b"abc")


COMPREHENSIONS = """
    def letter(value):
        return {1: "a"}[value]

    def letters(data):
        return %s
"""


@pytest.mark.parametrize(
    "written",
    [
        "[letter(one) for one in data]",
        "{letter(one) for one in data}",
        "{one: letter(one) for one in data}",
        "list(letter(one) for one in data)",
        "list(map(letter, data))",
    ],
)
def test_a_comprehension_belongs_to_its_function(tmp_path: Path, written: str) -> None:
    # Python 3.11 has a frame for each, Python 3.12 only for generators.
    subject = load(tmp_path, COMPREHENSIONS % written)
    signature = signature_of(error_of(subject.letters, b"z"))
    assert signature.frames == ("subject:letter", "subject:letters")


PARSER = """
    def item(text):
        if text.startswith("["):
            return group(text[1:])
        return int(text)

    def group(text):
        return item(text)

    def parse(text):
        return item(text)

    def endless(text):
        return other(text)

    def other(text):
        return leaf(text) or endless(text)

    def leaf(text):
        return len(text) > 10
"""


def test_one_bug_of_a_parser_has_one_key_at_every_depth(tmp_path: Path) -> None:
    subject = load(tmp_path, PARSER)
    depths = {key(subject.parse, "[" * depth + "x") for depth in range(6)}
    assert len(depths) == 1


@pytest.mark.parametrize(
    ("walk", "left"),
    [
        ("abc", "abc"),
        ("abab", "ab"),
        ("abcbd", "abd"),
        ("aaaa", "a"),
        ("abcabcx", "abcx"),
        ("", ""),
    ],
)
def test_loops_are_erased_as_they_close(walk: str, left: str) -> None:
    assert "".join(loop_erased(walk)) == left


def test_where_the_limit_of_a_recursion_strikes_does_not_matter(tmp_path: Path) -> None:
    subject = load(tmp_path, PARSER)
    limit = sys.getrecursionlimit()
    keys = set()
    try:
        for more in range(4):
            sys.setrecursionlimit(200 + more)
            keys.add(key(subject.endless, "x"))
    finally:
        sys.setrecursionlimit(limit)
    assert len(keys) == 1


CHAINS = """
    def first(data):
        return data["missing"]

    def second(data):
        return data[0].nobody

    class BadInput(Exception):
        pass

    def guarded(call, data):
        try:
            return call(data)
        except Exception as error:
            raise BadInput("could not read it") from error

    def while_handling(call, data):
        try:
            return call(data)
        except Exception:
            raise BadInput("could not read it")

    def plain(call, data):
        try:
            call(data)
        except Exception:
            pass
        raise BadInput("could not read it")
"""


def test_two_bugs_behind_one_wrapper_stay_two(tmp_path: Path) -> None:
    subject = load(tmp_path, CHAINS)
    one, two = (
        signature_of(error_of(subject.guarded, call, {0: 1}))
        for call in (subject.first, subject.second)
    )
    assert one.key != two.key
    assert one.what == "subject.BadInput from KeyError"
    assert one.frames == ("subject:first", "subject:guarded")


def test_what_was_merely_being_handled_does_not_count(tmp_path: Path) -> None:
    subject = load(tmp_path, CHAINS)
    keys = {key(subject.while_handling, call, {0: 1}) for call in (subject.first, subject.second)}
    assert len(keys) == 1


def test_causes_that_go_in_a_circle_end() -> None:
    one, two = ValueError(1), KeyError(2)
    one.__cause__, two.__cause__ = two, one
    assert signature_of(one).what == "ValueError from KeyError"


GROUPS = """
    def left():
        raise ValueError("left")

    def right():
        raise KeyError("right")

    def caught(call):
        try:
            call()
        except Exception as error:
            return error

    def gather(calls):
        raise ExceptionGroup("several", [caught(call) for call in calls])

    def nest(calls):
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [caught(call) for call in calls])])
"""


def test_a_group_is_told_by_its_members_whatever_their_number_and_order(tmp_path: Path) -> None:
    subject = load(tmp_path, GROUPS)
    left, right = subject.left, subject.right
    both = key(subject.gather, [left, right])
    assert both == key(subject.gather, [right, left, left])
    assert both != key(subject.gather, [left])
    assert signature_of(error_of(subject.nest, [left])).what == (
        signature_of(error_of(subject.gather, [left, left])).what
    )


def test_types_of_two_packages_with_one_name_are_two_findings(tmp_path: Path) -> None:
    text = """
        class Error(Exception):
            pass

        def fail():
            raise Error
    """
    one = signature_of(error_of(load(tmp_path, text, stem="one").fail))
    two = signature_of(error_of(load(tmp_path, text, stem="two").fail))
    assert (one.what, two.what) == ("one.Error", "two.Error")


def test_a_rewritten_assert_is_the_same_finding(tmp_path: Path) -> None:
    text = """
        def same(left, right):
            assert left == right

        def judge(data):
            same([data], [b"x"])
    """
    plain = error_of(load(tmp_path / "a", text).judge, b"y")
    rewritten = error_of(load(tmp_path / "b", text, rewritten=True).judge, b"y")
    assert str(plain) != str(rewritten)  # so the two were made in two ways
    assert signature_of(plain) == signature_of(rewritten)


def test_our_wrappers_and_hypothesis_leave_no_trace_in_a_key(tmp_path: Path) -> None:
    from hypothesis import strategies  # noqa: PLC0415  # heavy

    text = """
        def take(value):
            raise LookupError("always")

        def take_all(value):
            take(value)
    """
    subject = load(tmp_path, text)
    direct = key(subject.take_all, b"")
    assert key(ProviderRun(subject.take_all, bytes), b"") == direct
    assert key(StrategyRun(subject.take_all, strategies.integers()), bytes(40)) == direct
    assert key(fuzz.Target(name="t", run=subject.take_all, what="t"), b"") == direct


def test_a_thread_by_another_name_is_the_same_finding(tmp_path: Path) -> None:
    text = """
        import threading

        def work():
            raise LookupError("in a thread")

        def in_thread(name):
            seen = []
            hook, threading.excepthook = threading.excepthook, seen.append
            thread = threading.Thread(target=work, name=name)
            thread.start()
            thread.join()
            threading.excepthook = hook
            return seen[0].exc_value
    """
    subject = load(tmp_path, text)
    one, two = (signature_of(subject.in_thread(name)) for name in ("Thread-1", "worker_7"))
    assert one == two
    assert one.frames == ("subject:work",)


def test_a_stack_of_the_standard_library_alone_is_better_than_none() -> None:
    assert signature_of(error_of(json.loads, "{")).frames[0] == "decoder:JSONDecoder.raw_decode"


def test_a_users_package_may_be_called_like_a_part_of_ours(tmp_path: Path) -> None:
    subject = load(tmp_path / "site-packages" / "fuzz" / "parts", CHECKS)
    assert signature_of(error_of(subject.size, b"abc")).frames == ("subject:check", "subject:size")


NATIVE = """Fatal Python error: Segmentation fault

Thread 0x00007f176033d6c0 (most recent call first):
  File "/x/subject.py", line 5 in work
  File "{stdlib}/threading.py", line 982 in run

Current thread 0x00007f1760e94b80 (most recent call first):
  File "/x/subject.py", line 4 in {inner}
  File "/x/subject.py", line {line} in middle
  File "/x/subject.py", line 6 in outer
  File "/x/subject.py", line 7 in run
"""


def native(inner: str = "inner", line: int = 4) -> str:
    import sysconfig  # noqa: PLC0415  # for this alone

    return NATIVE.format(stdlib=sysconfig.get_path("stdlib"), inner=inner, line=line)


def test_a_native_stack_is_that_of_the_current_thread() -> None:
    assert frames_in(native()) == ("subject:inner", "subject:middle", "subject:outer")
    assert frames_in(native(line=99)) == frames_in(native())


def test_of_several_looks_at_a_hang_what_stayed_counts() -> None:
    looks = [native(inner=name) for name in ("step", "look", "step")]
    assert frames_in("\n".join(looks)) == ("subject:middle", "subject:outer", "subject:run")


def test_of_several_looks_the_last_is_shown() -> None:
    looks = [native(line=number) for number in (1, 2, 3)]
    death = crash_of_death(
        CrashKind.HANG, None, message="m", words="printed before\n" + "\n".join(looks), data=b""
    )
    assert death.story.count("Current thread") == 1
    assert "line 3 in middle" in death.story
    one = "printed before\n" + looks[0]
    assert crash_of_death(
        CrashKind.HANG, None, message="m", words=one, data=b""
    ).story == f"m\n{one}"  # fmt: skip


def test_a_native_stack_does_not_show_a_comprehension_of_its_own() -> None:
    (inner, middle, *_) = frames_in(native(inner="<listcomp>"))
    assert (inner, middle) == ("subject:middle", "subject:outer")


def test_a_text_without_a_stack_has_no_frames() -> None:
    assert frames_in("") == frames_in("Traceback?\n nothing here") == ()


def test_deaths_are_told_by_kind_code_and_stack() -> None:
    def death(kind: CrashKind, code: int | None, words: str) -> str:
        return crash_of_death(kind, code, message="m", words=words, data=b"").key

    signal = death(CrashKind.SIGNAL, -11, native())
    assert signal == death(CrashKind.SIGNAL, -11, native(line=50))
    others = {
        death(CrashKind.SIGNAL, -6, native()),
        death(CrashKind.SIGNAL, -11, native(inner="elsewhere")),
        death(CrashKind.EXIT, 3, ""),
        death(CrashKind.HANG, None, native()),
    }
    assert len(others | {signal}) == 5
    # The limit of memory strikes whoever comes last.
    assert death(CrashKind.MEMORY, None, native()) == death(CrashKind.MEMORY, None, "")


def schedule_error(finding: str, frames: tuple[str, ...], cause: Exception | None) -> Exception:
    error = ScheduleFailure(finding, "told", frames)
    error.__cause__ = cause
    return error


def test_a_failing_schedule_is_told_by_kind_type_and_functions() -> None:
    errors = [
        schedule_error("EXCEPTION", ("a:f",), KeyError(1)),
        schedule_error("EXCEPTION", ("a:f",), ValueError(1)),
        schedule_error("DEADLOCK", ("a:f",), None),
        schedule_error("DEADLOCK", ("a:f", "a:g"), None),
    ]
    assert len({signature_of(error) for error in errors}) == 4


class Program(Body):
    """Two tasks, each takes two locks; in opposite orders if asked."""

    def __init__(self, names: tuple[str, str]) -> None:
        super().__init__()
        self._names = names

    def __call__(self) -> None:
        import threading  # noqa: PLC0415  # the twin that stands there now

        one, two = threading.Lock(), threading.Lock()
        barrier = threading.Barrier(2)

        def forward() -> None:
            with one:
                barrier.wait()
                two.acquire()

        def backward() -> None:
            with two:
                barrier.wait()
                one.acquire()

        threads = [
            threading.Thread(target=target, name=name)
            for target, name in zip((forward, backward), self._names, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_a_deadlock_has_one_key_whatever_its_threads_are_called() -> None:
    keys = set()
    for names in (("a", "b"), ("z", "y")):
        run = UnderEngine(lambda data, names=names: (Program(names), data))  # type: ignore[misc]
        with pytest.raises(ScheduleFailure) as met:
            run(b"")
        run.close()
        keys.add(signature_of(met.value))
    (signature,) = keys
    assert signature.what == "DEADLOCK"
    assert "test_fuzz_signature:Program.__call__.forward" in signature.frames


def test_an_exception_whose_words_cannot_be_made_is_a_crash_all_the_same() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    crash = crash_of(MuteError(), b"", story="", confirmed=True)
    assert "its __str__ raised RuntimeError" in crash.message


def test_a_description_of_the_first_scheme_is_read_and_says_so() -> None:
    old = {
        "schema": "holdfast.crash/1", "key": "0123456789ab", "kind": "EXCEPTION",
        "message": "ValueError: m", "story": "s", "confirmed": True,
    }  # fmt: skip
    crash = crash_from_json(old, b"x")
    assert (crash.key, crash.scheme) == ("0123456789ab", 1)
    new = crash_of(error_of(json.loads, "{"), b"x", story="", confirmed=True)
    again = crash_from_json(json.loads(json.dumps(new.to_json())), b"x")
    assert again == new
    assert again.scheme == 2


def test_rewritten_source_keeps_the_key(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "rewritten_subject.py"
    file.write_text(textwrap.dedent(CHECKS), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plain = key(load(tmp_path, CHECKS, stem="rewritten_subject").one_way, b"abc")
    with harness.instrument_imports(include=["rewritten_subject"]):
        import rewritten_subject  # type: ignore[import-not-found]  # noqa: PLC0415  # written above
    monkeypatch.delitem(sys.modules, "rewritten_subject")
    assert key(rewritten_subject.one_way, b"abc") == plain
