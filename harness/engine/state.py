"""What an execution consists of, and how it is told to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from harness.engine import board
from harness.engine.board import ALONE_NAME, shared
from harness.engine.ending import Ending, EndingKind, place_of
from harness.engine.place import caller_site
from harness.engine.region import Region
from harness.engine.task import Task, TaskKilled
from harness.engine.teardown import kill_again, quiet_step
from harness.errors import BlockedInRegionError, HarnessError, UncontrolledError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenlet import greenlet

    from harness.engine.host import Host
    from harness.engine.pool import Pool
    from harness.engine.recorder import Recorder
    from harness.judged import JudgedBody

START_NS = 1_000 * 10**9  # virtual monotonic clock at the start


class State:
    """The state of one execution. Belongs to the OS thread that made it; not shared."""

    __slots__ = (
        "abandoned",
        "alone_limit",
        "body_done",
        "current",
        "daemons",
        "early",
        "ending",
        "executors_made",
        "fair_steps",
        "futures_made",
        "host",
        "hub",
        "io_waiters",
        "judge",
        "limit",
        "live",
        "loops",
        "max_steps",
        "model",
        "now_ns",
        "os_thread",
        "patient",
        "pick",
        "pool",
        "ready",
        "recorder",
        "regions",
        "schedule",
        "step",
        "steps",
        "stopping",
        "tasks",
        "threads_made",
        "timed",
        "tool_error",
        "twins",
        "watched",
    )

    def __init__(  # noqa: PLR0913  # what an execution consists of
        self,
        pick: Callable[[Sequence[Task], Task | None], Task],
        *,
        pool: Pool,
        host: Host,
        max_steps: int,
        gil: bool = False,
        early: bool = False,
    ) -> None:
        self.pick = pick
        self.pool = pool
        self.host = host
        self.max_steps = max_steps
        self.fair_steps = max(max_steps // 4, 1)  # steps of others after which a deadline comes
        self.limit = self.alone_limit = self.fair_steps
        self.model = gil
        self.early = early
        self.judge: JudgedBody | None = None  # set by what runs in it and is judged afterwards
        self.recorder: Recorder | None = None  # set by an execution that is recorded
        self.watched = False  # set by one that tells somebody of every step
        self.os_thread = board.get_os_ident()
        self.hub: greenlet = getcurrent()
        self.tasks: list[Task] = []
        self.ready: list[Task] = []  # who could run now, by id
        self.timed: list[Task] = []  # who is parked with a deadline, by id
        self.patient: list[Task] = []  # likewise, by a deadline that is only met when all wait
        self.schedule: list[int] = []
        self.steps = 0
        self.threads_made = 0  # for default names: the same in every execution
        self.executors_made = 0  # likewise
        self.futures_made = 0  # likewise
        self.now_ns = START_NS
        self.live = 0  # tasks that are neither finished nor daemons
        self.daemons = False  # some task was made one: it may be left at the end
        self.regions: list[str] = []
        self.io_waiters: list[Task] = []
        self.twins: dict[int, tuple[Any, Any]] = {}
        self.body_done = False
        self.stopping = False
        self.loops = False
        self.ending: Ending | None = None
        self.tool_error: BaseException | None = None
        self.abandoned: Task | None = None
        self.step: Callable[[str, Any], None] = self._step_stopping  # until there is a first one
        self.current: Task

    # -- regions, stand-ins, loops ---------------------------------------------------------------

    def region(self, reason: str) -> Region:
        """Return a block that runs as one step."""
        return Region(self, reason)

    def enter_region(self, reason: str) -> None:
        """Nobody else runs from now on."""
        self.regions.append(reason)
        self._refresh_alone()

    def leave_region(self) -> None:
        """Undo the last `enter_region`."""
        self.regions.pop()
        self._refresh_alone()

    def stand_in(self, lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
        """Return the twin that stands for a real lock in this execution."""
        known = self.twins.get(id(lock))
        if known is None:
            known = self.twins[id(lock)] = (self.host.adopt(lock), lock)  # keeps the id taken
        return known[0]

    def _restore_loop(self) -> None:
        self.host.set_running_loop(self.current.loop)

    def _refresh_alone(self) -> None:
        if self.watched:
            board.alone = shared[ALONE_NAME] = self.stopping
        else:
            others = len(self.ready) + (len(self.timed) if self.early else 0)
            alone = others < 2 or bool(self.regions) or self.stopping  # noqa: PLR2004
            board.alone = shared[ALONE_NAME] = alone

    # -- ending ----------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """End the execution at its next step; safe to call from a signal handler or thread."""
        self.max_steps = self.limit = self.alone_limit = -1

    def fail(self, error: BaseException) -> None:
        """End the execution because the tool cannot go on; never returns in a task."""
        self.tool_error = self.tool_error or error
        self.leave_for_good()

    def refuse(self, error: HarnessError) -> None:
        """Report something uncontrolled and raise it where it happened, so the line shows."""
        self.tool_error = self.tool_error or error
        self.stop()
        raise error

    def leave_for_good(self) -> None:
        """Leave the current task for the hub, which will end it."""
        self.stop()
        self.hub.switch()
        raise TaskKilled

    def stop(self) -> None:
        """Let nobody run but whoever cleans up."""
        self.stopping = True
        self.alone_limit = -1  # a loop that goes on is told to end
        board.alone = shared[ALONE_NAME] = True
        self.step = self._step_stopping

    def _step_stopping(self, _label: str, _obj: object) -> None:
        quiet_step(self)

    def _note_overrun(self) -> None:
        if self.max_steps >= 0:
            unfinished = [task for task in self.tasks if not task.finished]
            places = tuple(place_of(task, running=self.current) for task in unfinished)
            self.ending = self.ending or Ending(EndingKind.STEP_BOUND, places=places)
        self.stop()

    def _refuse_to_block(self, on: Any) -> None:  # noqa: ANN401  # any twin
        if self.stopping:
            kill_again(self)
        site = caller_site(None).text()
        self.refuse(BlockedInRegionError(self.regions[-1], on.describe_wait(), site))

    def _meet_foreign(self) -> None:
        error = UncontrolledError(
            "a thread or greenlet that this execution did not start runs instrumented code",
            caller_site(None).text(),
            "Start it with threading inside the body, or keep it away from the code under test.",
        )
        self.tool_error = self.tool_error or error
        raise error

    def _cannot_judge(self, what: str, remedy: str) -> None:
        error = UncontrolledError(what, "the end of the execution", remedy)
        self.tool_error = self.tool_error or error
        self.stop()
