"""Shell sessions of the pages: they are run, and what they print is compared with what is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.docs.blocks import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.blocks import Block

PROMPT: Final = "$ "
ANYTHING: Final = "..."  # a line that stands for any lines
UNKNOWN: Final = "?"  # a line for `python -m tests.docs --write` to replace by the output
COLUMNS: Final = 96  # what a page shows without scrolling
TIMEOUT_S: Final = 120.0  # 20 times the slowest command
PROGRAMS: Final = frozenset({"holdfast", "pytest", "python", "cat", "ls"})

# What differs from run to run, or from one Python to the next, and is no claim of a page.
DIFFERS: Final = (
    (re.compile(r"hf2\.[\w-]+"), "hf2.TOKEN"),
    (re.compile(r"--resume \S+"), "--resume PLACE"),
    (re.compile(r"\b0x[0-9a-f]+"), "0xADDRESS"),
    (re.compile(r"\b20\d\d-\d\d-\d\d(T[\d:+]+)?"), "DATE"),
    (re.compile(r"^(\S*/)?(harness/\S+\.py):\d+"), r"\2"),
    (re.compile(r"\(\d+ executions tried\)"), "(N executions tried)"),
    (re.compile(r"\b(CPython|Python) 3\.\d+(\.\d+)?"), r"\1 3"),
    (re.compile(r"\b[\d ,.]*\d ?(s|ms)\b"), "N s"),
    (re.compile(r"\([\d,. ]+/s\)"), "(N/s)"),
    (re.compile(r"\bpeak \d+ MiB"), "peak N MiB"),
    (re.compile(r"(?<!\S)=+|=+(?!\S)"), "="),
    (re.compile(r"(?<!\S)_+|_+(?!\S)"), "_"),
    (re.compile(r" +(\[ *\d+%\])"), r" \1"),
)
MARKS_IN_A_TRACEBACK: Final = re.compile(r"\s*[~^]+")  # they differ from one Python to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One command of a session.

    Attributes:
        shown: The lines of output on the page.
        code: The exit code that the page gives it.
    """

    command: str
    shown: tuple[str, ...]
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command did when it was run."""

    output: tuple[str, ...]
    code: int


def exchanges_of(block: Block) -> list[Exchange]:
    """Return the commands of a session.

    Raises:
        ValueError: Output stands before the first command, or there are more codes than commands.
    """
    heads: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith(PROMPT):
            heads.append((line.removeprefix(PROMPT), []))
        elif heads:
            heads[-1][1].append(line)
        elif line.strip():
            raise ValueError(f"{block}: output before the first command: {line!r}")
    codes = [int(code) for code in _rest_of(block)[1].split(",") if code.strip()]
    if len(codes) > len(heads):
        raise ValueError(f"{block}: {len(codes)} exit codes for {len(heads)} commands")
    codes += [0] * (len(heads) - len(codes))
    return [
        Exchange(command=command, shown=tuple(_without_blank_ends(shown)), code=code)
        for (command, shown), code in zip(heads, codes, strict=True)
    ]


def _rest_of(block: Block) -> tuple[str, str]:
    """Return the place and the exit codes of a `run:` comment."""
    place, _, codes = block.rest.partition(" exit ")
    return place.strip(), codes


def place_of(block: Block) -> Path | None:
    """Return the file or folder that a session needs; None for one that needs nothing."""
    place = _rest_of(block)[0]
    return None if place == "-" else ROOT / place


def lay_out(block: Block, where: Path) -> None:
    """Copy what a session needs into its folder, over what earlier sessions of the page left."""
    place = place_of(block)
    if place is None:
        return
    if place.is_dir():
        shutil.copytree(place, where, dirs_exist_ok=True)
    else:
        shutil.copy(place, where)


def run(command: str, where: Path) -> Answer:
    """Run one command as the page says.

    Raises:
        ValueError: It is no program that pages may run.
    """
    words = shlex.split(command)
    extra: dict[str, str] = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        extra[name] = value
    if words[0] not in PROGRAMS:
        raise ValueError(f"a page may run {', '.join(sorted(PROGRAMS))}, not {words[0]}")
    if words[0] == "cat":
        return Answer(output=_lines((where / words[1]).read_text("utf-8"), where), code=0)
    done = subprocess.run(
        [*_program(words[0]), *words[1:]],
        cwd=where,
        env={**_surroundings(), **extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    return Answer(output=_lines(done.stdout, where), code=done.returncode)


def _program(name: str) -> list[str]:
    """Return how this Python runs a program: the one beside it may belong to another."""
    modules = {"holdfast": ["-m", "holdfast.cli"], "pytest": ["-m", "pytest"], "python": []}
    return [sys.executable, *modules[name]] if name in modules else [name]


def _surroundings() -> dict[str, str]:
    """Return the environment of a terminal, without what a test runner around us left in it."""
    foreign = ("PYTEST", "COV", "HYPOTHESIS", "CI", "GITHUB")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    # With hashes fixed, `holdfast` need not start itself anew.
    fixed = {"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    return {**kept, **fixed}


def _lines(text: str, where: Path) -> tuple[str, ...]:
    """Return the output without the places of this machine."""
    plain = text.replace(f"{where}{os.sep}", "").replace(str(where), ".")
    return tuple(_without_blank_ends([line.rstrip() for line in plain.splitlines()]))


def _without_blank_ends(lines: list[str]) -> list[str]:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return lines[first:last]


def agrees(shown: tuple[str, ...], got: tuple[str, ...]) -> bool:
    """Tell whether a page shows what was printed; `...` stands for any lines."""
    parts: list[list[str]] = [[]]
    for line in _without_marks(shown):
        if line == ANYTHING:
            parts.append([])
        else:
            parts[-1].append(normal(line))
    have = [normal(line) for line in _without_marks(got)]
    if len(parts) == 1:
        return have == parts[0]
    if have[: len(parts[0])] != parts[0]:
        return False
    have = have[len(parts[0]) :]
    for part in parts[1:-1]:
        after = _after(have, part)
        if after is None:
            return False
        have = have[after:]
    end = parts[-1]
    return not end or (len(have) >= len(end) and have[-len(end) :] == end)


def _without_marks(lines: tuple[str, ...]) -> list[str]:
    return [line for line in lines if not MARKS_IN_A_TRACEBACK.fullmatch(line)]


def _after(lines: list[str], part: list[str]) -> int | None:
    """Return where the lines go on behind the first place that holds a part of them."""
    for start in range(len(lines) - len(part) + 1):
        if lines[start : start + len(part)] == part:
            return start + len(part)
    return None


def normal(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, stands in DIFFERS:
        line = pattern.sub(stands, line)
    return line.rstrip()
