"""Every kind of finding replays, here and elsewhere; code that has changed is drift."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind, examination
from harness import token_of_run as token_of_run_module
from harness.campaign import Campaign
from harness.engine.recorder import Recorder
from harness.exploring import visible_body
from harness.finding import kind_of
from harness.replay_token import ENGINE, Token, decode_token
from harness.replaying import follow
from harness.strategies.follow import Follow
from harness.strategies.random_walk import RandomWalk
from harness.token_of_run import token_of_run

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


@pytest.mark.parametrize(
    ("subject", "model", "shown"),
    [
        ("deadlock", "free-threaded", "gil"),  # a schedule of the GIL model shows it, too
        ("deadlock", "gil", "gil"),
        ("assertion", "free-threaded", "free-threaded"),
    ],
)
def test_a_token_keeps_its_model_and_bounds(
    subject: str, model: str, shown: str, subjects: Any
) -> None:
    body = getattr(subjects, subject)
    finding = found(body, model=model, max_steps=777)
    token = decode_token(finding.token)
    assert (token.model, token.max_steps, token.python) == (shown, 777, sys.version_info[:2])
    again = harness.replay(body, finding.token)
    assert again is not None
    assert again.gil_reachable.startswith("shown under") == (shown == "gil")


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


def edited(plain: Plain, edits: tuple[str, str]) -> Any:
    assert ORIGINAL.count(edits[0]) == 1
    return plain(ORIGINAL.replace(*edits)).body


@pytest.mark.parametrize("now", ["assert box.y >= 1", "box.y"])
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


def test_a_long_schedule_takes_no_longer_token(plain: Plain) -> None:
    """Only switches are stored; a hundred times the turns is two digits more in a count."""
    short, long = plain(LONG.replace("200", "2")).body, plain(LONG).body
    tokens = [found(body, strategy="pct").token for body in (short, long)]
    lengths = [decode_token(token).length for token in tokens]
    assert lengths[1] > 20 * lengths[0] > 0
    assert len(tokens[1]) < len(tokens[0]) + 12
    assert harness.replay(long, tokens[1]) is not None


ONE_TASK_MORE = ("[threading.Thread(target=first), ",
                 "[threading.Thread(target=first), threading.Thread(target=first), ")  # fmt: skip


@pytest.mark.parametrize(
    ("made", "words"),
    [({"python": (3, 99)}, rf"made under Python 3\.99, this is {HERE}\)\. "),
     ({"engine": 99}, rf"made by engine 99, this is {ENGINE}\)\. ")],
    ids=["python", "engine"],
)  # fmt: skip
def test_a_token_made_elsewhere_is_tried_and_drift_names_where(
    made: dict[str, Any], words: str, plain: Plain
) -> None:
    token = decode_token(found(plain(ORIGINAL).body).token)
    elsewhere = dataclasses.replace(token, **made).encode()
    again = harness.replay(plain(ORIGINAL).body, elsewhere)
    assert again is not None  # nothing says that it does not fit
    with pytest.raises(harness.DriftError, match=words):
        harness.replay(edited(plain, ONE_TASK_MORE), elsewhere)


def test_a_token_whose_run_now_never_ends_is_a_livelock_or_drift(plain: Plain) -> None:
    token = found(plain(ORIGINAL).body, max_steps=200).token
    again = harness.replay(edited(plain, ("assert box.y == 2", "while True: box.x")), token)
    assert again is not None
    assert again.kind is FindingKind.LIVELOCK
    counts = ("assert box.y == 2", "while True: box.x += 1")  # never in the same state twice
    with pytest.raises(harness.DriftError, match=r"bound of 200 steps"):
        harness.replay(edited(plain, counts), token)


def test_choices_without_names_are_followed_to_the_letter(subjects: Any) -> None:
    """The form for a schedule that nobody recorded, such as that of a search that met drift."""
    _, choices = schedule_of(subjects.assertion)
    settings = {"early": False, "model": "free-threaded", "max_steps": 500}
    token = Token(choices=tuple(choices), **settings).encode()
    again = harness.replay(subjects.assertion, token)
    assert again is not None
    assert again.token == token
    short = Token(choices=tuple(choices[:2]), **settings).encode()
    with pytest.raises(
        harness.DriftError, match=r"ends after 2 choices, and tasks \d \(.*want one more"
    ):
        harness.replay(subjects.assertion, short)
    long = Token(choices=(*choices, 0, 0), **settings).encode()
    with pytest.raises(
        harness.DriftError, match=r"the run ended with 2 choices of the schedule left"
    ):
        harness.replay(subjects.assertion, long)
    foreign = Token(choices=(99, *choices[1:]), **settings).encode()
    with pytest.raises(harness.DriftError, match=r"choice 1 is task 99, and only tasks"):
        harness.replay(subjects.assertion, foreign)


def schedule_of(body: Any) -> tuple[Any, list[int]]:
    """Return how a failing execution ended, and its choices."""
    strategy = RandomWalk(0)
    with (
        visible_body(body) as (seen, _),
        Campaign(model="free-threaded", max_steps=500, body=body) as campaign,
    ):
        for number in itertools.count():
            strategy.begin(number)
            strategy.early_timeouts = False
            ending, choices = campaign.run(seen, strategy)
            if kind_of(ending) is not None:
                return ending, choices
    raise AssertionError


@pytest.mark.parametrize("model", ["free-threaded", "gil"])
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_switches_of_any_run_lead_through_the_same_choices(
    kind: str, model: str, subjects: Any, *, early: bool
) -> None:
    """Not shrunk, whatever it comes to: a hundred random runs, each named and found again."""
    body = subjects.BY_KIND[kind]
    with (
        visible_body(body) as (seen, _),
        Campaign(model=model, max_steps=500, body=body) as campaign,
    ):
        for seed in range(100):
            recorder, walk = Recorder(), RandomWalk(seed)
            walk.begin(0)
            walk.early_timeouts = early
            ending, choices = campaign.run(seen, walk, recorder=recorder)
            token = token_of_run(recorder, choices, early=early, model=model, max_steps=500)
            assert decode_token(token.encode()) == token
            finding, again = follow(campaign, seen, token)
            assert again == choices
            assert (finding is None) == (kind_of(ending) is None)
            assert finding is None or finding.token == token.encode()


def test_where_names_are_no_help_a_token_keeps_the_choices(
    subjects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every token is followed before it is handed out; here that fails."""

    class Lost(Follow):
        def pick(self, ready: Any, current: Any) -> Any:
            raise harness.DriftError("lost", "none")

    body = subjects.assertion
    named = found(body)
    monkeypatch.setattr(examination, "Follow", Lost)
    finding = found(body)
    assert finding.kind is named.kind
    assert decode_token(named.token).choices is None
    assert decode_token(finding.token).choices is not None
    for _ in range(3):
        replayed = harness.replay(body, finding.token)
        assert replayed is not None
        assert (replayed.kind, replayed.token) == (finding.kind, finding.token)


def test_a_schedule_of_too_many_switches_is_kept_as_choices(
    subjects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_of_run_module, "MAX_SWITCHES", 0)
    finding = found(subjects.assertion)
    assert decode_token(finding.token).choices is not None
    assert harness.replay(subjects.assertion, finding.token) is not None


MIXED = """
    import asyncio
    class Box: n = 0
    async def body():
        box = Box()
        async def add():
            value = box.n
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0)
            box.n = value + 1
        await asyncio.gather(add(), add(), add())
        assert box.n == 3
"""


@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_what_an_event_loop_chooses_has_a_name_too(strategy: str, plain: Plain) -> None:
    finding = found(plain(MIXED).body, strategy=strategy)
    token = decode_token(finding.token)
    assert token.choices is None
    assert token.switches
    for source in (
        MIXED,
        MIXED.replace("box.n = value", "print(end='')\n            box.n = value"),
    ):
        again = harness.replay(plain(source).body, finding.token)
        assert again is not None
        assert again.token == finding.token
