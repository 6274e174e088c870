"""What cannot be instrumented, and why; nothing is left out silently."""

from __future__ import annotations

from harness.errors import HarnessError


class InstrumentError(HarnessError):
    """Base of what can go wrong while code is made visible."""


class AccessesTakenError(InstrumentError):
    """A backend was to hear of accesses that something else hears of already."""

    def __init__(self, taken_by: str) -> None:
        super().__init__(taken_by)
        self.taken_by = taken_by

    def __str__(self) -> str:
        return (
            f"a {self.taken_by} hears of the accesses of this process already, and only one can. "
            "Leave it first, or use another process."
        )


class AlreadyImportedError(InstrumentError):
    """Modules to instrument were imported before the hook was in place."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        super().__init__(modules)
        self.modules = modules

    def __str__(self) -> str:
        named = ", ".join(self.modules)
        return (
            f"already imported, so their shared accesses stay invisible: {named}. Import them "
            "inside `with instrument_imports(...)` first, pass reload=True to import them anew "
            "(objects made from the old modules keep the old code), or exclude them."
        )


class NoSourceError(InstrumentError):
    """A module or function that was asked for has no Python source that can be rewritten."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"cannot instrument {self.name}: {self.reason}. Exclude it "
            f"(exclude=[{self.name!r}]) and its accesses count as opaque, or provide its source."
        )


class BadSourceError(InstrumentError, SyntaxError):
    """The source of a module to instrument does not compile as it stands."""

    def __init__(self, name: str, error: SyntaxError) -> None:
        details = (error.filename, error.lineno, error.offset, error.text)
        InstrumentError.__init__(self, f"{name}: {error.msg}", details)
        self.msg = f"{name} cannot be instrumented, its source does not compile: {error.msg}"
        self.filename, self.lineno, self.offset, self.text = details
        self.end_lineno, self.end_offset = error.end_lineno, error.end_offset


class FunctionNotFoundError(InstrumentError):
    """The source of a function was read, but the function is not in it."""

    def __init__(self, name: str, filename: str, line: int) -> None:
        super().__init__(name, filename, line)
        self.name = name
        self.filename = filename
        self.line = line

    def __str__(self) -> str:
        return (
            f"{self.name} is not at {self.filename}:{self.line}: the file changed after it was "
            "imported, or the function was made by exec or a decorator. Import its module inside "
            "`with instrument_imports(...)` instead."
        )
