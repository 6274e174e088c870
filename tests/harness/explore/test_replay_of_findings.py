"""Every kind of finding replays, here and elsewhere; code that has changed is drift."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind
from harness.replay_token import Token, decode_token

if TYPE_CHECKING:
    from collections.abc import Callable

    Plain = Callable[..., Any]

KINDS = ["ASSERTION", "EXCEPTION", "DEADLOCK", "LOST_WAKEUP", "LEAKED_TASK"]
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def found(body: Any, **options: Any) -> harness.Finding:
    finding = harness.explore(body, **{"executions": 1_000, **options}).finding
    assert finding is not None
    return finding


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_a_finding_replays_20_times_of_20(kind: str, strategy: str, subjects: Any) -> None:
    body = subjects.BY_KIND[kind]
    finding = found(body, strategy=strategy)
    assert finding.kind is FindingKind[kind]
    first = harness.replay(body, finding.token)
    assert first is not None
    assert (first.kind, first.message, first.trace) == (
        finding.kind,
        finding.message,
        finding.trace,
    )
    for _ in range(20):
        again = harness.replay(body, finding.token)
        assert again is not None
        assert (again.token, str(again)) == (finding.token, str(first))


_REPLAY = """
import importlib.util, sys
import harness
spec = importlib.util.spec_from_file_location("plain_subjects", {path!r})
module = importlib.util.module_from_spec(spec)
sys.modules["plain_subjects"] = module
spec.loader.exec_module(module)
for line in sys.stdin.read().splitlines():
    kind, token = line.split()
    for _ in range(20):
        finding = harness.replay(module.BY_KIND[kind], token)
        print(kind, finding.kind.name, finding.message.replace(chr(10), " "))
