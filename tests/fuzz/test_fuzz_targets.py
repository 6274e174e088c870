"""The targets find what is planted, and nothing where nothing is."""

import inspect
import random
from contextlib import closing
from itertools import count
from typing import Any

import pytest

import harness
from fuzz.errors import ScheduleFailure
from fuzz.fuzz_target import Target
from fuzz.targets import flow_operations, secret_calls
from fuzz.targets.flow_operations import FLOW_OPERATIONS, FlowProgram, flow_run, read_program
from fuzz.targets.secret_operations import SECRET_OPERATIONS, secret_run
from fuzz.targets.secret_program import SecretProgram
from secmem.flow import FlowController
from secmem.memory import SecretError, SecretFactory, SecretStream
from tests.fuzz import secret_twins
from tests.fuzz.plain_generator import Generator
from tests.planted.flow import twins as flow_twins

FLOW_TWINS = sorted(
    (
        twin
        for twin in vars(flow_twins).values()
        if isinstance(twin, type)
        and issubclass(twin, FlowController)
        and twin is not FlowController
    ),
    key=lambda twin: twin.__name__,
)
SECRET_TWINS = [
    secret_twins.ForgetsSource,
    secret_twins.StaysOpen,
    secret_twins.KeepsDerived,
    secret_twins.ClosesUnderSlices,
    secret_twins.StickyReaders,
    secret_twins.LeaksOnRaise,
    secret_twins.MakesSomethingOfNothing,
]


def inputs_to_find(run: Any, target: Target, *, seed: int, limit: int) -> int | None:
    """Return after how many inputs of the plain generator `run` fails; None if it never does."""
    generator = Generator(seed, max_bytes=target.max_bytes)
    met: set[int] = set()
    for data in target.seeds:
        generator.keep(data)
    for number in range(limit):
        data = generator.make()
        try:
            features = set(run(data))
        except (AssertionError, SecretError, RuntimeError):
            return number
        if features - met:
            met |= features
            generator.keep(data)
    return None


@pytest.mark.parametrize("twin", SECRET_TWINS, ids=lambda twin: twin.__name__)
def test_a_secret_that_decides_one_thing_wrongly_is_found(twin: Any) -> None:
    # Over seeds 0 to 19 the slowest of all took 552 inputs.
    for seed in (1, 2, 3):
        run = secret_run(twin)
        assert inputs_to_find(run, SECRET_OPERATIONS, seed=seed, limit=1_500) is not None


def test_a_stream_that_reorders_is_found() -> None:
    run = secret_run(make_stream=secret_twins.ReordersStream)
    assert (
        inputs_to_find(run, SECRET_OPERATIONS, seed=1, limit=6_000) is not None
    )  # 922 at most over seeds 0 to 19


def test_good_secrets_pass_every_input() -> None:
    run = secret_run(make_stream=SecretStream)
    assert inputs_to_find(run, SECRET_OPERATIONS, seed=5, limit=500) is None


@pytest.mark.parametrize("twin", FLOW_TWINS, ids=lambda twin: twin.__name__)
def test_a_controller_that_decides_one_thing_wrongly_is_found(twin: Any) -> None:
    # Only locks are switching points here, since nothing is rewritten. Over seeds 0 to 5 EatsWakeUp
    # took up to 3866 inputs, KeepsCancelledSlot 889, all others 258: they want a cancel at just the
    # right moment.
    with closing(flow_run(twin)) as run:
        assert inputs_to_find(run, FLOW_OPERATIONS, seed=1, limit=8_000) is not None


def test_good_controllers_pass_every_input() -> None:
    with closing(flow_run()) as run:
        assert inputs_to_find(run, FLOW_OPERATIONS, seed=5, limit=500) is None


def test_every_call_of_the_secret_target_can_be_reached() -> None:
    for number, call in enumerate(secret_calls.CALLS):
        program = SecretProgram(bytes((0, 0, 4, number)), SecretFactory, SecretStream)
        program.run(secret_calls.CALLS)
        assert len(program.features) == 2, call.__name__
    offered = {
        name
        for name, value in vars(secret_calls).items()
        if inspect.isfunction(value) and value.__module__ == secret_calls.__name__
    }
    assert {call.__name__ for call in secret_calls.CALLS} == offered


@pytest.mark.parametrize("seed", [*SECRET_OPERATIONS.seeds])
def test_a_seed_of_secrets_passes_and_tells_something(seed: bytes) -> None:
    assert len(secret_run()(seed)) > 3


@pytest.mark.parametrize("seed", [*FLOW_OPERATIONS.seeds])
def test_a_seed_of_flow_passes_and_tells_something(seed: bytes) -> None:
    with closing(flow_run()) as run:
        assert len(run(seed)) > 3


def failing_flow_input(run: Any) -> tuple[bytes, ScheduleFailure]:
    generator = Generator(3, max_bytes=200)
    for _ in count():
        data = generator.make()
        try:
            run(data)
        except ScheduleFailure as failure:
            return data, failure
    raise AssertionError


def test_a_flow_crash_carries_its_program_and_a_token_that_runs_the_schedule_again() -> None:
    with closing(flow_run(flow_twins.LooksOnce)) as run:
        data, failure = failing_flow_input(run)
        story = run.explain(data)
    assert failure.finding == "ASSERTION"
    program = read_program(data)
    assert str(FlowProgram(program, FlowController)) in story
    token = next(word for word in story.replace('"', " ").split() if word.startswith("hf2."))
    body = FlowProgram(program, flow_twins.LooksOnce)
    again = harness.replay(body, token)
    assert again is not None
    assert again.kind is harness.FindingKind.ASSERTION


def test_the_same_flow_input_takes_the_same_schedule_every_time() -> None:
    data = FLOW_OPERATIONS.seeds[1]
    with closing(flow_run()) as run:
        assert len({run(data) for _ in range(5)}) == 1


def test_bytes_choose_the_schedule_and_not_only_the_operations() -> None:
    seed, draw = FLOW_OPERATIONS.seeds[0], random.Random(7)
    program = seed[: 2 + seed[1]]
    with closing(flow_run()) as run:
        schedules = {run(program + draw.randbytes(16)) for _ in range(64)}
    assert len(schedules) > 5


def test_every_input_means_a_program() -> None:
    for data in (b"", b"\0", b"\xff" * 300, bytes(range(256))):
        program = read_program(data)
        assert program.low <= program.high
        assert sum(map(len, program.rounds)) <= flow_operations.MOST_OPERATIONS
        assert all(0 < len(one) <= flow_operations.MOST_AT_ONCE for one in program.rounds)
