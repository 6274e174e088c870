"""A new target runs at once, is registered, and nothing that was there changes its form."""

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from fuzz.engines._atheris import why_not
from fuzz.errors import ProjectFileError
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.errors import NewTargetError
from fuzz.triaging.scaffold import add_target, registered
from fuzz.triaging.scaffold_text import TargetKind

ENTRY = ("parser", "fuzz_targets.parser:parser")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


FORMS = {
    "no table": '[project]\nname = "x"  # its name\n',
    "no end of line": '[project]\nname = "x"',
    "a table of targets": (
        "[tool.holdfast.fuzz.targets]\n# ours\n"
        'other = "a:B"   # aligned\n\n# about ruff\n[tool.ruff]\nline-length = 100\n'
    ),
    "an empty table of targets": "[tool.holdfast.fuzz.targets]\n[tool.ruff]\n",
    "an inline table": '[tool.holdfast.fuzz]\ntargets = { other = "a:B" } # ours\nkeep = 1\n',
    "an empty inline table": "[tool.holdfast.fuzz]\ntargets = {}\n",
    "a table without targets": "[tool.holdfast.fuzz]\nkeep = 1\n\n[tool.ruff]\n",
    "dotted": '[tool.holdfast.fuzz]\ntargets.other = "a:B"\n[tool.ruff]\n',
    "windows": '[tool.holdfast.fuzz.targets]\r\nother = "a:B"\r\n\r\n[tool.ruff]\r\n',
    "the table last, no end of line": '[tool.holdfast.fuzz.targets]\nother = "a:B"',
    "empty": "",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_project_file_gains_a_line_and_keeps_every_other_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text.encode())
    edited = registered(file, *ENTRY)
    assert edited is not None
    assert file.read_bytes() == text.encode()  # who asks writes
    targets = tomllib.loads(edited)["tool"]["holdfast"]["fuzz"]["targets"]
    assert targets["parser"] == ENTRY[1]
    assert ("other" in targets) == ("other" in text)
    changed = [line for line in text.splitlines() if line not in edited.splitlines()]
    assert not changed or all(line.startswith("targets = {") for line in changed)
    assert ("\r\n" in text) == ("\r\n" in edited)


def test_a_form_that_cannot_grow_is_left_alone_and_the_lines_are_told(here: Path) -> None:
    text = '[tool]\nholdfast = { fuzz = { targets = { other = "a:B" } } }\n'
    (here / "pyproject.toml").write_text(text)
    added = add_target("parser")
    assert added.project is None
    assert (here / "pyproject.toml").read_text() == text
    assert tomllib.loads(added.lines)["tool"]["holdfast"]["fuzz"]["targets"] == dict([ENTRY])


def test_without_a_project_file_the_place_serves(here: Path) -> None:
    added = add_target("parser")
    assert (added.project, added.place) == (None, ENTRY[1])
    assert added.path.exists()


def test_a_registered_target_goes_by_its_name(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project]\n")
    add_target("parser")
    # Another process, since what a project's file says is read once.
    program = "from fuzz.catalogue import place_of; print(place_of('parser'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == ENTRY[1]


@pytest.mark.parametrize(
    ("name", "how", "says"),
    [
        ("not-a-name", {}, "a name of Python"),
        ("class", {}, "a name of Python"),
        ("", {}, "a name of Python"),
        ("flow_operations", {}, "another target goes by that name"),
        ("there", {}, "is not overwritten"),
        ("known", {}, "names it already"),
        ("fine", {"module": "no/module"}, "takes package.module"),
        ("fine", {"folder": Path("../up")}, "one from which Python imports"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_touched(
    here: Path, name: str, how: dict[str, object], says: str
) -> None:
    (here / "pyproject.toml").write_text('[tool.holdfast.fuzz.targets]\nknown = "a:B"\n')
    (here / "fuzz_targets").mkdir()
    (here / "fuzz_targets" / "there.py").write_text("# mine\n")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    with pytest.raises(NewTargetError) as refused:
        add_target(name, **how)  # type: ignore[arg-type]
    assert says in str(refused.value) or "another target goes by" in str(refused.value)
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_project_file_that_is_no_toml_is_named_and_nothing_is_written(here: Path) -> None:
    (here / "pyproject.toml").write_text("[[[")
    with pytest.raises(ProjectFileError, match=r"pyproject\.toml"):
        add_target("parser")
    assert not (here / "fuzz_targets").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("kind", TargetKind, ids=lambda kind: kind.name.lower())
def test_every_kind_of_new_target_runs_at_once(here: Path, kind: TargetKind) -> None:
    if kind is TargetKind.STRATEGY:
        pytest.importorskip("hypothesis")
    (here / "mine").mkdir()
    (here / "mine" / "parser.py").write_text(
        textwrap.dedent('''
            def _hidden(data): raise SystemError
            def many(one, two): raise SystemError
            def parse(text: str, *, strict: bool = False) -> list[str]:
                """Parse."""
                if "{" in text: raise LookupError(text)
                return text.split()
        ''')
    )
    added = add_target("fresh", kind=kind, module="mine.parser")
    text = added.path.read_text()
    assert "import atheris" in text  # what OpenSSF Scorecard looks for
    facts = ask(added.place)
    assert facts.instrument == ("mine",)
    assert facts.controlled == (kind is TargetKind.CONTROLLED)
    with ContainedTarget(facts) as target:
        for data in (b"", b"hello", bytes(range(60))):
            assert target.run(data).crash is None
        if kind is TargetKind.BYTES:  # the first function that takes a text is called
            crash = target.run(b"{").crash
            assert crash is not None
            assert crash.frames[0] == "parser:parse"


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason="Atheris cannot run here")
def test_a_new_target_runs_under_atheris_alone(here: Path) -> None:
    (here / "mine.py").write_text(
        "def parse(data: bytes) -> int:\n    return len(data) if data[:1] == b'{' else 0\n"
    )
    added = add_target("fresh", kind=TargetKind.BYTES, module="mine")
    done = subprocess.run(
        [sys.executable, added.path, "-atheris_runs=300"],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(here)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "INITED cov: " in done.stderr, "nothing of the module was watched"
