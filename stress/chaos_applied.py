"""Chaos at work in this process: brought on for a round, taken away for the look afterwards."""

from __future__ import annotations

import contextlib
import errno
import random
from typing import TYPE_CHECKING, Final, Protocol

from stress.chaos import Trouble
from stress.chaos_clock import ClockJumps
from stress.chaos_disk import FullDisk
from stress.chaos_faults import FailingCalls
from stress.chaos_limits import FewDescriptors, FewLocks
from stress.chaos_signals import RandomSignals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.faults import Faults
    from stress.chaos import Chaos

# What the system answers when it is out of something, or was made to fail.
_SCARCE: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EPERM,
    }
)
_NO_THREAD: Final = "can't start new thread"
_present: list[AppliedChaos] = []


class Agent(Protocol):
    """One kind of chaos in this process. Belongs to its main thread."""

    @property
    def done(self) -> str:
        """What it did so far, in words."""

    def begin(self, chance: random.Random) -> None:
        """Bring it on; what it is in particular is drawn."""

    def end(self) -> None:
        """Take it away; nothing happens if it is not there."""


class AppliedChaos:
    """All the chaos of this process, from entering to leaving. Belongs to one thread; used once.

    Attributes:
        skipped: What this machine cannot do, in words; the rest is in place.
        given_up: Rounds, or threads of them, that ended with an error of the system.
    """

    def __init__(self, chaos: Chaos, *, seed: int, scratch: Path) -> None:
        self._chaos = chaos
        self._seed = seed
        self._scratch = scratch
        self._agents: dict[str, Agent] = {}
        self._faults: FailingCalls | None = None
        self.skipped: tuple[str, ...] = ()
        self.given_up = 0

    def __enter__(self) -> AppliedChaos:  # noqa: PYI034  # final in effect
        for kind in self._chaos.kinds:
            try:
                agent = self._agent(kind)
            except OSError as error:
                self.skipped += (f"{kind}: {error}",)
                continue
            if agent is not None:
                self._agents[str(kind)] = agent
        calls = FailingCalls.of(self._chaos, full_disk=self._needs_enospc())
        if calls is not None:
            self._faults = calls
            self._agents["faults"] = calls
        _present.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        _present.remove(self)

    @contextlib.contextmanager
    def round(self, number: int) -> Iterator[None]:
        """Bring chaos on for a round of the scenario."""
        try:
            for name, agent in self._agents.items():
                # A stream of chance for each: what one draws does not move what another does.
                agent.begin(random.Random(f"{self._seed}:{number}:{name}"))  # noqa: S311  # chance that repeats
            yield
        finally:
            self.rest()

    def rest(self) -> None:
        """Take all chaos away until the next round begins."""
        for agent in reversed(self._agents.values()):
            agent.end()

    @property
    def active(self) -> bool:
        """Whether anything goes wrong in its rounds."""
        return bool(self._agents)

    @property
    def faults(self) -> Faults | None:
        """The fault plan that is in force now, if one is."""
        return None if self._faults is None else self._faults.faults

    @property
    def done(self) -> dict[str, str]:
        """What was done, in words, by the kind."""
        told = {name: agent.done for name, agent in self._agents.items()}
        if self.given_up:
            told["given up"] = f"{self.given_up} times, with an error of the system"
        return told

    def forgives(self, error: BaseException | None) -> bool:
        """Return whether an error is what this chaos makes of a program that does its best."""
        if error is None or isinstance(error, AssertionError):
            return False
        if not self._makes_errors() or not any(map(self._is_scarcity, _chain(error))):
            return False
        self.given_up += 1
        return True

    def _is_scarcity(self, error: BaseException) -> bool:
        if isinstance(error, OSError):
            return error.errno in _SCARCE or self._faults is not None
        if isinstance(error, RuntimeError):
            return _NO_THREAD in str(error) or "injected into" in str(error)
        return isinstance(error, MemoryError)

    def _makes_errors(self) -> bool:
        harmless = {str(Trouble.CLOCK), str(Trouble.SIGNALS)}
        return bool(self._agents.keys() - harmless)

    def _needs_enospc(self) -> bool:
        disk = self._agents.get(Trouble.DISK)
        return isinstance(disk, FullDisk) and not disk.mounted

    def _agent(self, kind: Trouble) -> Agent | None:
        match kind:
            case Trouble.CLOCK:
                return ClockJumps()
            case Trouble.DISK:
                return FullDisk(self._scratch)
            case Trouble.DESCRIPTORS:
                return FewDescriptors()
            case Trouble.LOCKS:
                return FewLocks()
            case Trouble.SIGNALS:
                return RandomSignals()
            case Trouble.KILL | Trouble.SLOW | Trouble.FAILING:
                return None  # the parent kills; the other two are one fault plan


def calm() -> None:
    """Let chaos rest for the remainder of this round: for what looks at, and clears up after, it.

    A scenario calls this before it checks its invariant. Without chaos nothing happens.
    """
    for chaos in _present:
        chaos.rest()


def faults_now() -> Faults | None:
    """Return the fault plan in force, for a scenario that gives its subject ports; else None."""
    return next((chaos.faults for chaos in _present), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came from, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
