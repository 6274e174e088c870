"""One sitting of a campaign: from the start of its workers to the end of the last.

Twice a second one transaction takes in what the workers did: counts from their black boxes, reports
from their journals, entries of the corpus. In between the sitting looks whether one has ended, and
starts another in its place.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING, Final

from fuzz.campaign.campaign_run import MIB, Ending
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.campaign.findings import crash_in
from fuzz.engines.scheduled_merge import ScheduledMerge
from fuzz.triaging.crash import crash_from_json
from fuzz.workers.deaths import Meaning, crash_of_end, describe_end, meaning_of
from fuzz.workers.leftovers import remove_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fuzz.campaign.campaign_books import Books
    from fuzz.campaign.crew import Crew, Ended
    from fuzz.campaign.findings import Report
    from fuzz.engines.pace import Pace
    from fuzz.triaging.crash import Crash
    from fuzz.workers.slot import Life, Slot

SHOW_S: Final = 0.25
GRACE_S: Final = 1.0  # between a worker's own end and ours
STOP_S: Final = 30.0  # in which workers that were asked to end do so; a busy input is killed
LEAST_S: Final = 0.05  # of a budget: below it no other worker is started
DEATHS: Final = 3  # by a signal that may come from outside, before the input is blamed
FRUITLESS: Final = 3  # workers in a row that ended without running anything
SPARE_DISK_BYTES: Final = 64 * MIB  # left free: a full disk takes everybody's work with it


class Sitting:
    """Used once, by one thread.

    Args:
        limit_s: Seconds of fuzzing after which it is another target's turn.
        show: Called four times a second.
        stop: Asked at every look; True ends the sitting.
    """

    def __init__(  # noqa: PLR0913  # one campaign's parts
        self,
        crew: Crew,
        books: Books,
        *,
        pace: Pace,
        limit_s: float | None,
        show: Callable[[Crew], object],
        stop: Callable[[], bool],
    ) -> None:
        self._crew = crew
        self._books = books
        self._pace = pace
        self._show = show
        self._stop = stop
        self._merges = ScheduledMerge(books.settings.target, books.folder.corpus, pace=pace)
        self._fruitless = 0
        self._began_s: float | None = None  # when the first worker was ready
        self._ticked_s = time.monotonic()
        budget_s = books.settings.budget.seconds
        left_s = None if budget_s is None else max(budget_s - books.fuzzed_s, 0.0)
        self._left_s = left_s if limit_s is None else min(limit_s, left_s or limit_s)
        self._paused = limit_s is not None and (left_s is None or limit_s < left_s)
        self._before_s = books.fuzzed_s

    def run(self) -> Ending:
        """Run until something ends the sitting; return what did."""
        ending = Ending.INTERRUPTED
        with contextlib.suppress(KeyboardInterrupt):  # where nobody has put `stop` in its place
            ending = self._loop()
        self._end_all()
        return ending

    def _loop(self) -> Ending:
        record_s = show_s = 0.0
        while True:
            now_s = time.monotonic()
            self._tick(now_s)
            ended = self._crew.reap()
            if ended or now_s >= record_s:
                record_s = now_s + self._pace.record_s
                self._record(ended)
            ending = self._over()
            if ending is not None:
                return ending
            self._fill(now_s)
            if now_s >= show_s:
                show_s = now_s + SHOW_S
                self._show(self._crew)
            time.sleep(self._pace.look_s)

    def _tick(self, now_s: float) -> None:
        """Let the campaign's clock go on: from the first worker that is ready."""
        before_s, self._ticked_s = self._ticked_s, now_s
        if self._began_s is None:
            if not any(life.worker.began for _, life in self._crew.lives):
                return
            self._began_s = before_s  # it began since: a short campaign may have ended by now
        self._books.fuzzed_s = self._before_s + now_s - self._began_s

    def _spent_s(self) -> float:
        return self._books.fuzzed_s - self._before_s

    def _over(self) -> Ending | None:
        """Return what ends the sitting now, if anything does."""
        if self._books.trouble:
            return Ending.TROUBLE
        if self._stop():
            return Ending.INTERRUPTED
        return Ending.BUDGET if self._crew.finished else self._over_time()

    def _over_time(self) -> Ending | None:
        over_s = None if self._left_s is None else self._spent_s() - self._left_s
        if over_s is not None and over_s >= 0:
            # They end by themselves, after the input they run.
            if any(self._crew.lives) and over_s < GRACE_S:
                return None
            return Ending.PAUSED if self._paused else Ending.BUDGET
        stale_s = self._books.settings.budget.stale_s
        if stale_s is not None and self._books.quiet_s >= stale_s:
            return Ending.STALE
        return Ending.HOPELESS if self._crew.hopeless else None

    def _fill(self, now_s: float) -> None:
        """Start a worker wherever one is missing and may be started."""
        left_s = None if self._left_s is None else self._left_s - self._spent_s()
        if left_s is not None and left_s < LEAST_S and self._began_s is not None:
            return
        life_s = self._pace.life_s
        seconds = life_s if left_s is None else min(left_s, life_s)
        for slot in self._crew.slots:
            if slot.life is None and self._may_start(slot, now_s):
                self._crew.start(
                    slot,
                    now_s=now_s,
                    seconds=seconds,
                    replay=self._to_replay(),
                    corpus=len(self._books.corpus),
                )

    def _may_start(self, slot: Slot, now_s: float) -> bool:
        waits_for_replays = slot.finished and slot.number == 0 and bool(self._to_replay())
        return (not slot.finished or waits_for_replays) and (
            now_s >= slot.next_s and not slot.hopeless
        )

    def _to_replay(self) -> Sequence[Path]:
        """Return what has to run again first; nothing while somebody is at it."""
        if any(life.to_replay for _, life in self._crew.lives):
            return ()
        return self._books.to_replay()

    def _record(self, ended: Sequence[Ended]) -> None:
        """Take in what was done, in one transaction."""
        books = self._books
        with books.database.transaction():
            for slot, life in self._crew.lives:
                self._take_reports(life, life.journal.read())
                books.enter(life, life.counts(), kept=life.worker.look().kept, engine=slot.engine)
            for one in ended:
                self._take_reports(one.life, one.life.journal.rest())
                self._take_end(one)
            merging = self._merges.running
            words = self._merges.look(books.fuzzed_s, len(books.corpus))
            if words:
                books.note(words)
            books.rare = self._crew.rare() or books.rare
            books.close_page(merging=merging)
        for one in ended:
            remove_files(books.folder, one.life.row)
        if shutil.disk_usage(books.folder.path).free < SPARE_DISK_BYTES:
            books.trouble = (
                f"less than {SPARE_DISK_BYTES // MIB} MiB are free on the disk of "
                f"{books.folder.path}; make room, then `holdfast fuzz resume`"
            )

    def _take_reports(self, life: Life, reports: Sequence[Report]) -> None:
        for report in reports:
            match report["report"]:
                case "crash":
                    life.brought |= self._books.take_crash(crash_in(report))
                case "replayed":
                    self._take_replayed(life, report)
                case _:
                    pass  # "ready" and "done" concern the workers' own watch

    def _take_replayed(self, life: Life, report: Report) -> None:
        path = next((one for one in life.to_replay if one.name == _name_in(report)), None)
        if path is None:
            return  # told twice: the journal was read anew
        life.to_replay.remove(path)
        life.replayed += 1
        life.brought = True
        fields = report["crash"]
        crash = None if fields is None else crash_from_json(fields, path.read_bytes())
        self._books.take_replayed(path, crash)

    def _take_end(self, one: Ended) -> None:
        """Take in how a worker ended; inside a transaction."""
        slot, life, end = one.slot, one.life, one.end
        meaning = meaning_of(end)
        now_s = time.monotonic()
        match meaning:
            case Meaning.WELL:
                self._fruitless = 0 if end.flight.executions else self._fruitless + 1
            case Meaning.CRASH:
                self._blame(one, self._crash_of(one))
            case Meaning.SUSPECT:
                self._suspect(one)
            case Meaning.UNREADY:
                self._give_up_engine(one)
            case Meaning.SILENT:
                self._fruitless += 1
        counts = life.counts()
        slot.spend(counts)
        if meaning is not Meaning.WELL:
            slot.after_early_end(life, now_s)
        if self._fruitless >= FRUITLESS and not slot.finished:
            self._books.trouble = self._trouble_of(one)
        self._books.enter(
            life, counts, kept=end.flight.kept, engine=slot.engine, ending=end.ended.name
        )

    def _give_up_engine(self, one: Ended) -> None:
        """Let another engine take over from one under which the target cannot be imported."""
        engine = one.slot.engine
        other = self._crew.give_up(engine)
        if other is None:
            self._books.broken = self._books.trouble = one.end.words
        else:
            self._books.note(
                f"under {engine} the target cannot be imported, so {other} does its work: "
                f"{one.end.words}"
            )

    def _trouble_of(self, one: Ended) -> str:
        words = describe_end(one.end, hang_s=0.0, memory_bytes=0)
        return f"the worker gave out: {words}; its last words:\n{one.end.words}"

    def _crash_of(self, one: Ended) -> Crash:
        return crash_of_end(
            one.end,
            hang_s=self._books.facts.hang_s,
            memory_bytes=self._books.settings.budget.memory_bytes,
        )

    def _blame(self, one: Ended, crash: Crash) -> None:
        """Keep what the death of a worker says of the input that ran."""
        name = content_name(crash.data)
        replayed = next((path for path in one.life.to_replay if path.name == name), None)
        if replayed is None:
            one.life.brought |= self._books.take_crash(crash)
        else:
            one.life.brought = True
            one.life.replayed += 1
            self._books.take_replayed(replayed, crash)
        # It would end every worker that begins with the corpus.
        InputFolder(self._books.folder.corpus).remove(crash.data)

    def _suspect(self, one: Ended) -> None:
        """Somebody killed the worker: the input that ran, or somebody outside."""
        if not one.end.flight.running:
            self._books.note(
                f"a worker was ended from outside ({self._crash_of(one).message}); nothing it had "
                "reported or kept is lost"
            )
            return
        deaths = self._books.suspect(one.end.flight.data)
        if deaths >= DEATHS:
            self._blame(one, self._crash_of(one))

    def _end_all(self) -> None:
        """End every worker and take in the last of what they did."""
        self._crew.stop()
        until_s = time.monotonic() + STOP_S
        while any(self._crew.lives) and time.monotonic() < until_s:
            ended = self._crew.reap()
            if ended:
                self._record(ended)
            else:
                time.sleep(self._pace.look_s)
        self._record(())


def _name_in(report: Report) -> str:
    return str(report["name"]).replace("\\", "/").rpartition("/")[2]
