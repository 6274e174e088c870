"""Bytes to replay tokens: whatever stands there is refused with a `TokenError`, or is one.

Half of the inputs are the text itself. The others are the fields below the checksum, which nobody
meets by chance: they are packed and sealed as a token is.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Final

from fuzz.fuzz_target import Target

# Leaves of another package: what is fuzzed is this very function, which has no other face.
from harness import TokenError
from harness.replay_token import PREFIX, Token, decode_token
from harness.token_bytes import pack
from harness.token_writer import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.fuzz_target import Run


def text_of(data: bytes) -> str:
    """Return the text that an input stands for."""
    if not data or data[0] % 2:
        return data[1:].decode("utf-8", errors="replace")
    packed = pack(data[1:])
    body = zlib.crc32(packed).to_bytes(4, "big") + packed
    return PREFIX + base64.urlsafe_b64encode(body).decode().rstrip("=")


def token_run(decode: Callable[[str], Token] = decode_token) -> Run:
    """Return the `run` of this target for another reader of tokens."""

    def run(data: bytes) -> None:
        try:
            token = decode(text_of(data))
        except TokenError as error:
            if not str(error):
                raise AssertionError("a refusal without a word") from error
            return
        again = decode(token.encode())
        assert again == token, "a token that is written and read is another one"
        assert again.encode() == token.encode(), "one token has two spellings"

    return run


_WHOLE: Final = Token(
    early=True, model="free-threaded", max_steps=20_000, choices=(0, 1, 1, 0), length=4
)

REPLAY_TOKENS: Final = Target(
    name="replay_tokens",
    run=token_run(),
    what="any text is refused as a token with a reason, or reads and writes as the same one",
    instrument=("harness.replay_token", "harness.token_bytes", "harness.token_writer"),
    seeds=(
        b"\x01hf2.",
        b"\x01" + _WHOLE.encode().encode(),
        b"\x00" + bytes(Encoder().encode(_WHOLE).out),
    ),
    dictionary=(b"hf2.", b"hf1."),
    max_bytes=1_024,
)
