"""Replay tokens: a schedule as a short line of text.

A token is `hf1.` and base64url of the compressed fields, with a checksum in front: a damaged one is
refused. Beside the choices it carries a byte for each choice, made from who could run there and all
that was done before, and a digest of all that was done up to the failure: code that has changed is
noticed, and where. Values are in neither, and no line numbers: a comment more is no change.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
import zlib
from dataclasses import dataclass
from typing import Any, Final

from harness.errors import TokenError

PREFIX: Final = "hf1."
MAX_TOKEN_CHARS: Final = 4_000_000  # above the longest schedule of the default step bound
MAX_FIELD_BYTES: Final = 16_000_000  # a hostile token cannot make us unpack more
MAX_CHOICES: Final = 2_000_000  # 100x the default step bound
_MARK_LIMIT: Final = 128  # choices that carry a mark; the digest looks after later ones
_OPEN_MARK_LIMIT: Final = 4_096  # where the process ended there is no digest

_FIELDS: Final = frozenset("cdeklmnps")
_MAX_COMMAS: Final = 2 * MAX_CHOICES + len(_FIELDS)
_PYTHON: Final = re.compile(r"\d{1,2}\.\d{1,3}", re.ASCII)

EXPLORE_AGAIN: Final = "Explore again and take the new token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One schedule with what is needed to run it again.

    Attributes:
        choices: The task chosen at each point where at least two could run.
        marks: A byte a choice: who could run and what was about to happen.
        early: Timeouts could fire early.
        open_end: The process ended after the last choice; what would come later is not known.
        events: How many operations were done up to the failure; 0 where the end was not seen.
        digest: Of these operations.
        last: The digest of those before the last choice.
        python: The version that made it, for the message when it does not fit.
    """

    choices: tuple[int, ...]
    marks: bytes
    early: bool
    model: str
    max_steps: int
    open_end: bool = False
    events: int = 0
    digest: int = 0
    last: int = 0
    python: str = f"{sys.version_info[0]}.{sys.version_info[1]}"

    def encode(self) -> str:
        """Return the token as text."""
        fields = {
            "c": _run_lengths(self.choices),
            "d": self.digest,
            "e": self.early | self.open_end << 1,
            "l": self.last,
            "k": self.marks[: _OPEN_MARK_LIMIT if self.open_end else _MARK_LIMIT].hex(),
            "m": self.model,
            "n": self.events,
            "p": self.python,
            "s": self.max_steps,
        }
        packed = zlib.compress(json.dumps(fields, separators=(",", ":")).encode(), 9)
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
        raise TokenError("it does not begin with hf1", "Copy the whole token from the report")
    if text == PREFIX[: len(text)]:
        raise TokenError("it is cut off", "Copy the whole token from the report")
    if not text.startswith(PREFIX):
        version = text.split(".", 1)[0][:8]
        raise TokenError(f"it is of format {version}, this version reads hf1", EXPLORE_AGAIN)
    if len(text) > MAX_TOKEN_CHARS:
        raise TokenError(f"it is longer than {MAX_TOKEN_CHARS} characters", EXPLORE_AGAIN)
    return _from_fields(_unpack(text[len(PREFIX) :]))


def _unpack(body: str) -> Any:  # noqa: ANN401  # foreign data until it is checked
    damaged = TokenError("it is damaged or cut off", "Copy the whole token from the report")
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise damaged from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != body:
        raise damaged  # spare bits of the last character, or padding
    if len(raw) < 5 or zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:  # noqa: PLR2004  # checksum
        raise damaged
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(raw[4:], MAX_FIELD_BYTES)
        if not unpacker.eof or unpacker.unused_data or not _is_flat(text):
            raise damaged
        return json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise damaged from error


def _from_fields(fields: Any) -> Token:  # noqa: ANN401  # foreign data until it is checked
    odd = TokenError("its fields are not those of a token", EXPLORE_AGAIN)
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        raise odd
    runs, marks, model, python = fields["c"], fields["k"], fields["m"], fields["p"]
    texts = all(isinstance(value, str) for value in (marks, model, python))
    numbers = all(type(fields[name]) is int for name in ("d", "e", "l", "n", "s"))
    if not texts or not numbers or model not in ("free-threaded", "gil"):
        raise odd
    if not 0 < fields["s"] <= MAX_CHOICES or not 0 <= fields["e"] <= 3:  # noqa: PLR2004  # two bits
        raise odd
    digests = all(0 <= fields[name] < 1 << 32 for name in ("d", "l"))
    if not digests or fields["n"] < 0 or not _PYTHON.fullmatch(python):
        raise odd
    try:
        return Token(
            choices=_choices(runs),
            marks=bytes.fromhex(marks),
            early=bool(fields["e"] & 1),
            open_end=bool(fields["e"] & 2),
            events=fields["n"],
            digest=fields["d"],
            last=fields["l"],
            model=model,
            max_steps=fields["s"],
            python=python,
        )
    except (TypeError, ValueError) as error:
        raise odd from error


def _is_flat(text: bytes) -> bool:
    """Say if unpacked fields are small once parsed: one object of numbers, texts and one list."""
    opened = text.count(b"[") + text.count(b"{")
    return opened <= 2 and text.count(b":") <= len(_FIELDS) and text.count(b",") <= _MAX_COMMAS  # noqa: PLR2004  # the object and its list


def _run_lengths(choices: tuple[int, ...]) -> list[int]:
    """Return task, count, task, count, ..."""
    runs: list[int] = []
    for choice in choices:
        if runs and runs[-2] == choice:
            runs[-1] += 1
        else:
            runs += [choice, 1]
    return runs


def _choices(runs: Any) -> tuple[int, ...]:  # noqa: ANN401  # foreign data until it is checked
    if not isinstance(runs, list) or len(runs) % 2:
        raise TypeError("runs are pairs")
    if not all(type(number) is int and number >= 0 for number in runs) or not all(runs[1::2]):
        raise TypeError("runs are a task and how often, from 1")
    if sum(runs[1::2]) > MAX_CHOICES:
        raise ValueError("too many choices")
    choices: list[int] = []
    for task, count in zip(runs[::2], runs[1::2], strict=True):
        choices += [task] * count
    return tuple(choices)
