"""Our structured targets: each passes on what is right, and fails on a twin with a planted bug."""

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fuzz.fuzz_target import Run, Target
from fuzz.targets.history_files import HISTORY_FILES, history_run
from fuzz.targets.replay_tokens import REPLAY_TOKENS, token_run
from fuzz.targets.run_documents import RUN_DOCUMENTS, document_run
from fuzz.targets.schedules import SCHEDULES, ScheduleRun
from fuzz.targets.secret_streams import SECRET_STREAMS, StreamMismatchError, stream_run
from harness.linearizability import Judgement, check, read_history
from harness.replay_token import Token, decode_token
from reports import RunDocument
from reports.importers.ingest import read_runs
from secmem.memory import SecretStream
from tests.planted.secret.stream_twins import LosesFailedChunk

INPUTS = {
    "secret_streams": 400, "replay_tokens": 3_000, "history_files": 1_500, "run_documents": 400,
    "schedules": 120,
}  # fmt: skip
TARGETS = (SECRET_STREAMS, REPLAY_TOKENS, HISTORY_FILES, RUN_DOCUMENTS, SCHEDULES)


def inputs_for(target: Target) -> list[bytes]:
    """Return the seeds, edits of them, and random bytes: blind, from one seed."""
    rng = random.Random(7)
    inputs = [b"", *target.seeds]
    while len(inputs) < INPUTS[target.name]:
        data = bytearray(rng.choice(target.seeds) if rng.random() < 0.3 else rng.randbytes(50))
        data = data[: rng.randrange(len(data) + 1)]
        if data and rng.random() < 0.7:
            data[0] &= 0xFE  # the structured half, where a first byte says so
        if data and rng.random() < 0.7:
            data[rng.randrange(len(data))] = rng.randrange(256)
        inputs.append(bytes(data))
    return inputs


def first_failure(run: Run, target: Target) -> BaseException | None:
    try:
        for data in inputs_for(target):
            run(data)
    except Exception as error:  # noqa: BLE001  # whatever the twin does
        return error
    finally:
        getattr(run, "close", int)()  # one controlled setting at a time in a process
    return None


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_right_passes(target: Target) -> None:
    assert first_failure(target.run, target) is None


def lets_a_foreign_error_through(text: str) -> Token:
    if text.startswith("hf2.") and len(text) % 4 == 1:
        raise LookupError(text)
    return decode_token(text)


def forgets_a_field(text: str) -> Token:
    token = decode_token(text)
    return dataclasses.replace(token, length=token.length + 1)


def loses_the_status(*args: object, **options: object) -> object:
    found = read_history(*args, **options)  # type: ignore[arg-type]  # as it was called
    if options.get("name") != "again" or not found.history.operations:
        return found
    fewer = dataclasses.replace(found.history, operations=found.history.operations[1:])
    return dataclasses.replace(found, history=fewer)


def counts_to_four(history: object, model: object, **options: object) -> Judgement:
    judgement = check(history, model, **options)  # type: ignore[arg-type]  # as it was called
    if len(history.operations) % 2:  # type: ignore[attr-defined]  # a History
        return dataclasses.replace(judgement, verdict=judgement.verdict.NOT_LINEARIZABLE)
    return judgement


def lets_a_key_error_through(file: Path) -> tuple[RunDocument, ...]:
    values = json.loads(file.read_bytes())
    if values["schema"] == "never":
        raise AssertionError
    return read_runs(file)


def writes_what_it_counts() -> Callable[[RunDocument], bytes]:
    written = iter(range(1_000_000))
    return lambda document: document.to_bytes() + b" " * next(written)


class Reverses(SecretStream):
    def read(self, size: int = -1) -> bytearray:
        return super().read(size)[::-1]


TWINS = {
    "a stream that loses the chunk it cannot open": (
        stream_run(LosesFailedChunk), SECRET_STREAMS, StreamMismatchError,
    ),
    "a stream that gives its bytes out of order": (
        stream_run(Reverses), SECRET_STREAMS, StreamMismatchError,
    ),
    "a token reader that raises what it met": (
        token_run(lets_a_foreign_error_through), REPLAY_TOKENS, LookupError,
    ),
    "a token that reads differently than it is written": (
        token_run(forgets_a_field), REPLAY_TOKENS, AssertionError,
    ),
    "a history reader that loses an operation": (
        history_run(loses_the_status), HISTORY_FILES, AssertionError,  # type: ignore[arg-type]  # as read_history
    ),
    "a checker that goes by the number of operations": (
        history_run(judge=counts_to_four), HISTORY_FILES, AssertionError,
    ),
    "a document reader that raises what it met": (
        document_run(lets_a_key_error_through), RUN_DOCUMENTS, Exception,
    ),
    "a document writer with a memory": (
        document_run(write=writes_what_it_counts()), RUN_DOCUMENTS, AssertionError,
    ),
    "a token that does not fail again": (
        ScheduleRun(replay=lambda *_: None), SCHEDULES, AssertionError,
    ),
}  # fmt: skip


@pytest.mark.parametrize("twin", TWINS)
def test_a_planted_bug_is_found(twin: str) -> None:
    run, target, error = TWINS[twin]

    assert isinstance(first_failure(run, target), error)
