"""What the child does: rounds of one body, with noise, and a count of what is held after each."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import os
import random
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from harness.probes import NotAvailableHereError, arm
from stress.chaos import Chaos
from stress.errors import StressError
from stress.holdings import Accountant
from stress.interpreter_words import this_interpreter
from stress.noise import SWITCH, Noise
from stress.scenarios import Scale, Scenario, find_scenario
from stress.watcher import THREADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.channel import Channel
    from stress.chaos_applied import AppliedChaos
    from stress.noise_applied import AppliedNoise

GRACE_S: Final = 30.0  # the parent ends a stuck child long before; this is for a dead parent
TEXT_CHARS: Final = 20_000  # of a failure; an exception may carry a megabyte of its own


class Rounds:
    """One run of a scenario in this process.

    Args:
        job: What `stress.spawning` sends.
        stacks: Where the stacks of all threads go when the parent asks.
    """

    def __init__(self, job: Mapping[str, Any], channel: Channel, *, stacks: IO[bytes]) -> None:
        self._job = job
        self._channel = channel
        self._stacks = stacks
        self._seeds = random.Random(job["seed"])  # noqa: S311  # a reproducible choice
        self._accountant = Accountant(Path(job["scratch"]), own_threads=THREADS)
        self._failure = ""
        self._hang_s = 0.0
        self._noise: AppliedNoise | None = None
        self._chaos: AppliedChaos = Chaos().applied(seed=0, scratch=Path(job["scratch"]))

    def run(self) -> None:
        """Run rounds until the budget is spent or one fails; report each."""
        self._listen()
        self._channel.tell("begun", interpreter=this_interpreter(whole=self._job["foreign"]))
        noise = SWITCH if self._job["noise"] is None else Noise.from_json(self._job["noise"])
        include = self._job["instrument"]
        seed, scratch = self._job["seed"], Path(self._job["scratch"])
        with (
            self._chaos_of().applied(seed=seed, scratch=scratch) as self._chaos,
            noise.applied(seed=seed, include=include) as applied,
        ):
            try:
                subject = find_scenario(self._job["target"])
                full = subject.stressed(**self._job["scale"])
            except StressError as error:
                self._channel.tell("broken", text=_bounded(_story(error)))
                return
            self._noise = applied
            self._run(subject, full, applied)
        self._channel.tell("done", new=self._accountant.new_ones(), chaos=self._chaos.done)

    def _chaos_of(self) -> Chaos:
        asked = self._job["chaos"]
        return Chaos() if asked is None else Chaos.from_json(asked)

    def _run(self, subject: Scenario, full: Scale, applied: AppliedNoise) -> None:
        self._hang_s = (self._job["hang_s"] or subject.hang_s) + (full.duration_s or 0.0)
        self._channel.tell(
            "ready",
            hang_s=self._hang_s,
            threads=full.threads,
            operations=full.operations,
            skipped=[*applied.skipped, *self._chaos.skipped],
        )
        began_s = time.monotonic()
        applied.begin_round(0)
        # A small round first: lazy imports, caches and the allocator's first blocks are no leak.
        if self._round(subject, subject.exploration_scale) is None:
            return
        self._channel.tell("warm", **self._accountant.count().to_json())
        number = 0
        while self._has_budget(number, time.monotonic() - began_s):
            number += 1
            applied.begin_round(number)
            scale = dataclasses.replace(full, seed=self._seeds.getrandbits(32))
            round_s = time.monotonic()
            done = self._round(subject, scale, number=number)
            if done is None or not self._recovers(subject):
                return
            took_s = time.monotonic() - round_s
            held = self._accountant.count().to_json()
            self._channel.tell("round", operations=done, took_s=took_s, **held)

    def _has_budget(self, done: int, elapsed_s: float) -> bool:
        rounds, seconds = self._job["rounds"], self._job["seconds"]
        if done == 0:
            return True
        return (rounds is None or done < rounds) and (seconds is None or elapsed_s < seconds)

    def _recovers(self, subject: Scenario) -> bool:
        """Whether the scenario does its work again once chaos rests: what it may not do forever."""
        if not self._chaos.active:
            return True
        return self._round(subject, subject.exploration_scale) is not None

    def _round(self, subject: Scenario, scale: Scale, *, number: int | None = None) -> int | None:
        """Run the body once; return its operations, or None if it failed, in whichever thread.

        Args:
            number: Of the round that chaos is brought on for; None: it rests.
        """
        trouble = contextlib.nullcontext() if number is None else self._chaos.round(number)
        faulthandler.dump_traceback_later(self._hang_s + GRACE_S, exit=True)
        result: object = None
        left: SystemExit | None = None
        try:
            with trouble:
                result = subject.body(scale)
        except SystemExit as error:
            left = error
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the finding
            self._note(error, "the body")
        finally:
            if not self._channel.is_ours:
                os._exit(0)  # a forked copy came back from the body; the original goes on
            faulthandler.cancel_dump_traceback_later()
        if left is not None:
            self._channel.tell("left", code=_code_of(left), text=_bounded(_traceback(left)))
            return None
        if self._failure:
            self._channel.tell("failed", text=_bounded(self._failure))
            return None
        asked = scale.threads * scale.operations * scale.repeats
        return result if type(result) is int else asked

    def _listen(self) -> None:
        """Hear what a program would only print: errors of threads and of destructors."""
        faulthandler.enable()
        threading.excepthook = lambda args: self._note(
            args.exc_value, f"thread {args.thread.name if args.thread else '?'}"
        )
        sys.unraisablehook = lambda args: self._note(args.exc_value, f"{args.object!r}")
        with contextlib.suppress(NotAvailableHereError):  # the parent says so when it asks
            arm(self._stacks)

    def _note(self, error: BaseException | None, where: str) -> None:
        if self._failure or error is None:
            return  # the first failure explains; the others mostly follow from it
        if self._chaos.forgives(error):
            return  # it gave up, as it may when the system does not let it go on
        self._failure = f"in {where}:\n" + _traceback(error) + self._held_up()

    def _held_up(self) -> str:
        """Say where the noise held threads up: mostly the place that the bug is at."""
        places = () if self._noise is None else self._noise.hot_places()
        lines = (f"  {place}" for place in places)
        return "\n".join(("threads were held up before these accesses:", *lines)) if places else ""


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _story(error: StressError) -> str:
    """Return what the import of a scenario met, with the place in the user's own code."""
    cause = error.__cause__
    return str(error) if cause is None else f"{error}\n{_traceback(cause)}"


def _bounded(text: str) -> str:
    if len(text) <= TEXT_CHARS:
        return text
    half = TEXT_CHARS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n... {left_out:,} characters left out ...\n{text[-half:]}"


def _code_of(error: SystemExit) -> int:
    """Return the exit code that the interpreter would have left with."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1
