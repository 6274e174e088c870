"""Runs inputs inside the child, whichever engine makes them: judges, counts, reports.

A failing input does not end the campaign: what it raised is caught here and reported, and the
engine sees an ordinary return. What cannot be caught (a signal, a hang) the parent reads from the
black box.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any

from fuzz.crash import crash_of, full_traceback
from fuzz.errors import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fuzz.black_box import BlackBox
    from fuzz.fuzz_target import Run


class Reports:
    """Lines of JSON to the parent."""

    def __init__(self, channel: IO[str]) -> None:
        self._channel = channel

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Send one report at once."""
        self._channel.write(json.dumps({"report": kind, **fields}) + "\n")
        self._channel.flush()


class Executor:
    """Runs inputs of one target until the budget ends. Used by one thread."""

    def __init__(
        self,
        run: Run,
        box: BlackBox,
        reports: Reports,
        *,
        runs: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._run = run
        self._box = box
        self._reports = reports
        self._runs = runs
        self._ends_s = None if seconds is None else time.monotonic() + seconds
        self._smallest: dict[str, int] = {}  # the length of the smallest input of each finding
        self._features: set[int] = set()
        self._stray: list[BaseException] = []
        self._replayed = 0
        self._parent = os.getppid()
        # Without these an exception in a thread or a finaliser is a line on standard error, and
        # no engine calls that a crash.
        threading.excepthook = lambda args: self._take_stray(args.exc_value)
        sys.unraisablehook = lambda args: self._take_stray(args.exc_value)

    @property
    def done(self) -> bool:
        """Whether the budget has ended, or nobody is left who would take what is found."""
        if os.getppid() != self._parent:
            return True
        if self._runs is not None and self._box.executions - self._replayed >= self._runs:
            return True
        return self._ends_s is not None and time.monotonic() >= self._ends_s

    def __call__(
        self, data: bytes, *, count: Callable[[Collection[int]], None] | None = None
    ) -> frozenset[int]:
        """Run one input; return the features that no input had before.

        Args:
            count: Takes the features of this input as soon as they are known.
        """
        features, error = self._try(data)
        if features and count is not None:
            count(features)
        if error is not None:
            self._fail(error, data)
        if not features:
            return frozenset()
        fresh = frozenset(features) - self._features
        if fresh:
            self._features |= fresh
            self._box.features = len(self._features)
        return fresh

    def replay(self, data: bytes, name: str) -> None:
        """Run a saved input and report whether it still fails."""
        _, error = self._try(data)
        self._replayed += 1
        crash = None
        if error is not None:
            crash = crash_of(error, data, story=self._story(error, data), confirmed=True).to_json()
            self._smallest[crash["key"]] = 0  # a saved finding is never reported as a new one
        self._reports.send("replayed", name=name, crash=crash)

    def finish(self) -> None:
        """Tell the parent that the budget ended in good order."""
        self._box.settle()
        with contextlib.suppress(AttributeError):
            self._run.close()  # type: ignore[attr-defined]  # optional
        with contextlib.suppress(BrokenPipeError):  # the parent was killed
            self._reports.send("done")

    def _try(self, data: bytes) -> tuple[Collection[int] | None, BaseException | None]:
        self._box.begin(data)
        features: Collection[int] | None = None
        error: BaseException | None = None
        try:
            features = self._run(data)
        except UndecidedError:
            self._box.undecided += 1
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # noqa: BLE001  # SystemExit ends a campaign otherwise
            error = raised
        self._box.end()
        if self._stray:
            error = error or self._stray[0]
            self._stray.clear()
        return features, error

    def _take_stray(self, error: BaseException | None) -> None:
        if error is not None:
            self._stray.append(error)

    def _fail(self, error: BaseException, data: bytes) -> None:
        """Count a failure; report it if it is new, or smaller than those like it."""
        self._box.failures += 1
        crash = crash_of(error, data, story="", confirmed=False)
        known = self._smallest.get(crash.key)
        if known is not None and len(data) >= known:
            return
        self._smallest[crash.key] = len(data)
        _, again = self._try(data)
        confirmed = again is not None and (
            crash_of(again, data, story="", confirmed=False).key == crash.key
        )
        crash = crash_of(error, data, story=self._story(error, data), confirmed=confirmed)
        self._reports.send("crash", crash=crash.to_json(), data=data.hex())

    def _story(self, error: BaseException, data: bytes) -> str:
        explain = getattr(self._run, "explain", None)
        told: str = explain(data) if explain is not None else ""
        return told or full_traceback(error)
