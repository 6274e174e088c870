"""What makes two failures the same finding: what failed, and the user's functions it went through.

A key has to survive what does not change the bug: an edit above it, another folder, another
Python, the depth of a recursion, the name of a thread, the tool that ran the input. And it has to
keep apart what is mended apart. The rules, with ClusterFuzz's in mind (its "crash state" is the
three innermost frames that count, without lines and arguments):

1. Functions count, lines do not; a file goes by its stem. Comprehensions and generator expressions
   belong to the function around them, since Python 3.12 has no frames of their own for some.
2. Frames of ours, of Hypothesis, of pytest, of coverage and of the standard library say how an
   input was run, not what went wrong. Where nothing else is left, the standard library's count.
3. The stack is loop-erased: a function that comes again takes back what it called in between. So
   one bug of a recursive parser has one key at every depth.
4. The three innermost functions of what is left are compared. Two callers of one check that raises
   are two findings; two paths that meet three calls above the fault are one.
5. An endless recursion is the set of functions that recur; where the limit struck is chance.
6. `raise A from B` is told by both types, and by the stack down to where B was raised: a wrapper
   that turns everything into one error must not hide that there are two bugs. An exception that
   was merely being handled (`__context__`) is left out: clean-up code meets many.
7. A group is told by its members, whatever their number, order and nesting.
8. A stack that faulthandler wrote is the current thread's, not that of the thread printed first. Of
   several such stacks, as of a hang that was looked at more than once, the part that stayed counts.
9. A failing schedule is the kind of finding with the exception's stack, or with the functions in
   which the tasks stood: as a set, since names and numbers of threads are chance.

What the message says never counts: it tends to hold the input.
"""

from __future__ import annotations

import hashlib
import os
import re
import sysconfig
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.errors import ScheduleFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# 1 compared type names and three functions of any stack. 2 is what is written above. The number is
# part of what is hashed, so that keys of two schemes never agree by accident.
SCHEME: Final = 2
FRAMES: Final = 3  # innermost functions that tell findings apart, as ClusterFuzz takes
RECURRING: Final = 8  # functions of an endless recursion that are told; a cycle is rarely longer
KEY_LENGTH: Final = 12  # hexadecimal digits: 48 bits, for some thousand findings at most

_FUZZ: Final = Path(__file__).resolve().parents[1]
_OURS: Final = tuple(f"{folder}{os.sep}" for folder in (_FUZZ, _FUZZ.parent / "harness"))
_TARGETS: Final = f"{_FUZZ / 'targets'}{os.sep}"
_STDLIB: Final = f"{sysconfig.get_path('stdlib')}{os.sep}"
_INSTALLED: Final = re.compile(r"[/\\](?:site|dist)-packages[/\\](\w+)")
_TOOLS: Final = frozenset(
    {"hypothesis", "pytest", "_pytest", "pluggy", "coverage", "atheris", "greenlet", "xdist"}
)
_INNER: Final = re.compile(r"\.<(?:listcomp|setcomp|dictcomp|genexpr)>")
_COMPREHENSIONS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_NATIVE_FRAME: Final = re.compile(r'File "([^"]+)", line \d+ in (.+)')
_NATIVE_HEAD: Final = re.compile(
    r"^(?:Current thread 0x|Thread 0x|Stack )[^\n]*\(most recent call first\):", re.MULTILINE
)

Frame = tuple[str, str]  # the file's path, the function's qualified name


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What is compared of a failure.

    Attributes:
        what: Types, signals, kinds: what happened.
        frames: `file:function`, innermost first.
    """

    what: str
    frames: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Equal for failures that count as one finding."""
        text = "\n".join((f"holdfast signature {SCHEME}", self.what, *self.frames))
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:KEY_LENGTH]


def signature_of(error: BaseException) -> Signature:
    """Return the signature of an exception."""
    if isinstance(error, ScheduleFailure):
        cause = error.__cause__
        what = error.finding if cause is None else f"{error.finding} {signature_of(cause).what}"
        return Signature(what=what, frames=error.frames)
    if isinstance(error, BaseExceptionGroup):
        return _of_group(error)
    chain = _causes(error)
    names = list(dict.fromkeys((_type_name(chain[0]), _type_name(chain[-1]))))
    if isinstance(chain[-1], BaseExceptionGroup) and len(chain) > 1:
        names[-1] = _of_group(chain[-1]).what
    return Signature(what=" from ".join(names), frames=frames_of(error))


def frames_of(error: BaseException | None) -> tuple[str, ...]:
    """Return the innermost functions of an exception's stack, innermost first."""
    if error is None:
        return ()
    chain = _causes(error)
    stack = [frame for one in chain for frame in _stack_of(one)]
    if isinstance(chain[-1], RecursionError):
        return _recurring(stack)
    return innermost(reversed(stack))


