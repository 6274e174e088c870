"""Which interpreters stress runs in, and what is said of the others."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stress import Budget, run_scenario
from stress.commands import stress_command
from stress.interpreters import NEEDED, Interpreter, InterpreterError, interpreter_at

OTHERS = sorted(
    path
    for path in Path.home().glob(".pyenv/versions/*/bin/python")
    if os.access(path, os.X_OK) and str(path.resolve()) != str(Path(sys.executable).resolve())
)
# Environments with everything in them, where they lie side by side as a matrix of tests has them.
OTHERS_OF_OURS = [
    path
    for path in sorted(Path(sys.prefix).parent.glob("*/bin/python"))
    if path.parent.parent != Path(sys.prefix)
]
POSIX = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


def _has_all(path: Path) -> bool:
    found = interpreter_at(str(path))
    return found.version >= (3, 11) and not found.missing


def _script(folder: Path, text: str, *, mode: int = 0o755) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return str(path)


def test_our_own_interpreter_is_one_to_run_in() -> None:
    found = interpreter_at(sys.executable).check()
    assert found.version == sys.version_info[:3]
    assert found.missing == ()
    assert str(found).startswith(f"{platform.python_implementation()} {platform.python_version()}")


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.parts[-3])
def test_other_interpreters_are_taken_or_refused_for_what_they_are(path: Path) -> None:
    found = interpreter_at(str(path))
    if found.version < (3, 11):
        with pytest.raises(InterpreterError, match=r"Take one from 3\.11 on"):
            found.check()
    elif found.missing:
        with pytest.raises(InterpreterError, match=f"has no {found.missing[0]}.*pip install"):
            found.check()
    else:
        assert found.check() is found


@pytest.mark.parametrize(
    ("free", "gil", "says"),
    [
        (True, False, "CPython 3.13.1, free-threaded"),
        (True, True, "CPython 3.13.1, free-threaded, GIL on"),
        (False, True, "CPython 3.13.1"),
    ],
)
def test_a_free_threaded_interpreter_says_so(free: bool, gil: bool, says: str) -> None:  # noqa: FBT001
    found = Interpreter(
        path="python3.13t",
        executable="/usr/bin/python3.13t",
        implementation="CPython",
        version=(3, 13, 1),
        free_threaded=free,
        gil_enabled=gil,
        missing=(),
    )
    assert str(found.check()) == says


@POSIX
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit 3", "exit code 3"),
        ("echo no Python here >&2; exit 1", "its last words: no Python here"),
        ("echo holdfast-interpreter:nonsense", "exit code 0"),
        ("echo 'holdfast-interpreter:{}'", "it answers {}"),
        ("sleep 60", "did not answer within 0.5 s"),
    ],
)
def test_what_does_not_answer_as_a_python_does_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(InterpreterError) as caught:
        interpreter_at(_script(tmp_path, text), timeout_s=0.5)
    assert says in str(caught.value)


@POSIX
def test_a_path_that_cannot_be_run_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for path, says in (
        (str(tmp_path / "nowhere"), "there is no such file"),
        (str(tmp_path), "it is a folder"),
        (_script(tmp_path, "exit 0", mode=0o644), "it may not be executed"),
        ("", "that is no path"),
    ):
        with pytest.raises(InterpreterError, match=says):
            interpreter_at(path)


@POSIX
def test_what_a_site_prints_does_not_hide_the_answer(tmp_path: Path) -> None:
    noisy = _script(tmp_path, f'echo hello; "{sys.executable}" "$@"; echo bye')
    assert interpreter_at(noisy).check().version == sys.version_info[:3]


def test_what_is_needed_is_what_the_distribution_requires() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    required = text.partition("\ndependencies = [")[2].partition("]")[0]
    assert sorted(NEEDED) == sorted(
        line.strip(' ",').partition(">")[0] for line in required.strip().splitlines()
    )


def test_the_command_refuses_an_interpreter_before_anything_runs() -> None:
    ended = CliRunner().invoke(
        stress_command, ["run", "create_close_churn", "--python", "/no/such/python"]
    )
    assert ended.exit_code == 2
    assert "there is no such file" in ended.output


@pytest.mark.slow
def test_a_scenario_runs_in_another_interpreter() -> None:
    others = [path for path in OTHERS_OF_OURS if path.exists() and _has_all(path)]
    if not others:
        pytest.skip("no other interpreter here has what is needed")
    run = run_scenario("create_close_churn", Budget(rounds=1, python=str(others[0])))
    assert run.passed, run.message
    assert run.interpreter == str(interpreter_at(str(others[0])))


def test_a_run_in_no_interpreter_is_refused() -> None:
    with pytest.raises(InterpreterError):
        run_scenario("create_close_churn", Budget(rounds=1, python="/no/such/python"))
