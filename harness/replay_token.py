"""Replay tokens: a schedule as a short line of text that outlives edits of the code.

A token is `hf2.` and base64url of a checksum and of packed fields, so it is one word for a shell
and an address. It holds only the switches: "this task goes on until it is about to do this to that
object for the n-th time; then that one goes on". Between them the current task goes on, and where
it cannot, the first that can; so a run of thousands of steps takes no more room than a short one.

Line numbers and values are not in it. Beside each switch stand a checksum of who could run there
and of what the task had done to the object before, and for each object what the tasks did to it:
code that has changed there is noticed. A digest of the whole run tells an exact repetition.
"""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from harness.engine.points import MAIN, MAX_DEPTH, Act, TaskName
from harness.errors import TokenError
from harness.hash_seed import current_hash_seed
from harness.primitives.chance import chance
from harness.rules import Rule
from harness.token_bytes import OPTIONAL, DamagedError, Reader, pack, unpack
from harness.token_writer import EARLY, GIL, OPEN, REQUIRED, RULE_BITS, Encoder, Tag

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")
PREFIX: Final = "hf2."
ENGINE: Final = 2  # changes when the engine comes to other switching points for the same code
MAX_TOKEN_CHARS: Final = 4_000_000  # above the longest schedule of the default step bound
MAX_FIELD_BYTES: Final = 4_000_000  # a hostile token cannot make us unpack more
MAX_CHOICES: Final = 2_000_000  # 100x the default step bound
MAX_SWITCHES: Final = 20_000  # a schedule with more is kept as choices, which have no names
MAX_DONE: Final = 64  # checksums of what tasks did to objects
_MAX_NUMBER: Final = 1 << 32
_MAX_TEXT_BYTES: Final = 400  # 80 characters of four bytes, and what is put around them

