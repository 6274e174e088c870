"""Crashes become tests: they fail with the story while the bug is there, and pass once mended."""

import ast
import base64
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import fuzz
from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.checked_input import check_input
from fuzz.errors import InputTextError, StillFailsError
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash import Crash, CrashKind
from fuzz.triaging.crash_store import CrashStore
from fuzz.triaging.errors import RegressionFileError
from fuzz.triaging.regression import Regressions, sentence_of, write_regressions

HERE = "tests.fuzz.contained_targets:"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]

SHOP = """
    import os, signal
    import fuzz

    @fuzz.target(hang_s=1.0)
    def order(data):
        '''Orders of a shop.'''
        if data.startswith(b"free"):
            price(data)
        if data == b"kill":
            kill()
        if data == b"wait":
            wait()

    def price(data):
        raise ZeroDivisionError("a price of nothing")

    def kill():
        os.kill(os.getpid(), signal.SIGSEGV)

    def wait():
        while True:
            pass
"""
MENDED = """
    import fuzz

    @fuzz.target(hang_s=1.0)
    def order(data):
        '''Orders of a shop.'''
"""


class Project:
    """A user's project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "tests" / "test_shop_order_regressions.py"

    def write(self, text: str) -> None:
        (self.folder / "shop.py").write_text(textwrap.dedent(text))

    def save(self, *inputs: bytes) -> None:
        store = CrashStore(CampaignFolder(Path("build/fuzz"), "shop:order").crashes, "shop:order")
        with ContainedTarget(ask("shop:order")) as target:
            for data in inputs:
                crash = target.run(data).crash
                assert crash is not None
                store.save(crash)

    def pytest(self) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path)
    made.write(SHOP)
    return made


def test_a_test_file_fails_with_the_story_and_passes_once_the_bug_is_mended(
    project: Project,
) -> None:
    project.save(b"freebie", b"kill", b"wait")
    written = write_regressions("shop:order")
    assert written.path.resolve() == project.file
    assert set(written.added) == {
        "test_price_does_not_raise_zero_division_error",
        "test_kill_is_not_killed_by_sigsegv",
        "test_wait_does_not_hang",
    }
    code, output = project.pytest()
    assert code == 1
    assert "3 failed" in output  # a signal and a hang end their own test alone
    assert "ZeroDivisionError: a price of nothing" in output
    assert "in price" in output
    assert "SIGSEGV ended the process" in output
    assert "still ran after 1 s" in output
    project.write(MENDED)
    assert project.pytest()[0] == 0


def test_written_again_a_file_keeps_every_edit_and_gains_what_is_new(project: Project) -> None:
    project.save(b"freebie")
    write_regressions("shop:order")
    edited = project.file.read_text().replace(
        "def test_price_does_not_raise_zero_division_error", "def test_that_i_named_myself"
    )
    edited = "# my own heading\n" + edited + "\n\ndef test_of_my_own() -> None:\n    assert True\n"
    project.file.write_text(edited)
    again = write_regressions("shop:order")
    assert (again.added, len(again.kept)) == ((), 1)
    assert project.file.read_text() == edited
    project.save(b"kill")
    more = write_regressions("shop:order")
    assert more.added == ("test_kill_is_not_killed_by_sigsegv",)
    text = project.file.read_text()
    assert text.startswith(edited)
    assert "fuzz.check_input(TARGET, b'kill')" not in text
    assert 'fuzz.check_input(TARGET, b"kill")' in text


def test_a_finding_is_there_already_if_its_input_is(project: Project) -> None:
    project.save(b"freebie")
    write_regressions("shop:order")
    without_key = "".join(
        line for line in project.file.read_text().splitlines(keepends=True) if "# " not in line
    )
    project.file.write_text(without_key)
    assert write_regressions("shop:order").added == ()
    in_base64 = without_key.replace('b"freebie"', f'"{base64.b64encode(b"freebie").decode()}"')
    project.file.write_text(in_base64)
    assert write_regressions("shop:order").added == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"""My own tests."""\n', "was not written by"),
        ("def test_broken(:\n", "it cannot be read"),
        ("\x00", "it cannot be read"),
    ],
)
def test_a_file_that_is_not_one_of_these_is_refused_and_left_alone(
    project: Project, text: str, says: str
) -> None:
    project.file.parent.mkdir()
    project.file.write_text(text)
    with pytest.raises(RegressionFileError, match=says):
        write_regressions("shop:order")
    assert project.file.read_text() == text


def test_two_findings_of_one_sentence_get_two_names(project: Project) -> None:
    project.write("""
        import fuzz

        @fuzz.target
        def order(data):
            (first if data == b"a" else second)(data)

        def first(data):
            check(data)

        def second(data):
            check(data)

        def check(data):
            raise ValueError("no")
    """)
    project.save(b"a", b"b")
    assert set(write_regressions("shop:order").added) == {
        "test_check_does_not_raise_value_error", "test_check_does_not_raise_value_error_2",
    }  # fmt: skip


def test_findings_are_chosen_by_key(project: Project) -> None:
    project.save(b"freebie", b"kill")
    report = fuzz.triage("shop:order", times=1)
    key = next(one.key for one in report.findings if one.smallest.saved.data == b"kill")
    assert write_regressions("shop:order", keys=[key[:8]]).added == (
        "test_kill_is_not_killed_by_sigsegv",
    )


def literals_of(written: Regressions) -> list[object]:
    tree = ast.parse(written.path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [ast.literal_eval(call.args[1]) for call in calls]


def test_every_input_reads_back_as_itself(project: Project) -> None:
    inputs = [b"", b"'", b'"', b"'\"\\", b"\n\r\t\x00\xff", b"text " * 60, bytes(range(256)) * 2]
    store = CrashStore(CampaignFolder(Path("build/fuzz"), "shop:order").crashes, "shop:order")
    for number, data in enumerate(inputs):
        store.save(
            Crash(key=f"{number:012x}", kind=CrashKind.EXCEPTION, message="ValueError: x",
                  story="s", confirmed=True, data=data)
        )  # fmt: skip
    project.write(MENDED)
    written = write_regressions("shop:order")
    read = [base64.b64decode(one) if isinstance(one, str) else one
            for one in literals_of(written)]  # fmt: skip
    assert sorted(map(repr, read)) == sorted(map(repr, inputs))
    assert max(map(len, written.path.read_text().splitlines())) <= 100


@pytest.mark.parametrize(
    ("kind", "message", "frame", "sentence"),
    [
        ("EXCEPTION", "HTTPError: x", "a:Page.read", "page_read_does_not_raise_httperror"),
        ("SCHEDULE", "DEADLOCK: x", "a:move", "move_does_not_deadlock_under_this_schedule"),
        ("EXIT", "the process left with exit code 3", "", "it_does_not_leave_the_process"),
        ("MEMORY", "over 9 MiB", "", "it_keeps_to_its_memory_limit"),
        ("EXCEPTION", "ValueError: x", "", "it_does_not_raise_value_error"),
    ],
)
def test_the_name_of_a_test_is_a_sentence(
    kind: str, message: str, *, frame: str, sentence: str
) -> None:
    crash = Crash(
        key="k", kind=CrashKind[kind], message=message, story="", confirmed=True, data=b"",
        frames=(frame,) if frame else (),
    )  # fmt: skip
    assert sentence_of(crash) == sentence
    assert f"test_{sentence}".isidentifier()


def test_an_input_is_checked_in_a_child_and_tells_its_story() -> None:
    check_input(HERE + "two_bugs", b"nothing wrong")
    with pytest.raises(StillFailsError) as failed:
        check_input(HERE + "two_bugs", base64.b64encode(b"X").decode())
    assert "ValueError: X in b'X'" in str(failed.value)
    assert "in refuse_x" in str(failed.value)
    assert isinstance(failed.value, AssertionError)
    with pytest.raises(fuzz.UndecidedError):
        check_input(HERE + "dies_in_many_ways", b"u")
    with pytest.raises(fuzz.BrokenTargetError):
        check_input(HERE + "NOBODY", b"")


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputTextError, match="Base64"):
        check_input(HERE + "two_bugs", "no base64!")
    with pytest.raises(TypeError, match="data takes bytes"):
        check_input(HERE + "two_bugs", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="target takes a text"):
        check_input(3, b"")  # type: ignore[arg-type]
