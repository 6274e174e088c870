"""The command line fixes the order of sets and keeps it in the token; in process it is told."""

from __future__ import annotations

import dataclasses
import os
import random
import re
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import harness
from harness import hash_seed
from harness.replay_token import decode_token
from holdfast.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Program = Callable[..., subprocess.CompletedProcess[str]]

APP = """
import random, threading

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]

class Box:
    n = 0

def body():
    box, order = Box(), list(set(NAMES))

    def add():
        box.n += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert box.n == 2, f"order {order} chance {random.random()}"
"""


@pytest.fixture
def holdfast(tmp_path: Path) -> Program:
    """Run the program in an own process; hashes are random unless `seed` fixes them."""
    (tmp_path / "app.py").write_text(textwrap.dedent(APP), "utf-8")

    def run(*words: str, seed: str | None = None) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name != hash_seed.VARIABLE}
        return subprocess.run(
            [sys.executable, "-m", "holdfast.cli", *words],
            capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
            env=kept if seed is None else {**kept, hash_seed.VARIABLE: seed},
        )  # fmt: skip

    return run


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return the order and the number that the failing assertion shows."""
    found = re.search(r"order \[.*?\] chance [\d.]+", done.stdout)
    assert found is not None, done
    return found[0]


def token_of(done: subprocess.CompletedProcess[str]) -> str:
    found = re.search(r"hf\d\.[\w-]+", done.stdout)
    assert found is not None, done
    return found[0]


@pytest.mark.slow
def test_sets_are_in_one_order_in_every_process(holdfast: Program) -> None:
    runs = [holdfast("explore", "app:body", "--strategy", "random") for _ in range(3)]
    assert [done.returncode for done in runs] == [1, 1, 1]
    # Were hashes random, three orders of six names would agree with a chance below 10**-5.
    assert len({told(done) for done in runs}) == 1
    assert decode_token(token_of(runs[0])).hash_seed == 0


@pytest.mark.slow
def test_a_token_brings_its_order_and_its_chance_along(holdfast: Program) -> None:
    found = holdfast("explore", "app:body", "--strategy", "random", "--seed", "9", seed="5")
    token = token_of(found)
    assert (decode_token(token).hash_seed, decode_token(token).chance_seed) == (5, 9)
    again = holdfast("replay", "app:body", token)
    assert again.returncode == 1
    assert told(again) == told(found)
    assert told(found) != told(holdfast("explore", "app:body", "--strategy", "random"))


@pytest.mark.slow
def test_hashes_that_are_wanted_random_stay_so(holdfast: Program) -> None:
    found = holdfast("explore", "app:body", "--strategy", "random", seed="random")
    assert decode_token(token_of(found)).hash_seed is None


def test_other_code_that_calls_the_command_is_not_started_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[int] = []
    monkeypatch.setattr("harness.commands.restart", started.append)
    monkeypatch.setattr("harness.commands.current_hash_seed", lambda: None)
    monkeypatch.delenv(hash_seed.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    words = ["explore", "no_such_module_here:body"]
    assert CliRunner().invoke(main, words).exit_code == 2
    assert started == []
    monkeypatch.setattr(sys, "argv", ["holdfast", *words])
    with pytest.raises(SystemExit):
        main()
    assert started == [hash_seed.DEFAULT]


def test_a_replay_that_drifts_under_other_hashes_says_so() -> None:
    def body() -> None:
        lock, order = threading.Lock(), []

        def work(number: int) -> None:
            with lock:
                order.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert order == [0, 1]

    # Half of the orders fail: 100 executions miss with 2**-100.
    found = harness.explore(body, "random", executions=100).finding
    assert found is not None
    other = 4 if hash_seed.current_hash_seed() != 4 else 5
    token = dataclasses.replace(decode_token(found.token), hash_seed=other).encode()
    with pytest.raises(harness.DriftError, match=f"it was made with PYTHONHASHSEED={other}, this"):
        harness.replay(lambda: None, token)


def test_another_seed_draws_other_numbers_and_the_token_keeps_it() -> None:
    drawn: list[float] = []

    def body() -> None:
        drawn.append(random.random())
        raise LookupError("always")

    tokens: dict[int, str] = {}
    first: dict[int, float] = {}
    for seed in (0, 7):
        drawn.clear()
        finding = harness.explore(body, "random", executions=2, seed=seed).finding
        assert finding is not None
        assert len(set(drawn)) == 1
        tokens[seed], first[seed] = finding.token, drawn[0]
    assert first[0] != first[7]
    for seed, token in tokens.items():
        drawn.clear()
        assert harness.replay(body, token) is not None
        assert set(drawn) == {first[seed]}


def test_the_seed_of_this_process_is_the_one_it_was_started_with() -> None:
    script = "from harness.hash_seed import current_hash_seed; print(current_hash_seed())"
    expected: dict[str, Any] = {"0": "0", "17": "17", "random": "None"}
    for given, shown in expected.items():
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True, text=True, check=True, timeout=60,
            env={**os.environ, hash_seed.VARIABLE: given},
        )  # fmt: skip
        assert done.stdout.strip() == shown
