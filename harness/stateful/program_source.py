"""A failing program as a test: Python that runs by itself."""

from __future__ import annotations

import functools
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.judgement import Criterion
from harness.stateful.program import thread_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.stateful.program import Call, Program

_PLAIN: Final = (int, str, bool, float, bytes, type(None))
_MISSING: Final = "..."
WIDTH: Final = 76  # a line of calls is broken beyond it


class TestSource:
    """Writes one test. Collects what it has to import as it goes."""

    __test__ = False  # pytest need not look into it

    def __init__(self) -> None:
        self._imports: set[str] = set()
        self._missing: list[str] = []

    def write(  # noqa: PLR0913  # the parts of a test
        self,
        make: Callable[[], Any],
        program: Program,
        token: str,
        *,
        model: object,
        criterion: Criterion,
        name: str,
    ) -> str:
        """Return the test."""
        self._imports.add("from harness.stateful import Program, check_program")
        subject = self.expression(make)
        options = [f"token={token!r}"] if token else []
        if model is not None:
            options.insert(0, f"model={self.expression(model)}")
        if criterion is not Criterion.LINEARIZABLE:
            options.append(f"criterion={criterion.value!r}")
        lines = [
            f"def test_{_snake(name)}_is_{_snake(criterion.value)}() -> None:",
            "    program = Program.of(",
            *self._parts(program),
            "    )",
            f"    check_program({', '.join([subject, 'program', *options])})",
        ]
        notes = [f"# {one}" for one in self._missing]
        body = "\n".join(lines)
        return "\n".join([*sorted(self._imports), *notes, "", "", body, ""])

    def _parts(self, program: Program) -> list[str]:
        lines = []
        if program.prefix:
            lines.append(f"        prefix={self._calls(program.prefix)},")
        lines = [
            f"        {self._calls(part)},  # {thread_name(number)}"
            for number, part in enumerate(program.threads)
        ] + lines
        if program.suffix:
            lines.append(f"        suffix={self._calls(program.suffix)},")
        return lines

    def _calls(self, calls: tuple[Call, ...]) -> str:
        return f"[{', '.join(map(self._call, calls))}]"

    def _call(self, call: Call) -> str:
        what = repr(call.name) if call.function is None else self.expression(call.function)
        arguments = [self.expression(one) for one in call.arguments]
        if call.keywords or (call.function is not None and call.function.__name__ != call.name):
            self._imports.add("from harness.stateful import Call")
            named = [f"{word}={self.expression(one)}" for word, one in call.keywords]
            return f"Call.of({', '.join([what, *arguments, *named])})"
        return f"({', '.join([what, *arguments])})" if arguments else what

    def expression(self, value: Any) -> str:  # noqa: ANN401  # anything that a program holds
        """Return Python that makes a value again; `...` with a note where there is none."""
        if type(value) in _PLAIN:
            return repr(value)
        if type(value) in (list, tuple, set, frozenset) and value:
            return self._collection(value)
        if type(value) is dict:
            pairs = (f"{self.expression(k)}: {self.expression(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, functools.partial):
            parts = [self.expression(one) for one in (value.func, *value.args)]
            parts += [f"{word}={self.expression(one)}" for word, one in value.keywords.items()]
            self._imports.add("import functools")
            return f"functools.partial({', '.join(parts)})"
        return self._named(value) or self._made(value) or self._left_out(value)

    def _collection(self, value: Any) -> str:  # noqa: ANN401  # one of four
        inner = ", ".join(map(self.expression, value))
        match value:
            case list():
                return f"[{inner}]"
            case tuple():
                return f"({inner}{',' if len(value) == 1 else ''})"
            case set():
                return f"{{{inner}}}"
            case _:
                return f"frozenset({{{inner}}})"

    def _named(self, value: Any) -> str:  # noqa: ANN401  # anything
        """Return the name of what can be imported; empty if it cannot."""
        module = getattr(value, "__module__", None)
        name = getattr(value, "__qualname__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return ""
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not value:
            return ""
        if module != "builtins":
            self._imports.add(f"from {module} import {name.partition('.')[0]}")
        return name

    def _made(self, value: Any) -> str:  # noqa: ANN401  # anything
        """Return the call of a class that makes an equal value, where its repr is one."""
        kind = type(value)
        text = repr(value)
        if text.startswith(f"{kind.__qualname__}(") and self._named(kind):
            return text
        if not vars(kind).get("__slots__") and not getattr(value, "__dict__", True):
            cls = self._named(kind)
            return f"{cls}()" if cls else ""
        return ""

    def _left_out(self, value: object) -> str:
        self._missing.append(f"Put in place of ... what this was: {value!r}"[:WIDTH])
        return _MISSING


def _snake(name: str) -> str:
    """Return a name as a part of a function's name."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2])
    return re.sub(r"\W+", "_", words).strip("_").lower() or "object"
