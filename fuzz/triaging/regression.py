"""Turns findings into a file of tests, one for each, that keep them from coming back.

The file is the user's from the first moment. Written again, it only gains tests at its end: what
stands there, edited or not, is not touched. A finding is there already if the file names its key,
or holds its input.
"""

from __future__ import annotations

import ast
import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder, folder_name
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash import Crash, CrashKind
from fuzz.triaging.crash_store import CrashStore, write_durably
from fuzz.triaging.errors import RegressionFileError
from fuzz.triaging.minimizing import chosen
from fuzz.triaging.signature import counts
from fuzz.triaging.triage_report import grouped, replay_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fuzz.triaging.triage_report import TriagedFinding

MARK: Final = "holdfast fuzz regress"  # in the docstring of every file of ours
STORY_LINES: Final = 12  # of a story that a comment holds; the failing test tells all of it
MEANING_LINES: Final = 8
WIDTH: Final = 99  # columns of a line of the file
LITERAL_BYTES: Final = 120  # longer inputs that are no text are written as Base64
_KEY: Final = re.compile(r"finding ([0-9a-f]{12})\b")
_FRAME: Final = re.compile(r'\s*File "([^"]+)", line \d+')
_EMPTY: Final = re.compile(r"[\s~^]*")  # marks below a line of code differ between Pythons
_ADDRESS: Final = re.compile(r" 0x[0-9a-f]{8,}")
_WORDS: Final = re.compile(r"[^a-z0-9]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VERBS: Final = {
    "DEADLOCK": "deadlock",
    "LOST_WAKEUP": "lose a wakeup",
    "LIVELOCK": "loop for ever",
    "LEAKED_TASK": "leave a task behind",
    "DATA_RACE": "race",
    "ASSERTION": "break its assertion",
    "EXCEPTION": "raise",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Regressions:
    """What was written.

    Attributes:
        added: Names of the new tests.
        kept: Keys of findings that the file had already.
        skipped: Files of inputs that never failed here and of which nothing is written.
    """

    path: Path
    added: tuple[str, ...]
    kept: tuple[str, ...]
    skipped: tuple[Path, ...]


def write_regressions(
    name: str,
    *,
    keys: Sequence[str] = (),
    output: Path | None = None,
    folder: Path = DEFAULT_FOLDER,
) -> Regressions:
    """Write a test for each finding of a target into a file, or add those that it lacks.

    Args:
        name: Of the target: a name of the catalogue, or `module:NAME`.
        keys: Keys of findings, or their beginnings; all findings when empty, mended ones included.
        output: The file; `tests/test_NAME_regressions.py` when None.
        folder: Where campaigns keep their folders.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        UnknownFindingError: No saved input shows a finding of that key.
        RegressionFileError: The file is there and is not one of these.
    """
    path = output or Path("tests") / f"test_{_slug(folder_name(name))}_regressions.py"
    old = _read(path)
    store = CrashStore(CampaignFolder(folder, name).crashes, name)
    with ContainedTarget(ask(name)) as target:
        saved = [store.read(one) for one in store.saved()]
        findings = chosen(grouped(name, replay_all(target, saved, 1)), keys)
        there, held = set(_KEY.findall(old)), _inputs_in(old)
        missing = [
            one
            for one in findings
            if one.crash is not None
            and one.key not in there
            and one.smallest.saved.data not in held
        ]
        writer = _Writer(name, old)
        texts = [writer.test(one, target) for one in missing]
    if texts or not old:
        write_durably(path, (writer.beginning() + "".join(texts)).encode())
    return Regressions(
        path=path,
        added=tuple(writer.added),
        kept=tuple(one.key for one in findings if one.crash and one not in missing),
        skipped=tuple(one.smallest.saved.path for one in findings if one.crash is None),
    )


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, SyntaxError) as error:
        raise RegressionFileError(path, f"it cannot be read: {error}") from error
    if MARK not in (ast.get_docstring(tree) or ""):
        reason = f"it was not written by `{MARK}`: its docstring does not say so"
        raise RegressionFileError(path, reason)
    return text


def _inputs_in(text: str) -> set[bytes]:
    """Return every input that stands in a file, as bytes or as Base64."""
    found: set[bytes] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or len(node.args) < 2:  # noqa: PLR2004  # target, input
            continue
        argument = node.args[1]
        value: Any = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(value, bytes):
            found.add(value)
        elif isinstance(value, str):
            try:
                found.add(base64.b64decode(value, validate=True))
            except binascii.Error:
                continue  # a text of the user's own
    return found


