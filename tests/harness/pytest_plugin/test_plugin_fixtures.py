"""Fixtures of tests that run hundreds of times: new in each execution, or shared and watched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project, Run

pytestmark = pytest.mark.slow  # every test starts a process

FRESH = """
import logging
import os
import threading
import pytest
import harness
from shop.till import Till
from support import both

TOLD = []

@pytest.fixture(scope="session")
def wide():
    TOLD.append("wide made")
    return "wide"

@pytest.fixture
def plain(wide):
    return {"wide": wide, "items": []}

@pytest.fixture
def yielding(plain):
    TOLD.append("made")
    yield Till()
    TOLD.append("gone")

@pytest.fixture
def lock():
    return threading.Lock()

@pytest.fixture(params=[1, 2])
def number(request):
    return [request.param]

@pytest.fixture(autouse=True)
def around(request):
    request.addfinalizer(lambda: TOLD.append("finalised"))

@pytest.fixture
def by_name(request):
    return request.getfixturevalue("plain")

@pytest.fixture
def lazily(request):
    return request.getfixturevalue("late")

@pytest.fixture(scope="module")
def late():
    TOLD.append("late made")
    yield threading.Lock()

@harness.interleaved(executions=12, strategy="random")
def test_all(plain, yielding, lock, number, by_name, lazily, request):
    assert by_name is plain
    assert plain == {"wide": "wide", "items": []}
    plain["items"].append(1)
    number.append(3)
    assert len(number) == 2
    assert request.getfixturevalue("yielding") is yielding

    def add():
        with lock, lazily:
            yielding.add()

    both(add)
    assert yielding.sum == 2

@harness.interleaved(executions=12, strategy="random")
def test_builtin(tmp_path, monkeypatch, capsys, caplog, record_property):
    monkeypatch.setenv("FRESH", "FRESH" in os.environ and "old" or "new")
    assert os.environ["FRESH"] == "new"
    assert not list(tmp_path.iterdir())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    print("words")
    assert capsys.readouterr().out == "words\\n"
    logging.getLogger("shop").warning("beware")
    assert [record.message for record in caplog.records] == ["beware"]
    assert caplog.get_records("call") == caplog.records
    record_property("one", 1)

def test_afterwards():
    assert "FRESH" not in os.environ
    assert TOLD.count("made") == TOLD.count("gone") == 2 * (2 + 12)
    assert TOLD.count("wide made") == TOLD.count("late made") == 1
    assert TOLD.count("finalised") >= 3 * (2 + 12)
"""


def write_and_run(project: Project, source: str, *words: str) -> Run:
    project.write("test_fixtures.py", source)
    return project.pytest(*words)


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["in one process", "under xdist"])
def test_function_scope_is_new_in_each_execution_and_wider_scopes_are_not(
    project: Project, words: tuple[str, ...]
) -> None:
    run = write_and_run(project, FRESH, *words)
    assert run.counts() == {"passed": 4}, run.text


METHODS = """
import unittest
import pytest
import harness
from shop.till import Till
from support import both

SEEN = []

def setup_function(function):
    SEEN.append("function")

@pytest.mark.interleaved(executions=5, strategy="random")
def test_function():
    SEEN.append("test")

class TestMethods:
    made = []

    @pytest.fixture(autouse=True)
    def inside(self):
        self.from_fixture = []
        yield
        assert self.from_fixture == [1]

    def setup_method(self):
        self.box = []
        self.made.append(self)

    def teardown_method(self):
        assert self.box == [1]

    @harness.interleaved(executions=5, strategy="random")
    def test_it(self):
        self.box.append(1)
        self.from_fixture.append(1)

    def test_each_had_an_instance_of_its_own(self):
        assert len({id(one) for one in self.made}) == len(self.made) > 6
        self.box.append(1)
        self.from_fixture.append(1)

class Case(unittest.TestCase):
    seen = []

    @classmethod
    def setUpClass(cls):
        cls.seen.append("class")

    def setUp(self):
        self.till = Till()
        self.addCleanup(self.seen.append, "cleaned")

    def tearDown(self):
        self.seen.append("down")

    @harness.interleaved(executions=5, strategy="random")
    def test_unit(self):
        assert self.till.sum == 0
        self.till.add()
        with self.subTest("inside"):
            self.assertEqual(self.till.sum, 1)

    def test_z(self):
        assert self.seen == ["class"] + ["down", "cleaned"] * 7, self.seen

class AsyncCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.box = []

    async def asyncTearDown(self):
        assert self.box == [1]

    @harness.interleaved(executions=5, strategy="random")
    async def test_unit(self):
        self.box.append(1)

def test_functions_were_set_up():
    assert SEEN == ["function", "test"] * 7 + ["function"]
"""


def test_set_up_of_methods_and_cases_runs_in_each_execution(project: Project) -> None:
    run = write_and_run(project, METHODS)
    assert run.counts() == {"passed": 7}, run.text


ASYNC = """
import asyncio
import pytest
import harness

@pytest.fixture
async def queue():
    made = asyncio.Queue()
    await made.put(1)
    yield made
    await asyncio.sleep(30)
    assert made.empty()

