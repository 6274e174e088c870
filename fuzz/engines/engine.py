"""What makes inputs: one Protocol, and the engines by name.

An engine works in a worker process. It prepares before the target is imported, so that the import
happens under its hooks; then it runs inputs through the executor until that says that the budget
has ended. What fails is the executor's business: an engine sees an ordinary return.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, Protocol

from fuzz.engines.errors import EngineMissingError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fuzz.campaign.corpus import InputFolder
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerJob


class Engine(Protocol):
    """Makes inputs and runs them. One object serves one process.

    Attributes:
        name: What the command line calls it.
        what: One line for people: what guides it.
    """

    name: str
    what: str

    def why_not(self) -> str:
        """Return why it cannot run here; "" if it can. Cheap, and safe in any process."""

    def watching(self, facts: TargetFacts) -> AbstractContextManager[object]:
        """Return the setting in which the target is imported: the hooks that watch its code."""

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        """Run inputs until `executor.done`; begins with what the corpus holds.

        Called in a forked child where there is `fork`, once. Adds inputs that are worth keeping to
        the corpus, and takes up what other workers add there.
        """


_PLACES: Final = {
    "atheris": "fuzz.engines._atheris:Atheris",
    "greybox": "fuzz.engines.greybox:Greybox",
}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, the best first."""
    return tuple(_PLACES)


def engine(name: str) -> Engine:
    """Return the engine called `name`, or with "auto" the first that can run here.

    Args:
        name: One of `engine_names()`, or `module:NAME` of a class that makes one.

    Raises:
        EngineMissingError: It cannot run here, or there is none of that name.
    """
    for one in _PLACES if name == "auto" else (name,):
        module, _, attribute = _PLACES.get(one, one).partition(":")
        if not attribute:
            raise EngineMissingError(f"no engine is called {one!r}")
        made: Engine = getattr(importlib.import_module(module), attribute)()
        reason = made.why_not()
        if not reason:
            return made
        if name != "auto":
            raise EngineMissingError(reason)
    raise EngineMissingError("no engine can run here")
