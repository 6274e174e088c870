"""Scenarios about what outlives a process: what was committed is there, nothing half done counts.

    def work(folder, chance):            # one operation; returns what is committed from now on
        name = f"{chance.getrandbits(64)}.json"
        save(folder / name, {"n": 1})
        return name

    def check(folder, committed):        # in a calm process: asserts what must hold
        for name in committed:
            json.loads((folder / name).read_text())

    SAVES = durable(work, check, name="saves", what="what was saved can be read")

Under stress its threads work in one folder, and it is checked when they are done. Under chaos that
kills, a process works in the folder until it is killed, and the next one checks what is there.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stress.chaos_applied import calm
from stress.scenarios.scenario import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[Path, random.Random], str]
    Check = Callable[[Path, frozenset[str]], object]

THREADS: Final = 4
OPERATIONS: Final = 25


class DurableBody:
    """The body of such a scenario: work by threads, and the check afterwards.

    Attributes:
        work: One operation on a folder, with a stream of chance; returns what it committed.
        check: Takes the folder and all that was committed; raises when that is not there, or
            something is there that should not be.
        allow: Errors by which an operation may say that it did not commit.
    """

    def __init__(self, work: Work, check: Check, allow: tuple[type[BaseException], ...]) -> None:
        self.work = work
        self.check = check
        self.allow = allow

    def __call__(self, scale: Scale) -> int:
        """Run at a scale in a temporary folder; return how many operations were committed."""
        folder = Path(tempfile.mkdtemp(prefix="durable-"))
        committed: list[str] = []
        failures: list[BaseException] = []
        try:
            self._work(folder, scale, committed, failures)
            calm()  # what is looked at now is what the trouble has left
            if failures:
                raise failures[0]
            self.check(folder, frozenset(committed))
        finally:
            calm()
            shutil.rmtree(folder)
        return len(committed)

    def _work(
        self, folder: Path, scale: Scale, committed: list[str], failures: list[BaseException]
    ) -> None:
        def client(number: int) -> None:
            chance = random.Random(f"{scale.seed}:{number}")  # noqa: S311  # chance that repeats
            for _ in range(scale.operations):
                try:
                    committed.append(self.work(folder, chance))
                except self.allow:
                    continue  # it said that it did not
                except BaseException as error:  # noqa: BLE001  # raised again by the one who waits
                    failures.append(error)
                    return

        started: list[threading.Thread] = []
        try:
            for number in range(scale.threads):
                thread = threading.Thread(target=client, args=(number,))
                thread.start()
                started.append(thread)
        finally:
            for thread in started:
                thread.join()


def durable(  # noqa: PLR0913  # each by its name
    work: Work,
    check: Check,
    *,
    name: str,
    what: str,
    allow: tuple[type[BaseException], ...] = (OSError,),
    threads: int = THREADS,
    operations: int = OPERATIONS,
) -> Scenario:
    """Return a scenario of an operation that commits something to a folder.

    Args:
        work: One operation, as above. Threads do it at the same time in one folder.
        check: What must hold whenever nobody works, whatever happened before.
        name: What the command line calls it.
        what: One sentence: what happens, and what must hold.
        allow: Errors by which an operation says that it has not committed.
        threads: Threads of a stress run.
        operations: What each of them does.
    """
    return Scenario(
        name=name,
        body=DurableBody(work, check, allow),
        exploration_scale=Scale(threads=1, operations=1),
        stress_scale=Scale(threads=threads, operations=operations),
        what=what,
        takes=("threads", "operations", "seed"),
    )