class _Writer:
    """Writes the tests of one file."""

    def __init__(self, name: str, old: str) -> None:
        self._name = name
        self._old = old
        self._taken = set(re.findall(r"def (test_\w+)", old))
        constant = f"TARGET = {_quoted(name)}"
        self._target = "TARGET" if not old or constant in old else _quoted(name)
        self._constant = constant
        self.added: list[str] = []

    def beginning(self) -> str:
        """Return what stands before the new tests."""
        if self._old:
            return self._old.rstrip("\n") + "\n"
        return (
            f'"""What once made {self._name} fail, and must not do so again.\n\n'
            f"Written by `{MARK} {self._name}`.\n"
            "It is yours to edit: written again, it only gains tests for new findings, "
            "at its end.\n"
            '"""\n\n'
            f"import fuzz\n\n{self._constant}\n"
        )

    def test(self, finding: TriagedFinding, target: ContainedTarget) -> str:
        """Return the test of a finding."""
        crash = finding.crash
        assert crash is not None
        data = finding.smallest.saved.data
        name = self._free_name(sentence_of(crash))
        self.added.append(name)
        story = target.story(data) or crash.story
        lines = [
            f"def {name}() -> None:",
            f"    # finding {finding.key}, first seen {finding.first_seen[:10]}",
            *_comment("", _extract(_of_the_user(story or crash.message), STORY_LINES)),
            *_comment("the bytes mean: ", _extract(target.describe(data), MEANING_LINES)),
            *_call(self._target, data),
        ]
        return "\n\n" + "\n".join(lines) + "\n"

    def _free_name(self, sentence: str) -> str:
        name, number = f"test_{sentence}", 2
        while name in self._taken:
            name = f"test_{sentence}_{number}"
            number += 1
        self._taken.add(name)
        return name


def sentence_of(crash: Crash) -> str:  # noqa: PLR0911  # a case for each kind
    """Return what a test of a crash asserts, as the words of a name."""
    where = _slug(crash.frames[0].partition(":")[2]) if crash.frames else ""
    who = where or "the_target"
    kind, _, rest = crash.message.partition(":")
    match crash.kind:
        case CrashKind.EXCEPTION | CrashKind.MEMORY if crash.frames:
            return f"{who}_does_not_raise_{_slug(kind)}"
        case CrashKind.EXCEPTION:
            return f"it_does_not_raise_{_slug(kind)}"
        case CrashKind.SCHEDULE:
            verb = _slug(_VERBS.get(kind, "fail"))
            what = f"_{_slug(rest.strip().partition(':')[0])[:40]}" if kind == "EXCEPTION" else ""
            return f"{who}_does_not_{verb}{what}_under_this_schedule"
        case CrashKind.SIGNAL:
            return f"{who}_is_not_killed_by_{_slug(crash.message.partition(' ')[0])}"
        case CrashKind.EXIT:
            return "it_does_not_leave_the_process"
        case CrashKind.HANG:
            return f"{who}_does_not_hang"
        case CrashKind.MEMORY:
            return "it_keeps_to_its_memory_limit"


def _call(target: str, data: bytes) -> list[str]:
    pieces = _literal(data)
    one_line = f"    fuzz.check_input({target}, {pieces[0]})"
    if len(pieces) == 1 and len(one_line) <= WIDTH:
        return [one_line]
    return [
        "    fuzz.check_input(",
        f"        {target},",
        *(f"        {piece}" for piece in pieces[:-1]),
        f"        {pieces[-1]},",
        "    )",
    ]


def _literal(data: bytes) -> list[str]:
    """Return an input as literals, a line each: readable if it is, else Base64."""
    printable = sum(32 <= byte < 127 or byte in b"\n\t\r" for byte in data)  # noqa: PLR2004  # ASCII
    if len(data) > LITERAL_BYTES and printable < len(data) * 3 // 4:
        text = base64.b64encode(data).decode()
        return [f'"{text[at : at + 80]}"' for at in range(0, len(text), 80)]
    lines, line = [], ""
    for byte in data:
        letter = _letter(byte)
        if len(line) + len(letter) > 80:  # noqa: PLR2004  # columns, with the indent below WIDTH
            lines.append(line)
            line = ""
        line += letter
    return [f"b{_quoted(one)}" for one in [*lines, line]]


def _letter(byte: int) -> str:
    return "'" if chr(byte) == "'" else repr(bytes((byte,)))[2:-1]


def _comment(title: str, lines: Iterable[str]) -> list[str]:
    """Return comment lines; marked, so that nobody takes a line of a traceback for code."""
    told = [f"    # | {title}{line}" if not number else f"    # | {line}"
            for number, line in enumerate(lines)]  # fmt: skip
    return [line[:WIDTH].rstrip() for line in told]


def _of_the_user(story: str) -> str:
    """Return a story without frames of what ran the input, and without what chance puts there."""
    lines, shown = [], True
    for line in story.splitlines():
        frame = _FRAME.match(line)
        if frame is not None:
            shown = counts(frame[1])
        elif not line.startswith("    "):
            shown = True  # below a frame stand its code and its marks, indented further
        if shown and not line.startswith("Extension modules:"):
            lines.append(_ADDRESS.sub("", line))
    return "\n".join(lines)


def _extract(text: str, most: int) -> list[str]:
    """Return the lines of a text that a comment holds: of a long traceback also its end."""
    plain = text.replace(f"{Path.cwd()}/", "")
    lines = ["".join(one if one.isprintable() else "?" for one in line.replace("\t", "    "))
             for line in plain.splitlines() if not _EMPTY.fullmatch(line)]  # fmt: skip
    if len(lines) <= most or not lines[0].startswith("Traceback"):
        return lines[:most]
    return [*lines[: most // 2], "...", *lines[-(most - most // 2 - 1) :]]


def _quoted(text: str) -> str:
    """Return a text that needs no escapes but for quotes, in the quotes that need fewer of them."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _slug(text: str) -> str:
    return _WORDS.sub("_", _HUMP.sub("_", text).lower()).strip("_")
