"""Writes the fields of a replay token: texts, tasks and acts once each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine.points import MAIN
from harness.rules import Rule
from harness.token_bytes import OPTIONAL, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.points import Act, TaskName
    from harness.replay_token import Switch, Token

GIL, EARLY, OPEN = 1, 2, 4  # flags of the settings
RULE_BITS: Final = {rule: 1 << number for number, rule in enumerate(Rule)}  # never in new order


class Tag:
    """The fields. What an older version may not know and still replay is `OPTIONAL` and above."""

    SETTINGS = 1
    TEXTS = 2
    TASKS = 3
    ACTS = 4
    SWITCHES = 5
    CHOICES = 6
    CHANCE_SEED = 7
    RULES = 8
    DONE = OPTIONAL
    RUN = OPTIONAL + 1
    HASH_SEED = OPTIONAL + 2


REQUIRED: Final = {value for name, value in vars(Tag).items() if name.isupper()}


class Encoder:
    """Writes a token's fields; texts, tasks and acts once each."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._tasks: dict[TaskName, int] = {MAIN: 0}
        self._acts: dict[Act, int] = {}

    def encode(self, token: Token) -> Writer:  # noqa: C901  # a field after the other
        """Return all fields of a token."""
        switches = Writer().number(len(token.switches))
        for switch in token.switches:
            self._switch(switches, switch)
        done = Writer().number(len(token.done))
        for one in token.done:
            done.number(one.switch).number(self._task(one.task)).number(one.count)
            done.raw(one.checksum.to_bytes(2, "big"))
        acts = Writer().number(len(self._acts))
        for act in self._acts:
            acts.number(self._text(act.kind)).number(self._text(act.cls)).number(act.number)
            acts.number(self._text(act.function)).number(self._text(act.part))
        tasks = Writer().number(len(self._tasks) - 1)
        for task in list(self._tasks)[1:]:
            assert task.parent is not None
            tasks.number(self._tasks[task.parent]).number(self._text(task.base)).number(task.number)
        out = Writer().field(Tag.SETTINGS, _settings(token))
        if self._texts:
            out.field(Tag.TEXTS, self._all_texts())
            out.field(Tag.TASKS, tasks).field(Tag.ACTS, acts).field(Tag.SWITCHES, switches)
        if token.choices is not None:
            out.field(Tag.CHOICES, _run_lengths(token.choices))
        if token.chance_seed is not None:
            out.field(Tag.CHANCE_SEED, Writer().number(token.chance_seed))
        if token.rules:
            out.field(Tag.RULES, Writer().number(sum(RULE_BITS[rule] for rule in token.rules)))
        if token.done:
            out.field(Tag.DONE, done)
        out.field(Tag.RUN, Writer().number(token.length).raw(token.digest.to_bytes(4, "big")))
        if token.hash_seed is not None:
            out.field(Tag.HASH_SEED, Writer().number(token.hash_seed))
        return out

    def _switch(self, out: Writer, switch: Switch) -> None:
        first, second, third = switch.counts  # each way of naming counts what the one before does
        out.number(self._task(switch.task)).number(
            self._acts.setdefault(switch.act, len(self._acts))
        )
        out.number(first).number(second - first).number(third - second)
        out.raw(bytes([switch.context])).number(switch.ready).raw(switch.who.to_bytes(2, "big"))
        out.number(self._task(switch.to))

    def _task(self, task: TaskName) -> int:
        if task not in self._tasks:
            assert task.parent is not None
            self._task(task.parent)
            self._tasks[task] = len(self._tasks)
        return self._tasks[task]

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _all_texts(self) -> Writer:
        out = Writer().number(len(self._texts))
        for text in self._texts:
            data = text.encode()
            out.number(len(data)).raw(data)
        return out


def _settings(token: Token) -> Writer:
    flags = GIL * (token.model == "gil") | EARLY * token.early | OPEN * token.open_end
    major, minor = token.python
    return (
        Writer()
        .number(flags)
        .number(token.max_steps)
        .number(major)
        .number(minor)
        .number(token.engine)
    )


def _run_lengths(choices: Sequence[int]) -> Writer:
    """Write task, count, task, count, ..."""
    out = Writer()
    start = 0
    for at in range(1, len(choices) + 1):
        if at == len(choices) or choices[at] != choices[start]:
            out.number(choices[start]).number(at - start)
            start = at
    return out