@pytest.fixture
async def item(queue):
    return await queue.get()

class TestAsync:
    @pytest.fixture
    async def own(self, item):
        await asyncio.sleep(1)
        return self, item

    @harness.interleaved(executions=5)
    async def test_method(self, own):
        assert own == (self, 1)

@pytest.mark.interleaved(executions=5)
async def test_marked(item):
    assert item == 1

@harness.interleaved(executions=5)
def test_plain_function(item):
    assert item == 1
"""


def test_coroutine_fixtures_live_in_the_loop_of_their_execution(project: Project) -> None:
    run = write_and_run(project, ASYNC)
    assert run.counts() == {"passed": 3}, run.text


RACE = """
import threading
import pytest
import harness
from shop.till import Till

@pytest.fixture
def till():
    return Till()

@pytest.fixture
def served(till):
    thread = threading.Thread(target=till.add)
    thread.start()
    yield till
    thread.join()

@harness.interleaved(executions=200)
def test_thread_of_a_fixture(served):
    served.add()
    assert served.sum != 1 or threading.active_count() > 1

@harness.interleaved(executions=200)
def test_race(served):
    before = served.sum
    served.add()
    assert served.sum == before + 1
"""


def test_threads_of_a_fixture_are_scheduled_and_the_replay_makes_them_anew(
    project: Project,
) -> None:
    run = write_and_run(project, RACE, "-k", "test_race")
    assert run.counts()["failed"] == 1
    assert "AssertionError in main: assert" in run.text
    words = run.replay_words()
    again = project.pytest(*words[1:])
    assert again.counts() == {"failed": 1}
    assert again.replay_words() == words


FAILING = """
import threading
import pytest
import harness

@pytest.fixture
def refused():
    raise ConnectionError("refused")

@harness.interleaved(executions=5)
def test_set_up(refused): pass

@pytest.fixture
def left():
    yield
    raise OSError("still in use")

@harness.interleaved(executions=5)
def test_teardown(left): pass

MADE = []
@pytest.fixture
def port():
    assert not MADE, "address in use"
    MADE.append(1)

@harness.interleaved(executions=5)
def test_not_cleaned_up(port): pass

@pytest.fixture
def child():
    import subprocess
    subprocess.run(["true"])

@harness.interleaved(executions=5)
def test_process(child): pass

@pytest.fixture
def skips():
    pytest.skip("not here")

@harness.interleaved(executions=5)
def test_skips(skips): pass

@pytest.fixture
def waits():
    thread = threading.Thread(target=threading.Event().wait)
    thread.start()
    yield
    thread.join()

@harness.interleaved(executions=5)
def test_first_failure_counts(waits):
    assert 0, "the real one"

@harness.interleaved(executions=5)
def test_teardown_hangs(waits): pass

@pytest.fixture
def stuck():
    yield threading.Event().wait()

@harness.interleaved(executions=5)
def test_set_up_hangs(stuck): pass

class TestClass:
    def teardown_method(self):
        assert 0, "afterwards"

    @harness.interleaved(executions=5)
    def test_both(self):
        assert 0, "the first"
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    from tests.harness.pytest_plugin.conftest import SETTINGS, TILL, Project  # noqa: PLC0415  # as a fixture of module scope

    project = Project(tmp_path_factory.mktemp("failing"))
    project.write("pyproject.toml", SETTINGS)
    project.write("shop/__init__.py", "")
    project.write("shop/till.py", TILL)
    return write_and_run(project, FAILING, "-rA")


def part(run: Run, title: str) -> str:
    """Return what is printed below the title of a failure."""
    below = rf"^_+ {re.escape(title)} _+$(.*?)^(?:_+ .* _+|=+ .* =+)$"
    (found,) = re.findall(below, run.text, re.MULTILINE | re.DOTALL)
    return str(found)


def test_a_fixture_that_fails_is_an_error_with_its_own_lines(failing: Run) -> None:
    text = part(failing, "ERROR at setup of test_set_up")
    assert '>       raise ConnectionError("refused")' in text
    assert "harness" not in text
    assert "How it came to be" not in text
    assert '>       raise OSError("still in use")' in part(
        failing, "ERROR at teardown of test_teardown"
    )
    assert "ERROR test_fixtures.py::test_set_up - ConnectionError: refused" in failing.text


def test_a_fixture_that_leaves_something_behind_is_told_so(failing: Run) -> None:
    text = part(failing, "ERROR at setup of test_not_cleaned_up")
    assert "went well in the first 1 of them" in text.replace("\n", " ")


def test_a_fixture_that_cannot_be_controlled_is_told_what_to_do(failing: Run) -> None:
    text = part(failing, "test_process").replace("\n", " ")
    assert "UncontrolledError: starting a process" in text
    assert "It was met in the set-up of child" in text
    assert '@pytest.fixture(scope="module")' in text


def test_a_fixture_may_skip(failing: Run) -> None:
    assert "SKIPPED [1]" in failing.text
    assert "not here" in failing.text


