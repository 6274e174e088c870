"""Options, profiles, marks, and which of them has the last word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process

# A body with a choice left after any number of executions, so that each test runs all it may.
TESTS = """
import threading
import pytest
import harness

def body():
    value = [0]

    def add():
        for _ in range(9):
            value[0] += 1

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

@harness.interleaved(strategy="random")
def test_silent(): body()

@harness.interleaved(strategy="random", executions=20, seed=3)
def test_stated(): body()
"""
TABLE = """
[tool.holdfast]
executions = 30
seed = 5

[tool.holdfast.profiles.mine]
executions = 40

[tool.holdfast.profiles.double]
executions = "x2"
"""


def evidence(text: str) -> dict[str, str]:
    pattern = r"^  passed: [^:\s]+::(\S+): (\d+ executions, none failed .*?\))"
    told = re.findall(pattern, text, re.MULTILINE)
    return dict(told)


@pytest.fixture
def stating(project: Project) -> Project:
    project.write("test_it.py", TESTS)
    settings = (project.folder / "pyproject.toml").read_text("utf-8")
    project.write("pyproject.toml", settings + TABLE)
    return project


@pytest.mark.parametrize(
    ("words", "silent", "stated"),
    [
        (
            [],
            "30 executions, none failed (random, seed 5)",
            "20 executions, none failed (random, seed 3)",
        ),
        (
            ["--holdfast-profile=mine"],
            "40 executions, none failed (random, seed 5)",
            "40 executions, none failed (random, seed 3)",
        ),
        (
            ["--holdfast-profile=double"],
            "60 executions, none failed (random, seed 5)",
            "40 executions, none failed (random, seed 3)",
        ),
        (
            ["--holdfast-profile=mine", "--holdfast-executions=50", "--holdfast-seed=9"],
            "50 executions, none failed (random, seed 9)",
            "50 executions, none failed (random, seed 9)",
        ),
        (
            ["--holdfast-executions=x2", "--holdfast-strategy=pct"],
            "60 executions, none failed (pct, seed 5)",
            "40 executions, none failed (pct, seed 3)",
        ),
        (
            ["--holdfast-workers=2"],
            "30 executions, none failed (random, seed 5, 2 workers)",
            "20 executions, none failed (random, seed 3, 2 workers)",
        ),
    ],
    ids=["the table", "a profile", "a factor", "the command line", "both", "workers"],
)  # fmt: skip
def test_the_later_has_the_last_word(
    stating: Project, words: list[str], silent: str, stated: str
) -> None:
    run = stating.pytest("-v", *words)
    assert evidence(run.text) == {"test_silent": silent, "test_stated": stated}


def test_what_a_run_chose_stands_above_it(stating: Project) -> None:
    assert "holdfast: profile" not in stating.pytest("-k", "stated").text, "nothing was chosen"
    run = stating.pytest("-k", "stated", "--holdfast-profile=mine", "--holdfast-time=5m")
    assert "holdfast: profile mine: executions 40, time 300s" in run.text.splitlines()


def test_a_profile_can_be_the_projects_own_choice(stating: Project) -> None:
    settings = (stating.folder / "pyproject.toml").read_text("utf-8")
    chosen = settings.replace("seed = 5", 'seed = 5\nprofile = "mine"')
    stating.write("pyproject.toml", chosen)
    assert "40 executions" in evidence(stating.pytest("-v").text)["test_stated"]
    run = stating.pytest("-v", "--holdfast-profile=dev")
    assert "20 executions" in evidence(run.text)["test_stated"]


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["in one process", "under xdist"])
def test_a_drawn_seed_is_told_and_the_same_for_all_tests(
    stating: Project, words: list[str]
) -> None:
    run = stating.pytest("-v", "--holdfast-seed=random", *words)
    seeds = set(re.findall(r"seed (\d+)\)", run.text))
    assert len(seeds) == 1
    assert seeds != {"0"}
    if not words:
        assert f"--holdfast-seed {seeds.pop()} draws the same" in run.text


def test_the_time_ends_a_test_undecided_and_a_profile_may_let_it_warn(stating: Project) -> None:
    words = ["-k", "silent", "--holdfast-executions=900000", "--holdfast-time=0.2s"]
    run = stating.pytest(*words)
    assert run.counts()["failed"] == 1
    assert "undecided: the time budget ended after" in run.text
    settings = (stating.folder / "pyproject.toml").read_text("utf-8")
    stating.write(
        "pyproject.toml", settings + '[tool.holdfast.profiles.calm]\nundecided = "warn"\n'
    )
    run = stating.pytest(*words, "--holdfast-profile=calm", "-Wdefault")
    assert run.counts()["passed"] == 1
    assert re.search(r"test_it.py:\d+: UndecidedWarning: test_silent: undecided", run.text)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--holdfast-executions=0", "--holdfast-executions is '0'; it takes a whole number from 1"),
        ("--holdfast-executions=many", "--holdfast-executions is 'many'; it takes a whole number"),
        ("--holdfast-seed=x", "--holdfast-seed is 'x'; it takes a whole number"),
        ("--holdfast-time=soon", "--holdfast-time is 'soon'; it takes a time: seconds above 0"),
        ("--holdfast-strategy=luck", "--holdfast-strategy is 'luck'; it takes one of portfolio"),
        ("--holdfast-workers=0", "--holdfast-workers is '0'; it takes a whole number from 1"),
        ("--holdfast-profile=nightly", "'nightly' (str); it takes a profile: dev, ci, overnight"),
    ],
)
def test_an_option_that_is_wrong_is_wrong_usage(project: Project, word: str, told: str) -> None:
    project.write("test_plain.py", "def test_it(): pass\n")
    run = project.pytest(word)
    assert run.code == 4
    assert told in run.text
    assert "Traceback" not in run.text


def test_a_table_that_is_wrong_is_wrong_usage(stating: Project) -> None:
    settings = (stating.folder / "pyproject.toml").read_text("utf-8")
    stating.write("pyproject.toml", settings.replace("seed = 5", "sed = 5"))
    run = stating.pytest()
    assert run.code == 4
    assert "pyproject.toml, [tool.holdfast]: 'sed' is no setting (did you mean 'seed'?)" in run.text


def test_the_table_names_packages_to_see_into(racy: Project) -> None:
    (racy.folder / "shop").rename(racy.folder / "market")
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source.replace("shop.", "market."))
    assert racy.pytest().counts() == {"passed": 1}
    settings = (racy.folder / "pyproject.toml").read_text("utf-8")
    racy.write("pyproject.toml", settings + '[tool.holdfast]\ninstrument = ["market"]\n')
    assert racy.pytest().counts() == {"failed": 1}
    racy.write("pyproject.toml", settings + '[tool.holdfast]\ninstrument = ["threading"]\n')
    run = racy.pytest()
    assert run.code == 4
    assert "instrument: include is 'threading'" in run.text


MARKS = """
import pytest
from test_bodies import body

