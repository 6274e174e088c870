"""Who holds which lock, and who waits for it, as far as a stuck process shows.

Python's plain lock does not know its owner, and wrapping every lock would move the very races that
stress is to meet. So nothing is recorded while the threads run. When they are stuck, their frames
tell: a thread whose frame stands inside `with self._lock:` holds that lock, or waits for it if it
stands at the line of the `with` itself; a call of `acquire` that has not returned waits. A
re-entrant lock knows its owner, and is asked. What was taken by `acquire()` and is given back
elsewhere shows its waiters only.
"""

from __future__ import annotations

import ast
import functools
import linecache
import re
import sys
import textwrap
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import FrameType

_LOCKS: Final = (type(threading.Lock()), type(threading.RLock()))
_OWNER: Final = re.compile(r"owner=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One thread at one lock.

    Attributes:
        lock: Its identity, and what the program calls it.
        waits: It waits; else it holds.
        owner: Whom the lock itself names, if it knows its owner.
    """

    lock: int
    name: str
    thread: int
    place: str
    waits: bool
    owner: int | None = None


def owners_report(frames: Mapping[int, FrameType], *, skip: Iterable[int] = ()) -> str:
    """Return, line by line, which locks threads wait for and who holds them; "" if none is seen.

    Args:
        frames: Innermost frame of each thread, as `sys._current_frames()` has them.
        skip: Threads that do not count: the one that asks.
    """
    left_out = frozenset(skip)
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    holds = [
        hold
        for thread, frame in frames.items()
        if thread not in left_out
        for hold in _holds_of(thread, frame)
    ]
    wanted = dict.fromkeys(hold.lock for hold in holds if hold.waits)
    lines: list[str] = []
    for lock in wanted:
        waiting = [hold for hold in holds if hold.lock == lock and hold.waits]
        holding = [hold for hold in holds if hold.lock == lock and not hold.waits]
        lines.append(f"{waiting[0].name}")
        lines += [f"  held by {_at(hold, names)}" for hold in holding]
        if not holding:
            lines.append(f"  held by {_told_owner(waiting[0], names)}")
        lines += [f"  wanted by {_at(hold, names)}" for hold in waiting]
    return "\n".join(lines)


def _told_owner(hold: Hold, names: Mapping[int | None, str]) -> str:
    if hold.owner is None:
        return "nobody who is in a `with` of it"
    return f"{names.get(hold.owner, f'thread {hold.owner:#x}')}, as the lock itself says"


def _at(hold: Hold, names: Mapping[int | None, str]) -> str:
    return f"{names.get(hold.thread, f'thread {hold.thread:#x}')} at {hold.place}"


def _holds_of(thread: int, innermost: FrameType) -> Iterator[Hold]:
    """Yield what the frames of one thread say, the innermost first."""
    found: dict[int, Hold] = {}
    released: set[int] = set()
    frame: FrameType | None = innermost
    is_innermost = True
    while frame is not None:
        if frame.f_code.co_filename == threading.__file__:
            # What a condition or a join takes inside is nobody's business; but a thread that
            # enters a condition stands in here, and its caller's line is where it waits.
            if frame.f_code is threading.Condition.wait.__code__:
                released.add(id(_lock_behind(frame.f_locals.get("self"))))
            frame = frame.f_back
            continue
        for name, lock, waits in _locks_at(frame, is_innermost=is_innermost):
            owner = _owner_of(lock)
            waits_here = waits or (owner is not None and owner != thread)
            if id(lock) in released or id(lock) in found:
                continue  # given back while it waits; or said by a frame further in
            found[id(lock)] = Hold(
                lock=id(lock),
                name=f"{name} ({type(lock).__name__} at {id(lock):#x})",
                thread=thread,
                place=f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}",
                waits=waits_here,
                owner=owner,
            )
        is_innermost, frame = False, frame.f_back
    yield from found.values()


def _locks_at(frame: FrameType, *, is_innermost: bool) -> Iterator[tuple[str, Any, bool]]:
    """Yield the locks that the line of a frame takes, or stands inside: name, lock, waits."""
    line = frame.f_lineno
    for node in _with_statements(frame.f_code.co_filename, line):
        for item in node.items:
            at_head = item.context_expr.lineno <= line <= (item.context_expr.end_lineno or line)
            lock = _lock_behind(_value(item.context_expr, frame))
            if lock is not None:
                yield ast.unparse(item.context_expr), lock, at_head and is_innermost
    if is_innermost:
        for call in _acquire_calls(frame.f_code.co_filename, line):
            lock = _lock_behind(_value(call.value, frame))
            if lock is not None:
                yield ast.unparse(call.value), lock, True


@functools.lru_cache(maxsize=64)
def _tree(filename: str) -> ast.Module | None:
    text = "".join(linecache.getlines(filename))
    try:
        return ast.parse(textwrap.dedent(text)) if text else None
    except (SyntaxError, ValueError):
        return None


def _with_statements(filename: str, line: int) -> list[ast.With]:
    """Return the `with` statements that a line stands in, the innermost first."""
    tree = _tree(filename)
    if tree is None:
        return []
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and node.lineno <= line <= (node.end_lineno or line)
    ]
    # A function defined inside the `with` runs later, outside of it: only within one function.
    scope = _scope_of(tree, line)
    return sorted(
        (one for one in found if _scope_of(tree, one.lineno) is scope),
        key=lambda one: one.lineno,
        reverse=True,
    )


def _scope_of(tree: ast.Module, line: int) -> ast.AST:
    inside: ast.AST = tree
    for node in ast.walk(tree):  # breadth first: a later hit lies deeper
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = node.body
            first = body.lineno if isinstance(body, ast.expr) else body[0].lineno
            if first <= line <= (node.end_lineno or line):
                inside = node
    return inside


def _acquire_calls(filename: str, line: int) -> list[ast.Attribute]:
    tree = _tree(filename)
    return [
        node.func
        for node in ([] if tree is None else ast.walk(tree))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "acquire"
        and node.lineno <= line <= (node.end_lineno or line)
    ]


def _value(node: ast.expr, frame: FrameType) -> Any:  # noqa: ANN401  # whatever the program has
    """Return what a plain name, attribute or item is in a frame; None for anything else.

    Only plain look-ups: nothing is called but what an attribute of the program's own may run.
    """
    try:
        match node:
            case ast.Name(id=name):
                place = frame.f_locals if name in frame.f_locals else frame.f_globals
                return place.get(name)
            case ast.Attribute(value=inner, attr=name):
                return getattr(_value(inner, frame), _mangled(name, frame), None)
            case ast.Subscript(value=inner, slice=index):
                return _value(inner, frame)[_value(index, frame)]
            case ast.Constant(value=constant):
                return constant
            case _:
                return None
    except Exception:  # noqa: BLE001  # a property of the program's, in a process that is stuck
        return None


def _mangled(name: str, frame: FrameType) -> str:
    if not name.startswith("__") or name.endswith("__"):
        return name
    owner = type(frame.f_locals.get("self")).__name__.lstrip("_")
    return f"_{owner}{name}"


def _lock_behind(value: Any) -> Any:  # noqa: ANN401  # as above
    """Return the lock that a value is, or that a condition is built on; else None."""
    if isinstance(value, threading.Condition):
        value = getattr(value, "_lock", None)
    return value if isinstance(value, _LOCKS) else None


def _owner_of(lock: Any) -> int | None:  # noqa: ANN401  # as above
    """Return the thread that owns a re-entrant lock; None for a plain one, or if it is free."""
    match = _OWNER.search(repr(lock))
    return int(match[1]) or None if match else None


def report_of_this_process() -> str:
    """Return the report on every other thread of this process."""
    return owners_report(sys._current_frames(), skip={threading.get_ident()})  # noqa: SLF001  # documented