def test_the_first_failure_counts_whatever_clearing_up_comes_to(failing: Run) -> None:
    text = part(failing, "test_first_failure_counts")
    assert "ASSERTION" in text
    assert "the real one" in text
    assert "join" not in text, "what came after the failure is no part of how it came to be"
    assert "the first" in part(failing, "TestClass.test_both")
    assert "afterwards" not in part(failing, "TestClass.test_both")


def test_a_hang_in_a_fixture_says_in_which(failing: Run) -> None:
    assert "It happened in the teardown of waits." in part(failing, "test_teardown_hangs")
    text = part(failing, "test_set_up_hangs")
    assert "LOST_WAKEUP" in text
    assert "It happened in the set-up of stuck." in text


SHARED = """
import pytest
import harness

class Basket:
    def __init__(self):
        self.items = []

@pytest.fixture(scope="module")
def basket():
    return Basket()

@pytest.fixture(scope="module")
def quiet():
    return Basket()

@harness.interleaved(executions=5, strategy="random"{settings})
def test_changes(basket, quiet):
    basket.items.append(1)
    assert {condition}

@pytest.mark.parametrize("values", [[]])
@harness.interleaved(executions=5, strategy="random"{settings})
def test_parameter(values):
    values.append(1)
"""
CHANGED = (
    "the module-scoped fixture 'basket' was changed by the executions: basket.items was <list of 0>"
)


@pytest.mark.parametrize("settings", ["", ", isolated=True", ", workers=2"])
def test_a_shared_value_that_changes_is_said_with_what_to_do(
    project: Project, settings: str
) -> None:
    run = write_and_run(project, SHARED.format(settings=settings, condition="True"), "-Wdefault")
    assert run.counts()["passed"] == 2
    assert CHANGED in run.text
    assert "put it back at the end of the test" in run.text
    assert "the parameter 'values' was changed" in run.text
    assert "quiet" not in run.text


def test_it_is_a_failure_where_warnings_are_and_may_be_silenced(project: Project) -> None:
    source = SHARED.format(settings="", condition="True")
    assert write_and_run(project, source).counts() == {"failed": 2}
    run = project.pytest("-W", "ignore::harness.verdict_errors.SharedStateWarning")
    assert run.counts() == {"passed": 2}


def test_a_failing_test_is_told_what_it_shared(project: Project) -> None:
    condition = "len(basket.items) < 2"
    run = write_and_run(project, SHARED.format(settings="", condition=condition), "-k", "changes")
    text = run.text.replace("\n", " ")
    assert re.search(r"assert \d+ < 2", text)
    assert "The module-scoped fixture 'basket' was changed" in text


OUTER = """
from unittest import mock
import pytest
import harness

@pytest.fixture
def box():
    return []

@mock.patch("os.getcwd", return_value="there")
@harness.interleaved(executions=5, strategy="random")
def test_above(getcwd, box, tmp_path):
    box.append(1)

@harness.interleaved(executions=5, strategy="random")
@mock.patch("os.getcwd", return_value="there")
def test_below(getcwd, box):
    import os
    assert os.getcwd() == "there"
    box.append(1)
    assert box == [1]
"""


def test_a_decorator_above_ours_shares_fixtures_and_that_is_said(project: Project) -> None:
    run = write_and_run(project, OUTER, "-Wdefault")
    assert run.counts()["passed"] == 2, run.text
    assert "box, tmp_path: made once and shared by all executions" in run.text
    assert "Put @harness.interleaved on top" in run.text
    assert run.text.count("SharedStateWarning") == 1


OVERRIDDEN = """
import pytest
import harness

@pytest.fixture
def db(db):
    return [*db, "mine"]

@pytest.fixture
def other(db):
    return db

@harness.interleaved(executions=8, strategy="random")
def test_it(other):
    assert other == ["wide", "mine"]
    other.append("changed")
"""


def test_a_fixture_may_stand_on_a_wider_one_of_its_own_name(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        MADE = []

        @pytest.fixture(scope="session")
        def db():
            MADE.append(1)
            return ["wide"]

        def pytest_sessionfinish():
            assert MADE == [1]
        """,
    )
    run = write_and_run(project, OVERRIDDEN)
    assert run.counts() == {"passed": 1}
    assert "INTERNALERROR" not in run.text


def test_what_is_printed_is_that_of_the_run_that_failed(project: Project) -> None:
    source = """
    import threading
    import harness
    from shop.till import Till
    from support import both

    @harness.interleaved(executions=100)
    def test_prints():
        till = Till()
        print("a run")
        both(till.add)
        print("its sum is", till.sum)
        assert till.sum == 2

    @harness.interleaved(executions=300)
    def test_prints_much():
        print("some words " * 20)
        both(Till().add)
    """
    run = write_and_run(project, source, "-rP")
    assert run.text.count("a run\n") == 1
    assert "its sum is 1" in run.text
    assert "its sum is 2" not in run.text
    assert "(the end of what 300 executions printed)" in run.text or "exhausted" in run.text
    assert run.text.count("some words") < 20 * 40
