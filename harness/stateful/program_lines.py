"""A program as lines of code, so that a story can show at which line each task stands.

What runs is not what is shown: each line that reads `put(1)` runs the call of that number through
the recording. Both texts have the same lines.
"""

from __future__ import annotations

import functools
import linecache
import zlib
from typing import TYPE_CHECKING, Any, Final

from harness.stateful.program import thread_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.stateful.program import Program

MAX_LINE: Final = 60  # characters of a call in a story
MAIN_NAME: Final = "program"


def functions_for(program: Program, name: str) -> dict[str, Callable[..., Any]]:
    """Return the functions of a program: `program(call, threads)`, and `T1(call)` and so on.

    Args:
        name: What a reader calls the object.
    """
    shown, run = _lines(program)
    text = "\n".join(shown)
    path = f"<{name} {zlib.crc32(text.encode()) & 0xFFFF:04x}>"
    linecache.cache[path] = (len(text), None, [f"{line}\n" for line in shown], path)
    return _compiled("\n".join(run), path)


@functools.lru_cache(maxsize=256)  # one program is run again and again while it is made smaller
def _compiled(source: str, path: str) -> dict[str, Callable[..., Any]]:
    namespace: dict[str, Any] = {"__name__": __name__}  # ours: what it calls is seen
    exec(compile(source, path, "exec"), namespace)  # noqa: S102  # written here, of numbers alone
    return namespace


def _lines(program: Program) -> tuple[list[str], list[str]]:
    """Return the lines that are shown, and those that run in their place."""
    shown, run = [f"def {MAIN_NAME}():"], [f"def {MAIN_NAME}(call, threads):"]
    numbers = iter(range(len(program)))

    def add(text: str, code: str) -> None:
        one_line = " ".join(text.split())
        shown.append(f"    {one_line[:MAX_LINE]}")
        run.append(f"    {code}")

    for one in program.prefix:
        add(str(one), f"call({next(numbers)})")
    names = [thread_name(number) for number in range(len(program.threads))]
    own = {name: [next(numbers) for _ in part] for name, part in _named(program)}
    for verb in ("start", "join"):
        for number, name in enumerate(names):
            add(f"{name}.{verb}()", f"threads[{number}].{verb}()")
    for one in program.suffix:
        add(str(one), f"call({next(numbers)})")
    add("", "pass")
    for name, part in _named(program):
        shown.append(f"def {name}():")
        run.append(f"def {name}(call):")
        for one, number in zip(part, own[name], strict=True):
            add(str(one), f"call({number})")
        add("", "pass")
    return shown, run


def _named(program: Program) -> list[tuple[str, tuple[Any, ...]]]:
    return [(thread_name(number), part) for number, part in enumerate(program.threads)]
