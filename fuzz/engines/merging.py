"""Merging corpora: few small inputs that show all that many inputs show.

Nothing is removed before the new set is complete and was measured again. Until then `into` only
gains files, so that whatever interrupts a merge leaves all that was there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.engines.errors import MergeLostError
from fuzz.engines.measuring import measure
from fuzz.engines.set_cover import cover
from fuzz.fuzz_target import MAX_BYTES
from fuzz.target_facts import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fuzz.target_facts import TargetFacts


MOST_UNSTABLE: Final = 0.5  # of all features: more were never seen of threads left to themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """What a merge did.

    Attributes:
        before: Different inputs that there were.
        after: Inputs in the new set; those that crash are not in it.
        before_bytes: Size of all of them.
        after_bytes: Size of the new set.
        features: What the inputs show together; the new set shows all of it.
        unstable: Features that an input showed once and not again; nothing can keep them.
        crashed: Files that failed, hung or ended their process. They are left where they are.
    """

    before: int
    after: int
    before_bytes: int
    after_bytes: int
    features: int
    unstable: int
    crashed: tuple[Path, ...]


def merge(
    name: str,
    *,
    sources: Sequence[Path],
    into: Path,
    timeout_s: float | None = None,
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> MergeResult:
    """Bring all that the inputs in `sources` and `into` show into `into`, with few small inputs.

    Inputs in `into` that are not needed are removed from it at the very end; the sources are left
    as they are. Merging again changes nothing.

    Args:
        name: Of the target: a name of the catalogue, or `module:NAME`.
        sources: Folders of inputs.
        into: A folder of inputs; made if it is not there.
        timeout_s: For each of the two measurings; None: no limit.
        progress: Told how many inputs are measured, and of how many.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        MeasureError: The measuring broke, or took too long. Nothing was removed.
        MergeLostError: The new set shows less than the old one. Nothing was removed.
    """
    facts = ask(name)
    inputs = _different([into, *sources])
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".merge-", dir=into.parent) as scratch:
        merging = _Merging(facts, inputs, Path(scratch), timeout_s=timeout_s, progress=progress)
        return merging.run(InputFolder(into))


def _different(folders: Iterable[Path]) -> dict[str, Path]:
    """Return a file for each different input, by the name of its content; smallest first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in InputFolder(folder).files():
            if path.stat().st_size <= MAX_BYTES:
                found.setdefault(content_name(path.read_bytes()), path)
    return dict(sorted(found.items(), key=lambda item: (item[1].stat().st_size, item[0])))


class _Merging:
    """One call of `merge`."""

    def __init__(
        self,
        facts: TargetFacts,
        inputs: dict[str, Path],
        scratch: Path,
        *,
        timeout_s: float | None,
        progress: Callable[[int, int], object],
    ) -> None:
        self._facts = facts
        self._inputs = inputs
        self._scratch = scratch
        self._timeout_s = timeout_s
        self._progress = progress
        self._sizes = {name: path.stat().st_size for name, path in inputs.items()}

    def run(self, into: InputFolder) -> MergeResult:
        shown = self._measure(list(self._inputs.values()))
        features = {name: told for name, told in shown.items() if told is not None}
        together = _together(features.values())
        # Where nothing is shown, neither by code nor by the target, no input is like another.
        chosen = cover(features, self._sizes) if together else tuple(features)
        for name in chosen:
            into.add(self._inputs[name].read_bytes())
        unstable = self._check(into, {name: features[name] for name in chosen}, together)
        for path in into.files():
            # What crashes is no part of the set and stays; what others add meanwhile, too.
            if path.name in features and path.name not in chosen:
                path.unlink(missing_ok=True)
        return MergeResult(
            before=len(self._inputs),
            after=len(chosen),
            before_bytes=sum(self._sizes.values()),
            after_bytes=sum(self._sizes[name] for name in chosen),
            features=len(together),
            unstable=unstable,
            crashed=tuple(self._inputs[name] for name in shown if shown[name] is None),
        )

    def _check(
        self, into: InputFolder, chosen: dict[str, frozenset[int]], together: frozenset[int]
    ) -> int:
        """See to it that the new set shows what the old one did; return how much is unstable.

        That is true of the table, if the cover is one, and of the files, if they hold what they
        are called after. So what is missing when they are measured again is the target's doing,
        unless it is a great part.
        """
        lost = len(together) - len(_together(chosen.values()))
        if lost:
            raise MergeLostError(self._facts.name, lost, len(together))
        copies = [into.path / name for name in chosen]
        spoilt = [path for path in copies if content_name(path.read_bytes()) != path.name]
        if spoilt:
            held = _together(chosen[path.name] for path in spoilt)
            raise MergeLostError(self._facts.name, len(held), len(together))
        again = self._measure(copies)
        missing = together - _together(told for told in again.values() if told is not None)
        if len(missing) > MOST_UNSTABLE * len(together):
            raise MergeLostError(self._facts.name, len(missing), len(together))
        return len(missing)

    def _measure(self, files: Sequence[Path]) -> dict[str, frozenset[int] | None]:
        """Return what each file shows, by the name of its content; None for one that crashes."""
        found = measure(
            self._facts,
            files,
            folder=self._scratch,
            timeout_s=self._timeout_s,
            progress=lambda count: self._progress(count, len(files)),
        )
        names = {path: name for name, path in self._inputs.items()}
        return {names.get(one.path, one.path.name): one.features for one in found}


def _together(many: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*many)