"""


@pytest.mark.parametrize("seed", ["0", "12345", "random"])
@pytest.mark.slow
def test_findings_replay_in_another_process(seed: str, subjects: Any) -> None:
    findings = {kind: found(subjects.BY_KIND[kind]) for kind in KINDS}
    done = subprocess.run(
        [sys.executable, "-c", _REPLAY.format(path=str(Path(__file__).with_name("subjects.py")))],
        input="".join(f"{kind} {finding.token}\n" for kind, finding in findings.items()),
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [
        f"{kind} {kind} {finding.message.replace(chr(10), ' ')}"
        for kind, finding in findings.items()
        for _ in range(20)
    ]
    assert done.stdout.splitlines() == expected


@pytest.mark.parametrize("model", ["free-threaded", "gil"])
def test_a_token_keeps_its_model_and_bounds(model: str, subjects: Any) -> None:
    finding = found(subjects.deadlock, model=model, max_steps=777)
    token = decode_token(finding.token)
    assert (token.model, token.max_steps, token.python) == (model, 777, HERE)
    again = harness.replay(subjects.deadlock, finding.token)
    assert again is not None
    assert again.gil_reachable.startswith("shown under") == (model == "gil")


# -- drift ----------------------------------------------------------------------------------------

ORIGINAL = """
    import threading
    class Box:
        def __init__(self):
            self.x = self.y = 0
    def body():
        box, one, two = Box(), threading.Lock(), threading.Lock()
        def first():
            with one:
                box.x = 1
            box.y = box.y + 1
        def second():
            with two:
                pass
            with one:
                box.x = 2
            box.y = box.y + 1
        threads = [threading.Thread(target=first), threading.Thread(target=second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert box.y == 2
"""
EDITS = {
    "operation added": ("box.y = box.y + 1\n        def second", ("box.y = box.y + 1; box.x\n"
                        "        def second")),
    "operation removed": ("            with two:\n                pass\n", ""),
    "lock removed": ("            with one:\n                box.x = 1", "            box.x = 1"),
    "operations swapped": (
        "with one:\n                box.x = 1\n            box.y = box.y + 1",
        "box.y = box.y + 1\n            with one:\n                box.x = 1",
    ),
    "locks swapped": ("with two:\n                pass\n            with one:",
                      "with one:\n                pass\n            with two:"),
    "another attribute": ("box.x = 2", "box.y = 2"),
    "a read for a write": ("box.x = 2", "box.x"),
    "one task more": ("[threading.Thread(target=first), ",
                      "[threading.Thread(target=first), threading.Thread(target=first), "),
    "one task less": (", threading.Thread(target=second)]", "]"),
    "no task": ("thread.start()", "pass"),
}  # fmt: skip
SAME = {
    "a comment more": ("box.x = 1", "box.x = 1  # set\n                # and no more"),
    "a line moved": ("def body():", "LIMIT = 3\n\n    def body():"),
    "another value": ("box.x = 2", "box.x = 22"),
}


def edited(plain: Plain, edits: tuple[str, str]) -> Any:
    assert ORIGINAL.count(edits[0]) == 1
    return plain(ORIGINAL.replace(*edits)).body


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS.keys())
def test_a_token_of_code_that_has_changed_is_drift(edits: tuple[str, str], plain: Plain) -> None:
    tokens = {found(plain(ORIGINAL).body, seed=seed, strategy=strategy).token
              for seed in range(3) for strategy in ("random", "pct", "dfs")}  # fmt: skip
    body = edited(plain, edits)
    for token in tokens:
        with pytest.raises(harness.DriftError) as caught:
            harness.replay(body, token)
        assert caught.value.reason
        assert str(caught.value).startswith("this token cannot be replayed: ")
        assert str(caught.value).endswith(
            "The code has changed since: explore again and take the new token"
        )


@pytest.mark.parametrize("edits", SAME.values(), ids=SAME.keys())
def test_an_edit_that_changes_no_operation_is_no_drift(
    edits: tuple[str, str], plain: Plain
) -> None:
    finding = found(plain(ORIGINAL).body)
    again = harness.replay(edited(plain, edits), finding.token)
    assert again is not None
    assert again.kind is FindingKind.ASSERTION


@pytest.mark.parametrize("now", ["assert box.y >= 1", "pass"])
def test_a_run_that_fits_and_does_not_fail_any_more_is_no_finding(now: str, plain: Plain) -> None:
    token = found(plain(ORIGINAL).body).token
    assert harness.replay(edited(plain, ("assert box.y == 2", now)), token) is None


LONG = """
    import threading
    class Box: n = m = 0
    def body():
        box = Box()
        def add():
            for _ in range(200): box.m = box.m
            box.n += 1
        threads = [threading.Thread(target=add), threading.Thread(target=add)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert box.n == 2
"""


def test_a_long_schedule_is_guarded_beyond_its_marks(plain: Plain) -> None:
    token = found(plain(LONG).body).token
    assert len(decode_token(token).choices) > 2 * len(decode_token(token).marks)
    assert harness.replay(plain(LONG).body, token) is not None
    late = LONG.replace("box.n += 1", "box.k = box.n; box.n = box.n + 1").replace(
        "n = m", "n = m = k"
    )
    other = LONG.replace("box.n += 1", "box.n = box.m + 1")  # as many steps, another value read
    for changed in (late, other):
        with pytest.raises(harness.DriftError):
            harness.replay(plain(changed).body, token)


def test_drift_names_the_python_that_made_the_token(plain: Plain) -> None:
    token = decode_token(found(plain(ORIGINAL).body).token)
    fields = {name: getattr(token, name) for name in Token.__slots__}
    elsewhere = Token(**{**fields, "python": "3.99"}).encode()
    again = harness.replay(plain(ORIGINAL).body, elsewhere)
    assert again is not None  # nothing says that it does not fit
    with pytest.raises(harness.DriftError, match=rf"made under Python 3\.99, this is {HERE}\)\. "):
        harness.replay(edited(plain, EDITS["one task more"]), elsewhere)


def test_a_token_that_now_never_ends_is_drift(plain: Plain) -> None:
    token = found(plain(ORIGINAL).body, max_steps=200).token
    body = edited(plain, ("assert box.y == 2", "while True: box.x"))
    with pytest.raises(harness.DriftError, match=r"bound of 200 steps|other operations"):
        harness.replay(body, token)


def test_a_schedule_that_ends_in_the_middle_says_where(subjects: Any) -> None:
    token = decode_token(found(subjects.assertion).token)
    fields = {name: getattr(token, name) for name in Token.__slots__}
    short = Token(**{**fields, "choices": token.choices[:2], "marks": token.marks[:2]}).encode()
    with pytest.raises(
        harness.DriftError, match=r"ends after 2 choices, and tasks \d \(.*want one more"
    ):
        harness.replay(subjects.assertion, short)
    long = Token(**{**fields, "choices": (*token.choices, 0, 0)}).encode()
    with pytest.raises(
        harness.DriftError, match=r"the run ended with 2 choices of the schedule left"
    ):
        harness.replay(subjects.assertion, long)
    foreign = Token(**{**fields, "choices": (99, *token.choices[1:])}).encode()
    with pytest.raises(harness.DriftError, match=r"choice 1 is task 99, and only tasks"):
        harness.replay(subjects.assertion, foreign)