EXPLORE_AGAIN: Final = "Explore again and take the new token"
COPY_ALL: Final = "Copy the whole token from the report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A place where a schedule departs from "the current task goes on".

    Attributes:
        task: Who is interrupted, or cannot go on.
        act: What it is about to do, or what it waits for.
        counts: Which of its acts like this one, from 1: a number for each `Naming`.
        context: A byte of what it did to the object before.
        ready: How many could run here.
        who: Two bytes of who these were.
        to: Who goes on.
    """

    task: TaskName
    act: Act
    counts: tuple[int, int, int]
    context: int
    ready: int
    who: int
    to: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one task did to the object of a switch, up to the failure.

    Attributes:
        switch: The number of the first switch that names the object, from 0.
        count: How many acts.
        checksum: Two bytes of what they were, in order.
    """

    switch: int
    task: TaskName
    count: int
    checksum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One schedule with what is needed to run it again.

    Attributes:
        switches: In the order in which they come.
        choices: In their place, of a schedule without names: the task chosen at each point.
        early: Timeouts could fire early.
        open_end: The process ended after the last switch; what would come later is not known.
        length: How many points had a choice, up to the failure.
        digest: Of all that was done up to the failure.
        hash_seed: The PYTHONHASHSEED that it needs; None where that was not fixed.
        chance_seed: What random numbers are drawn from; None where that is as always.
        rules: What the run is judged by, where it fails on a rule that it survives.
        python: The version that made it, for the message when it does not fit.
    """

    switches: tuple[Switch, ...] = ()
    choices: tuple[int, ...] | None = None
    early: bool
    model: str
    max_steps: int
    open_end: bool = False
    done: tuple[Done, ...] = ()
    length: int = 0
    digest: int = 0
    hash_seed: int | None = field(default_factory=current_hash_seed)
    chance_seed: int | None = field(default_factory=lambda: chance.seed or None)
    rules: tuple[Rule, ...] = ()
    python: tuple[int, int] = (sys.version_info[0], sys.version_info[1])
    engine: int = ENGINE

    def encode(self) -> str:
        """Return the token as text."""
        packed = pack(bytes(Encoder().encode(self).out))
        body = zlib.crc32(packed).to_bytes(4, "big") + packed
        return PREFIX + base64.urlsafe_b64encode(body).decode().rstrip("=")


def decode_token(text: str) -> Token:
    """Read a token.

    Raises:
        TokenError: It is damaged, cut off, of another format, or not a token at all.
    """
    if not isinstance(text, str):
        raise TokenError(f"it is {type(text).__name__}, not text", EXPLORE_AGAIN)
    text = text.strip()
    if not text.startswith("hf"):
        raise TokenError(f"it does not begin with {PREFIX[:-1]}", COPY_ALL)
    if text == PREFIX[: len(text)]:
        raise TokenError("it is cut off", COPY_ALL)
    if not text.startswith(PREFIX):
        version = ascii(text.split(".", 1)[0][:8])[1:-1]
        reads = f"it is of format {version}, this version reads {PREFIX[:-1]}"
        raise TokenError(reads, EXPLORE_AGAIN)
    if len(text) > MAX_TOKEN_CHARS:
        raise TokenError(f"it is longer than {MAX_TOKEN_CHARS} characters", EXPLORE_AGAIN)
    try:
        fields = Reader(_unpacked(text[len(PREFIX) :])).fields()
    except DamagedError:
        raise TokenError("it is damaged or cut off", COPY_ALL) from None
    unknown = min((tag for tag in fields if tag not in REQUIRED and tag < OPTIONAL), default=0)
    if unknown:
        newer = f"it says something that this version does not know (field {unknown})"
        raise TokenError(f"{newer}; a newer one made it", "Replay it there, or explore again")
    try:
        return _Decoder(fields).token()
    except DamagedError:
        raise TokenError("its fields are not those of a token", EXPLORE_AGAIN) from None


def _unpacked(body: str) -> bytes:
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise DamagedError from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != body:
        raise DamagedError  # spare bits of the last character, or padding
    if len(raw) < 5 or zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:  # noqa: PLR2004  # checksum
        raise DamagedError
    return unpack(raw[4:], MAX_FIELD_BYTES)


class _Decoder:
    """Reads a token from its fields; whatever is not as it should be is damage."""

    def __init__(self, fields: dict[int, Reader]) -> None:
        self._fields = fields
        self._texts: list[str] = []
        self._tasks: list[TaskName] = [MAIN]
        self._acts: list[Act] = []

    def token(self) -> Token:
        if Tag.SETTINGS not in self._fields:
            raise DamagedError
        settings = self._fields[Tag.SETTINGS]
        flags = _number(settings, GIL | EARLY | OPEN)
        max_steps = _number(settings, MAX_CHOICES)
        if not max_steps:
            raise DamagedError
        python = (_number(settings, 99), _number(settings, 999))
        engine = _number(settings)
        self._texts = self._each(Tag.TEXTS, _text)
        self._each(Tag.TASKS, self._task)
        self._acts = self._each(Tag.ACTS, self._act)
        switches = tuple(self._each(Tag.SWITCHES, self._switch))
        done = tuple(self._each(Tag.DONE, lambda reader: self._done(reader, len(switches))))
        length, digest = self._run()
        return Token(
            switches=switches,
            choices=self._choices(),
            early=bool(flags & EARLY),
            open_end=bool(flags & OPEN),
            model="gil" if flags & GIL else "free-threaded",
            max_steps=max_steps,
            done=done,
            length=length,
            digest=digest,
            hash_seed=self._one(Tag.HASH_SEED),
            chance_seed=self._one(Tag.CHANCE_SEED),
            rules=self._rules(),
            python=python,
            engine=engine,
        )

    def _each(self, tag: int, read: Callable[[Reader], Item]) -> list[Item]:
        """Return a field's items; none where there is no such field."""
        reader = self._fields.get(tag)
        if reader is None:
            return []
        count = _number(reader, MAX_DONE if tag == Tag.DONE else MAX_SWITCHES)
        items = [read(reader) for _ in range(count)]
        if reader.left:
            raise DamagedError
        return items

    def _one(self, tag: int) -> int | None:
        reader = self._fields.get(tag)
        return None if reader is None else _number(reader)

    def _rules(self) -> tuple[Rule, ...]:
        bits = self._one(Tag.RULES) or 0
        if bits >= 1 << len(Rule):
            raise DamagedError
        return tuple(rule for rule in Rule if bits & RULE_BITS[rule])

    def _run(self) -> tuple[int, int]:
        reader = self._fields.get(Tag.RUN)
        if reader is None:
            return 0, 0
        return _number(reader, MAX_CHOICES), int.from_bytes(reader.raw(4), "big")

    def _choices(self) -> tuple[int, ...] | None:
        reader = self._fields.get(Tag.CHOICES)
        if reader is None:
            return None
        choices: list[int] = []
        while reader.left:
            task, times = _number(reader), _number(reader, MAX_CHOICES - len(choices))
            if not times:
                raise DamagedError
            choices += [task] * times
        return tuple(choices)

    def _task(self, reader: Reader) -> TaskName:
        parent = self._tasks[_number(reader, len(self._tasks) - 1)]
        if parent.depth() >= MAX_DEPTH:
            raise DamagedError
        task = TaskName(parent, self._text(reader), _number(reader))
        self._tasks.append(task)
        return task

    def _act(self, reader: Reader) -> Act:
        kind, cls, number = self._text(reader), self._text(reader), _number(reader)
        return Act(kind, cls, number, self._text(reader), self._text(reader))

    def _switch(self, reader: Reader) -> Switch:
        task, act = self._named(reader), self._acts[_number(reader, len(self._acts) - 1)]
        first = _number(reader)
        second = first + _number(reader)
        third = second + _number(reader)
        return Switch(
            task=task,
            act=act,
            counts=(first, second, third),
            context=reader.raw(1)[0],
            ready=_number(reader),
            who=int.from_bytes(reader.raw(2), "big"),
            to=self._named(reader),
        )

    def _done(self, reader: Reader, switches: int) -> Done:
        return Done(
            switch=_number(reader, switches - 1),
            task=self._named(reader),
            count=_number(reader),
            checksum=int.from_bytes(reader.raw(2), "big"),
        )

    def _named(self, reader: Reader) -> TaskName:
        return self._tasks[_number(reader, len(self._tasks) - 1)]

    def _text(self, reader: Reader) -> str:
        return self._texts[_number(reader, len(self._texts) - 1)]


def _number(reader: Reader, most: int = _MAX_NUMBER) -> int:
    value = reader.number()
    if value > most:
        raise DamagedError
    return value


def _text(reader: Reader) -> str:
    """Return a text that does no harm in a terminal."""
    try:
        text = reader.raw(_number(reader, _MAX_TEXT_BYTES)).decode()
    except UnicodeDecodeError as error:
        raise DamagedError from error
    if text and not text.isprintable():
        raise DamagedError
    return text
