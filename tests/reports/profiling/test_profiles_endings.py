"""Targets that are not there, fail, end their process, hang, flood or leave processes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import psutil
import pytest

from reports import BadValueError
from reports.profiling.errors import NoTargetError, ProfilingError, TargetFailedError
from reports.profiling.hot_spot import ProfileKind
from reports.profiling.profiler import profile
from tests.reports.profiling.profiled_programs import ENDINGS, PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

ONE = [ProfileKind.WAIT]


def failed(name: str, *, limit_s: float = 60.0) -> TargetFailedError:
    with pytest.raises(TargetFailedError) as told:
        profile(f"{ENDINGS}:{name}", kinds=ONE, repeat=1, limit_s=limit_s)
    return told.value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("raises", "raised ValueError: the disk is on fire"),
        ("exits", "raised SystemExit: 3"),
        ("leaves", "ended its process with exit code 7"),
        ("killed", "was killed by SIGKILL"),
    ],
)
def test_a_target_that_ends_badly_is_named_with_its_ending(name: str, ending: str) -> None:
    error = failed(name)
    assert error.ending == ending
    assert "none is given" in str(error)
    if name in ("raises", "exits"):
        assert f"in {name}" in error.story


@pytest.mark.slow
def test_a_target_that_hangs_is_ended_and_shows_where_it_stood() -> None:
    error = failed("hangs", limit_s=3.0)
    assert error.ending == "did not end within 3 s"
    assert "in hangs" in error.story


@pytest.mark.slow
def test_a_flood_of_output_neither_blocks_nor_is_kept() -> None:
    error = failed("floods")
    assert error.ending == "raised RuntimeError: after two megabytes of output"
    assert len(str(error)) < 10_000


@pytest.mark.slow
def test_a_process_that_the_target_leaves_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEPER", str(tmp_path / "sleeper"))
    profile(f"{ENDINGS}:leaves_a_process", kinds=ONE, repeat=1)
    left = int((tmp_path / "sleeper").read_text("utf-8"))
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_coroutine_function_is_run_to_its_end() -> None:
    (found,) = profile(f"{ENDINGS}:coroutine", kinds=[ProfileKind.MEMORY])
    assert found.calls == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no_such_name", "nobody knows this name"),
        ("no_such_module:run", "no module 'no_such_module'"),
        ("no_such_file.py:run", "no such file"),
        (f"{ENDINGS}:nothing", "has no 'nothing'"),
        (f"{ENDINGS}:NOT_CALLABLE", "is a int, which cannot be called"),
        (f"{ENDINGS}:wants_arguments", "wants arguments"),
        (f"{PROGRAMS}/benched.py::test_nowhere", "pytest ran no such test"),
    ],
)
def test_a_target_that_is_not_there_is_told_from_one_that_fails(target: str, told: str) -> None:
    with pytest.raises(NoTargetError, match=told):
        profile(target, kinds=ONE, repeat=1)


@pytest.mark.parametrize(
    "how",
    [
        {"target": ""},
        {"kinds": []},
        {"kinds": ["cpu", "heat"]},
        {"time_s": 0.0},
        {"time_s": float("nan")},
        {"limit_s": -1.0},
        {"repeat": 0},
        {"repeat": True},
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(how: dict[str, object]) -> None:
    given = {"target": "json:tool", **how}
    with pytest.raises(BadValueError):
        profile(**given)  # type: ignore[arg-type]


def test_an_error_keeps_its_fields_through_a_pickle() -> None:

    for error in (
        NoTargetError("why"),
        TargetFailedError("t", "cpu", "raised X", "story"),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert isinstance(again, ProfilingError)
        assert str(again) == str(error)
