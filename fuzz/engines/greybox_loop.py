"""The loop of the greybox engine: choose a seed, vary it, run it, keep what was new."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from fuzz.campaign.corpus import content_name
from fuzz.engines.edges import PLACE_BITS
from fuzz.engines.input_to_state import MOST_CANDIDATES, candidates, swaps, words
from fuzz.engines.seed_pool import Seed, SeedPool
from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from fuzz.campaign.corpus import InputFolder
    from fuzz.engines.edges import CodeMap
    from fuzz.engines.edges_compares import CompareLog
    from fuzz.engines.mutation import Mutator
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.black_box import BlackBox
    from fuzz.workers.executor import Executor

RECENT: Final = 20_000  # inputs that say what random bytes are good for
TRIMS: Final = 24  # executions for making one seed shorter
TRIM_AT: Final = 16  # variations of a seed; many seeds are never varied as often
FRESH_LEAST: Final = 0.05  # share of inputs that are random bytes
FRESH_MOST: Final = 0.25
LOOK_S: Final = 1.0  # how often the corpus is looked through for what other workers found
LISTEN_SHARE: Final = 1 / 32  # of variations
OVERHEARD: Final = 8  # inputs made of what was heard
# For a seed that lay in the corpus: an earlier process has tried them all.
FEW_CANDIDATES: Final = 16


class Fuzzing:
    """One stretch of fuzzing. Used once, by one thread."""

    def __init__(  # noqa: PLR0913  # all that one stretch takes; all but two are keyword-only
        self,
        executor: Executor,
        corpus: InputFolder,
        mutator: Mutator,
        *,
        code: CodeMap,
        log: CompareLog,
        facts: TargetFacts,
        box: BlackBox,
    ) -> None:
        self._box = box
        self._executor = executor
        self._corpus = corpus
        self._mutator = mutator
        self._code = code
        self._log = log
        self._listens = facts.compares and bool(code.places)
        self._max_bytes = facts.max_bytes
        self.pool = SeedPool(code.features)
        self._queue: deque[tuple[bytes, Seed | None]] = deque()
        self._one = executor.runner()
        self._failed = False
        self._places: set[int] = set()
        self._known: set[str] = set()
        self._look_due = False
        self._looked_s = time.monotonic()
        self._folder_changed = -1
        # Inputs that were new, and all, of random bytes and of variations; begins with a guess.
        self._fresh = [1.0, 10.0]
        self._varied = [4.0, 10.0]
        self._fresh_share = FRESH_LEAST

    def run(self) -> None:
        """Run what the corpus holds, then variations of what is worth it, until the end."""
        executor = self._executor
        executor.on_failure = self._note_failure
        executor.at_look = self._note_look
        self._code.clear()  # of what the import reached
        self._try(b"", None)
        self._take_up()
        while not executor.done:
            self._step()
            if self._look_due:
                self._look()

    # -- one input --------------------------------------------------------------------------------

    def _step(self) -> None:
        """Run the next input."""
        if self._queue:
            data, parent = self._queue.popleft()
            self._try(data, parent)
            return
        mutator, pool = self._mutator, self.pool
        if not pool.seeds or mutator.chance() < self._fresh_share:
            self._count(self._fresh, self._try(mutator.fresh(), None))
            return
        seed = pool.choose(mutator.chance())
        seed.varied += 1
        if seed.varied == 1:
            self._listen(seed)
        elif seed.varied == TRIM_AT:
            self._trim(seed)
        if self._executor.done:
            return  # listening and trimming run inputs, too
        other = pool.seeds[mutator.below(len(pool.seeds))].data
        data = mutator.changed(seed.data, other, seed.swaps)
        if self._listens and mutator.chance() < LISTEN_SHARE:
            new = self._overhear(data, seed)
        else:
            new = self._try(data, seed)
        self._count(self._varied, new)

    def _try(self, data: bytes, parent: Seed | None, *, given: bool = False) -> bool:
        """Run an input; return whether it was new, and so is kept."""
        told = self._one(data) or ()
        # Taken after each input, whatever became of it: what is left over would be credited to
        # the next one.
        path = self._code.take()
        if self._failed:
            # Never kept: variations of it fail, too, and each costs a report.
            self._failed = False
            return False
        new = self.pool.note(path, told)
        if not new:
            if parent is not None:
                parent.fruitless += 1
            return False
        if parent is not None:
            parent.fruitless = 0
        self._executor.take(told)
        self._keep(data, new).given = given
        return True

    def _keep(self, data: bytes, new: tuple[int, ...]) -> Seed:
        seed = self.pool.add(data, new)
        self._box.kept = len(self.pool)
        self._places.update(feature >> PLACE_BITS for feature in new if not feature & 1)
        self._box.edges = len(self._places)
        name = content_name(data)
        if name not in self._known:
            self._known.add(name)
            self._corpus.add(data)
        return seed

    def _note_failure(self, _data: bytes) -> None:
        self._failed = True

    def _count(self, kind: list[float], new: bool) -> None:  # noqa: FBT001  # what became of one
        kind[0] += new
        kind[1] += 1
        if kind[1] > RECENT:
            kind[0] /= 2
            kind[1] /= 2
        fresh, varied = self._fresh[0] / self._fresh[1], self._varied[0] / self._varied[1]
        share = fresh / (fresh + varied)
        self._fresh_share = min(max(share, FRESH_LEAST), FRESH_MOST)

    # -- a seed that is varied again and again ----------------------------------------------------

    def _listen(self, seed: Seed) -> None:
        """Find out what a seed is compared with."""
        if not self._listens:
            return
        with self._log:
            self._one(seed.data)
        self._code.clear()
        self._failed = False
        pairs = self._log.pairs()
        self._mutator.learn(words(pairs))
        seed.swaps = swaps(seed.data, pairs)
        most = FEW_CANDIDATES if seed.given else MOST_CANDIDATES
        for data in candidates(seed.data, pairs, max_bytes=self._max_bytes)[:most]:
            self._queue.append((data, seed))

    def _overhear(self, data: bytes, parent: Seed) -> bool:
        """Run a variation as any other, and hear what it is compared with.

        It may hold what no seed does: where two changes are needed and only the second shows.
        """
        with self._log:
            new = self._try(data, parent)
        pairs = self._log.pairs()
        made = candidates(data, pairs, max_bytes=self._max_bytes)
        for _ in range(min(OVERHEARD, len(made))):
            self._queue.append((made[self._mutator.below(len(made))], parent))
        return new

    def _trim(self, seed: Seed) -> None:
        """Take blocks away as long as the seed shows what is its own."""
        left = TRIMS if seed.own else 0
        size = len(seed.data) // 2
        while size and left:
            at = len(seed.data) - size
            while at >= 0 and left and not self._executor.done:
                left -= 1
                shorter = seed.data[:at] + seed.data[at + size :]
                if self._shows(shorter, seed.own):
                    seed.data = shorter
                at -= size
            size //= 2
        if seed.swaps and not self._executor.done:
            self._listen(seed)  # again: what it holds has changed

    def _shows(self, data: bytes, own: tuple[int, ...]) -> bool:
        told = self._one(data) or ()
        path = self._code.take()
        if self._failed:
            self._failed = False
            return False
        new = self.pool.note(path, told)
        if new:
            self._executor.take(told)
            self._keep(data, new)
        return self.pool.shows(own, path, told)

    # -- what others found ------------------------------------------------------------------------

    def _note_look(self) -> None:
        self._look_due = True

    def _look(self) -> None:
        """Look at the corpus once a second, and only if its folder has changed."""
        self._look_due = False
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        singletons, doubletons = self.pool.rare()
        self._box.note_kinds(len(self.pool.counts), singletons=singletons, doubletons=doubletons)
        try:
            changed = self._corpus.path.stat().st_mtime_ns
        except OSError:
            return
        if changed != self._folder_changed:
            self._folder_changed = changed
            self._take_up()

    def _take_up(self) -> None:
        """Run the inputs of the corpus that were not run here."""
        for path in self._corpus.files():
            if self._executor.done:
                return
            if path.name in self._known:
                continue
            self._known.add(path.name)
            try:
                data = path.read_bytes()
            except OSError:
                continue  # another one took it away
            if len(data) > MAX_BYTES:
                continue
            if not self._try(data, None, given=True) and not self.pool.counts:
                self.pool.add(data, ())  # nothing is watched here: then all that is given serves