def frames_in(text: str) -> tuple[str, ...]:
    """Return the innermost functions of the current thread's stack that faulthandler wrote.

    Of several reports, the functions that all of them have from the outermost on.
    """
    stacks = [named_frames(stack[::-1]) for stack in _native_stacks(text)]
    stacks = [stack for stack in stacks if stack]
    if not stacks:
        return ()
    staying: list[str] = []
    for functions in zip(*stacks, strict=False):
        if len(set(functions)) > 1:
            break
        staying.append(functions[0])
    # Two looks with nothing in common are two findings at worst; the last one is as good as any.
    return tuple(reversed(loop_erased(staying or stacks[-1])))[:FRAMES]


def last_report(text: str) -> str:
    """Return a text with only the last of the reports that faulthandler wrote into it."""
    heads = list(_NATIVE_HEAD.finditer(text))
    current = [number for number, head in enumerate(heads) if not head[0].startswith("Thread")]
    if len(current) < 2:  # noqa: PLR2004  # one is the last
        return text
    return text[heads[current[-2] + 1].start() :].strip()


def innermost(
    frames: Iterable[tuple[str | Any, ...]], *, most: int | None = FRAMES
) -> tuple[str, ...]:
    """Return the first few functions that count, of (path, function) pairs, innermost first."""
    outermost_first = [(str(path), str(name)) for path, name in frames][::-1]
    return tuple(reversed(loop_erased(named_frames(outermost_first))))[:most]


def standing(places: Iterable[tuple[str | Any, ...]]) -> tuple[str, ...]:
    """Return the functions that count in which tasks stood, of (path, function) pairs."""
    return tuple(sorted(set(named_frames([(str(path), str(name)) for path, name in places]))))


def named_frames(stack: Sequence[Frame]) -> list[str]:
    """Return `file:function` of the frames that count, in their order."""
    chosen = [frame for frame in stack if counts(frame[0])]
    if not chosen:
        chosen = [frame for frame in stack if not _runs_inputs(frame[0])]
    named = (
        f"{Path(path).stem}:{_INNER.sub('', name).replace('.<locals>', '')}"
        for path, name in chosen
        if name not in _COMPREHENSIONS  # as faulthandler has it, without the function around it
    )
    return list(named)


def loop_erased(functions: Iterable[str]) -> list[str]:
    """Return a path, outermost first, in which no function comes twice.

    Source: Lawler, "A self-avoiding random walk", 1980: loops are erased in the order they close.
    """
    path: list[str] = []
    for function in functions:
        if function in path:
            del path[path.index(function) + 1 :]
        else:
            path.append(function)
    return path


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and its explicit causes, to the first of them."""
    chain = [error]
    while chain[-1].__cause__ is not None and chain[-1].__cause__ not in chain:
        chain.append(chain[-1].__cause__)
    return chain


def _stack_of(error: BaseException) -> Iterator[Frame]:
    for frame, _ in traceback.walk_tb(error.__traceback__):
        yield frame.f_code.co_filename, frame.f_code.co_qualname


def _of_group(group: BaseExceptionGroup[BaseException]) -> Signature:
    told = {signature_of(leaf) for leaf in _leaves(group)}
    members = sorted(f"{one.what} at {' < '.join(one.frames)}" for one in told)
    return Signature(what=f"group of {'; '.join(members)}", frames=frames_of(group))


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for member in group.exceptions:
        if isinstance(member, BaseExceptionGroup):
            yield from _leaves(member)
        else:
            yield member


def _recurring(stack: Sequence[Frame]) -> tuple[str, ...]:
    counts = Counter(named_frames(stack))
    most = max(counts.values(), default=0)
    # A function that calls itself through two others comes twice as often as each of them.
    return tuple(sorted(name for name, count in counts.items() if count * 4 > most))[:RECURRING]


def _native_stacks(text: str) -> list[list[Frame]]:
    """Return the stack of the current thread in each report, innermost first."""
    heads = list(_NATIVE_HEAD.finditer(text))
    if not heads:
        return [_NATIVE_FRAME.findall(text)]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    stacks = [
        (not head[0].startswith("Thread"), _NATIVE_FRAME.findall(text[head.end() : end]))
        for head, end in zip(heads, ends, strict=True)
    ]
    current = [stack for is_current, stack in stacks if is_current]
    # Where none is marked: the main thread is the oldest, and printed last.
    return current or [stacks[-1][1]]


def counts(path: str) -> bool:
    """Return whether a file's functions say what went wrong: neither ours nor Python's own."""
    if _runs_inputs(path):
        return False
    # Installed packages may lie below the folder of the standard library; they count.
    return not path.startswith(_STDLIB) or _INSTALLED.search(path) is not None


def _runs_inputs(path: str) -> bool:
    if path.startswith(_TARGETS):
        return False
    installed = _INSTALLED.search(path)
    return path.startswith(("<", *_OURS)) or (installed is not None and installed[1] in _TOOLS)


def _type_name(error: BaseException) -> str:
    """Return a type's name with its package, so that `Error` of two libraries is not one."""
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    name = kind.__qualname__.replace(".<locals>", "")
    return name if package in {"builtins", "__main__"} else f"{package}.{name}"
