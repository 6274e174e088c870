"""Bytes to a sequence of calls on secrets, judged after every call by a small sequential model.

Each call is a byte that says what, and one to three bytes that say with what. Up to four secrets
live at a time, in pages of their own or in a slab, each with open accesses, escaped slices, readers
and clones; beside them one stream. The model is `ModelSecret`: the bytes, what is open, what is
closed; nothing more is needed to say what every call must do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz.fuzz_target import Target
from fuzz.targets import secret_calls as calls
from fuzz.targets.secret_program import SecretProgram
from secmem.memory import SecretFactory, SecretStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.targets.secret_program import Call


def secret_run(
    make: Callable[..., SecretFactory] = SecretFactory,
    make_stream: Callable[[SecretFactory], SecretStream] = SecretStream,
) -> Callable[[bytes], set[int]]:
    """Return the `run` of this target for secrets of another make.

    Args:
        make: Called as `SecretFactory` is, twice an input.
        make_stream: Called as `SecretStream` is, once an input.
    """

    def run(data: bytes) -> set[int]:
        program = SecretProgram(data, make, make_stream)
        program.run(calls.CALLS)
        return program.features

    return run


def _seed(*steps: tuple[Call, tuple[int, ...]]) -> bytes:
    return b"".join(bytes((calls.CALLS.index(call), *arguments)) for call, arguments in steps)


SEEDS: Final = (
    _seed(
        (calls.make, (0, 4)), (calls.enter, (0,)), (calls.enter, (0,)), (calls.leave, (0, 0)),
        (calls.close, (0, 0)), (calls.leave, (0, 0)), (calls.close, (0, 0)), (calls.use, (0,)),
    ),
    _seed(
        (calls.make, (1, 4)), (calls.enter, (0,)), (calls.take_slice, (0, 1, 9)),
        (calls.leave, (0, 0)), (calls.close, (0, 0)), (calls.drop_slices, (0, 1)),
        (calls.close, (0, 0)),
    ),
    _seed(
        (calls.make, (0, 10)), (calls.open_reader, (0,)), (calls.read, (0, 33)),
        (calls.clone, (0,)), (calls.derive, (0, 0)), (calls.close, (0, 1)), (calls.read, (0, 0)),
    ),
    _seed(
        (calls.write_stream, (10,)), (calls.read_stream, (3, 1)), (calls.write_stream, (2,)),
        (calls.flush_stream, ()),
    ),
)  # fmt: skip

SECRET_OPERATIONS: Final = Target(
    name="secret_operations",
    run=secret_run(),
    what="calls on secrets, readers, clones and a stream; a sequential model judges each",
    instrument=("secmem.memory",),
    compares=False,
    seeds=SEEDS,
    max_bytes=256,
)
