"""The checker against every order there is; and checkers with a planted mistake, which are caught.

Each mistake is in one of the reasons for which a search leaves something out.
"""

# ruff: noqa: E501  # a mistake stands beside the line that it is made in

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.linearizability import Criterion, checker, look_ahead, parts
from harness.linearizability import interval_search as searched
from tests.harness.linearizability.brute_force import bare_search, compare, main
from tests.harness.linearizability.random_histories import SUBJECTS, random_history

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(checker.__file__).parent

# Module, what is written there, and the mistake.
MISTAKES = {
    "operations that meet do not overlap": (
        "interval_order", "(one := operations[after]).call <= ret", "(one := operations[after]).call < ret",
    ),
    "every operation is an observer": (
        "interval_order", "if observes(one):\n                watch |= bit", "if True:\n                watch |= bit",
    ),
    "an unknown operation took no effect": (
        "interval_order", "index not in left_out and not observes(one)", "index in ()",
    ),
    "an operation that waits for ever may take effect": (
        "interval_order", "index not in left_out and not observes(one)", "not observes(one)",
    ),
    "an unknown operation may come before its call": (
        "interval_order", "masks.append((1 << called) - 1)", "masks.append((1 << len(calls)) - 1)",
    ),
    "operations of one name do the same": (
        "interval_order", "told: Any = (one.key, one.name, one.arguments, one.keywords, one.output)", "told: Any = one.name",
    ),
    "an unknown operation is of no use where it changes the state": (
        "interval_search", "next_row is row:", "next_row is not row:",
    ),
    "a configuration that used fewer unknown operations is worse": (
        "interval_search", "not other & ~next_used for other", "not next_used & ~other for other",
    ),
    "what was placed out of turn does not matter to the memory": (
        "interval_search", "key = next_done * stride + next_floor", "key = next_floor",
    ),
    "of two that do the same, one that was not called yet goes first": (
        "interval_search", "(twins[number] >> floor) & windows[floor] & ~done", "(twins[number] >> floor) & ~done",
    ),
    "nobody waits for ever": (
        "interval_search", "floor == placed and self._final(row)", "floor == placed",
    ),
    "what is out of reach stays so after a jump": (
        "look_ahead", "if number not in self._jumps:", "if True:",
    ),
    "no jump brings anything into reach": ("look_ahead", "1 << one for one in bits(jumps) if", "0 for one in bits(jumps) if"),
    "no unknown jump brings anything into reach": (
        "look_ahead", "for one in self._unknown if", "for one in () if",
    ),
    "a gap that is none is a quiet moment": (
        "parts", "if epoch and one.call > last:", "if epoch and one.call >= last:",
    ),
    "an operation that never came back is quiet": (
        "parts", 'else float("inf")', "else one.call",
    ),
    "several objects are one": ("many_objects", "place = self._places[operation.key]", "place = 0"),
    "the order of a client does not matter": (
        "program_search", "masks[number] |= 1 << ended[at]", "masks[number] |= 0",
    ),
    "the twin of another client goes first": (
        "program_search", "same = (operations[number].client, ", "same = (0, ",
    ),
    "a client's unknown operation is there at once": (
        "program_search", "if not self._before[one] & ~placed and", "if",
    ),
    "fewer unknown operations are worse for a client": (
        "program_search", "not other & ~used for other", "not used & ~other for other",
    ),
    "every jump comes too late": (
        "interval_search", "return ret is not None and ret < operations[jump].call", "return True",
    ),
    "every jump comes too late for a client": (
        "program_search", "return precedes(self._operations[watcher], self._operations[jump])", "return True",
    ),
    "the straight order is never refused": (
        "straight", "if state is REFUSED:\n            return None", "if state is REFUSED:\n            state = part.model.initial()",
    ),
    "parts are put one after the other": (
        "witness", "moments.append((latest, whole[one]))", "moments.append((0, whole[one]))",
    ),
}  # fmt: skip


# Where the search finds its pieces, and the module of each.
PLACES = (
    (searched, "lay_out"), (searched, "LookAhead"), (checker, "IntervalSearch"), (checker, "split"),
    (checker, "ProgramSearch"), (checker, "straight_order"), (checker, "merged"),
    (parts, "ManyObjects"),
)  # fmt: skip
MADE_IN = {
    "lay_out": "interval_order", "LookAhead": "look_ahead", "IntervalSearch": "interval_search",
    "split": "parts", "ProgramSearch": "program_search", "straight_order": "straight",
    "merged": "witness", "ManyObjects": "many_objects",
}  # fmt: skip
UNKNOWN = (0.6, 0.05)  # shares of unknown results in the larger histories
SOUND = {name: getattr(module, name) for module, name in PLACES}


def planted(module: str, written: str, mistake: str) -> ModuleType:
    """Return the module with a mistake in it."""
    text = (FOLDER / f"{module}.py").read_text()
    assert text.count(written) == 1, f"{module} does not say {written!r} once"
    name = f"planted_{module}"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made  # dataclasses look their module up
    try:
        exec(compile(text.replace(written, mistake), name, "exec"), made.__dict__)  # noqa: S102  # our own text
    finally:
        del sys.modules[name]
    return made


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_checker_agrees_with_every_order_there_is(seed: int) -> None:
    counts, different = compare(1_500, seed)
    assert not different
    assert 0.3 < counts["linearizable"] / counts["histories"] < 0.9
    assert counts["with unknown results"] > 500
    assert counts["with ties"] > 500


def test_a_difference_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--histories", "20"]) == 0
    assert "no difference" in capsys.readouterr().out
    monkeypatch.setattr(checker, "straight_order", lambda part: list(range(len(part.timed))))
    assert main(["--histories", "200"]) == 1
    assert "of seed 0" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.replace(" ", "-"))
def test_a_planted_mistake_is_caught(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, written, wrong = MISTAKES[mistake]
    broken = planted(module, written, wrong)
    for target, name in PLACES:
        if MADE_IN[name] == module:
            monkeypatch.setattr(target, name, getattr(broken, name))
    # The first 1 000 small histories catch most; the first 3 000 larger ones the others.
    assert differs_from_all_orders() or differs_from_the_sound_one(monkeypatch)


def differs_from_all_orders() -> bool:
    try:
        return bool(compare(1_000, 0)[1])
    except Exception:  # noqa: BLE001  # whatever a broken checker runs into
        return True  # an error is an answer that no sound checker gives


def differs_from_the_sound_one(monkeypatch: pytest.MonkeyPatch) -> bool:
    broken = {name: getattr(module, name) for module, name in PLACES}
    for number in range(3_000):
        subject = SUBJECTS[("register", "cas", "text")[number % 3]]
        history, blocked = random_history(
            subject, random.Random(number), most=14, unknown=UNKNOWN[number % 2]
        )
        for criterion in Criterion:
            answers = []
            for pieces in (broken, SOUND):
                for module, name in PLACES:
                    monkeypatch.setattr(module, name, pieces[name])
                with bare_search():
                    judged = checker.check(
                        history, subject.model(), criterion=criterion, blocked=blocked
                    )
                answers.append(judged.verdict)
            if answers[0] is not answers[1]:
                return True
    return False


def test_the_bare_search_looks_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    hopeless = look_ahead.LookAhead.hopeless

    def seen(*arguments: object) -> bool:
        found = hopeless(*arguments)  # type: ignore[arg-type]
        asked.append(found)
        return found

    monkeypatch.setattr(look_ahead.LookAhead, "hopeless", seen)
    with bare_search():
        compare(200, 0)
    assert True in asked
    assert False in asked