pytestmark = pytest.mark.interleaved(executions=11, strategy="random")

def test_module(): body()

@pytest.mark.interleaved(executions=12)
class TestClass:
    def test_class(self): body()

    @pytest.mark.interleaved(seed=4)
    def test_method(self): body()

    @pytest.mark.interleaved(executions=13)
    @pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.interleaved(seed=8))])
    def test_parameters(self, number): body()
"""
DECORATED = """
import pytest
import harness
from test_bodies import body

@pytest.mark.interleaved(executions=11, seed=2)
class TestBoth:
    @harness.interleaved(executions=14, strategy="random")
    def test_decorated(self): body()
"""


def test_marks_of_module_class_and_test_add_up_and_the_nearest_wins(project: Project) -> None:
    project.write("test_bodies.py", TESTS)
    project.write("test_marks.py", MARKS)
    project.write("test_decorated.py", DECORATED)
    run = project.pytest("-v", "--strict-markers", "test_marks.py", "test_decorated.py")
    assert evidence(run.text) == {
        "test_module": "11 executions, none failed (random, seed 0)",
        "TestClass::test_class": "12 executions, none failed (random, seed 0)",
        "TestClass::test_method": "12 executions, none failed (random, seed 4)",
        "TestClass::test_parameters[1]": "13 executions, none failed (random, seed 0)",
        "TestClass::test_parameters[2]": "13 executions, none failed (random, seed 8)",
        "TestBoth::test_decorated": "14 executions, none failed (random, seed 2)",
    }


def test_a_marked_race_is_found_and_replayed(racy: Project) -> None:
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    marked = source.replace("@harness.", "@pytest.mark.").replace("import harness", "import pytest")
    racy.write("tests/test_race.py", marked)
    run = racy.pytest()
    assert run.counts() == {"failed": 1}
    assert "till.py:7" in run.text
    assert racy.pytest(*run.replay_words()[1:]).counts() == {"failed": 1}


def test_a_mark_that_only_a_conftest_sets_counts(project: Project) -> None:
    project.write("test_silent.py", "def test_it(): pass\n")
    project.write(
        "conftest.py",
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.interleaved(executions=6, strategy="random"))
        """,
    )
    assert "1 interleaved test, 6 executions" in project.pytest().text


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("(executons=5)", "'executons' is no setting (did you mean 'executions'?)"),
        ("(executions='many')", "executions is 'many' (str); it takes a whole number from 1"),
        ("(500)", "pytest.mark.interleaved is 500 (int); it takes settings by name"),
    ],
)
def test_a_wrong_mark_is_an_error_of_its_test_alone(project: Project, mark: str, told: str) -> None:
    project.write(
        "test_marks.py",
        f"import pytest\n@pytest.mark.interleaved{mark}\ndef test_it(): pass\ndef test_b(): pass\n",
    )
    run = project.pytest()
    assert run.counts() == {"error": 1, "passed": 1}
    assert told in run.text
    assert "harness/" not in run.text


def test_the_mark_and_the_options_are_in_the_help(project: Project) -> None:
    assert (
        "@pytest.mark.interleaved(strategy=..., executions=..., ...)"
        in project.pytest("--markers").text
    )
    text = project.pytest("--help").text
    for name in (
        "strategy",
        "executions",
        "seed",
        "time",
        "workers",
        "profile",
        "replay",
        "record",
    ):
        assert f"--holdfast-{name}" in text


def test_tests_of_hypothesis_are_told_where_to_put_the_decorator(project: Project) -> None:
    pytest.importorskip("hypothesis")
    project.write(
        "test_given.py",
        """
        import harness
        from hypothesis import given, settings, strategies as st

        @harness.interleaved(executions=5)
        @given(st.integers())
        def test_it(number): pass
        """,
    )
    run = project.pytest()
    assert run.code == 2
    assert "put @given above @interleaved" in run.text.replace("\n", " ")
