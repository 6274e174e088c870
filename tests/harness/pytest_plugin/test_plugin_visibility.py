"""Whose accesses are switching points: the package under test, and test files that use us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process


def test_the_projects_own_package_is_visible_without_any_setting(racy: Project) -> None:
    run = racy.pytest()
    assert run.counts() == {"failed": 1}
    assert "till.py:7" in run.text


def test_it_is_even_where_a_conftest_or_an_earlier_test_imports_it_first(racy: Project) -> None:
    racy.write("tests/conftest.py", "import shop.till\n")
    racy.write("tests/test_a_plain.py", "import shop.till\ndef test_it(): pass\n")
    run = racy.pytest()
    assert run.counts() == {"failed": 1, "passed": 1}


def test_a_package_below_src_is_found(racy: Project) -> None:
    (racy.folder / "src").mkdir()
    (racy.folder / "shop").rename(racy.folder / "src" / "shop")
    run = racy.pytest("-o", "pythonpath=src .")
    assert run.counts() == {"failed": 1}


def test_the_setting_names_other_packages(racy: Project) -> None:
    (racy.folder / "shop").rename(racy.folder / "market")
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source.replace("shop.", "market."))
    assert racy.pytest().counts() == {"passed": 1}, "nobody said that market is to be visible"
    run = racy.pytest("-o", "holdfast_instrument=market")
    assert run.counts() == {"failed": 1}


def test_a_setting_that_cannot_be_is_wrong_usage(racy: Project) -> None:
    run = racy.pytest("-o", "holdfast_instrument=threading")
    assert run.code == 4
    assert "holdfast_instrument: include is 'threading'" in run.text


def test_what_was_imported_too_early_is_said(racy: Project) -> None:
    racy.write("early.py", "import shop.till\n")
    run = racy.pytest("-p", "early", "-o", "pythonpath=.")
    if run.code == 4:  # this pytest loads -p before its python path: the folder has to be given
        pytest.skip("pytest could not find the early plugin")
    assert "imported too early" in run.text
    assert "shop.till" in run.text


def test_races_in_the_test_file_itself_are_seen(project: Project) -> None:
    project.write(
        "test_own.py",
        """
        import harness
        from support import both

        class Counter:
            value = 0

        @harness.interleaved(executions=200)
        def test_own():
            counter = Counter()

            def add():
                counter.value += 1

            both(add)
            assert counter.value == 2
        """,
    )
    assert project.pytest().counts() == {"failed": 1}


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_every_import_mode_works(racy: Project, mode: str) -> None:
    assert racy.pytest(f"--import-mode={mode}").counts() == {"failed": 1}


def test_plain_assertions_work_as_ever_beside_it(racy: Project) -> None:
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source + "\ndef test_plain():\n    assert [1, 2] == [1, 3]\n")
    run = racy.pytest()
    assert "At index 1 diff: 2 != 3" in run.text
