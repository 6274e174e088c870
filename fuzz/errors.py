"""What can go wrong with fuzzing itself; a bug in the subject is a crash, not one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FuzzError(Exception):
    """Base of every error of `fuzz`."""


class UnknownTargetError(FuzzError, ValueError):
    """No target goes by that name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no target {self.name!r}: {self.reason}. Give a name that `holdfast fuzz list` "
            "shows, or package.module:NAME of a fuzz.Target of your own."
        )


class BadTargetError(FuzzError, ValueError):
    """A field of a `Target` is not what it has to be."""

    def __init__(self, field: str, got: object, takes: str) -> None:
        super().__init__(field, got, takes)
        self.field = field
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"Target.{self.field} takes {self.takes}, got {self.got!r:.80}"


class BrokenTargetError(FuzzError):
    """A target could not even be imported: it raised, hung, or ended its process."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the target {self.name} is broken: {self.reason}. Import its module by hand to see "
            "all of it; the other targets are not concerned."
        )


class ProjectFileError(FuzzError, ValueError):
    """The project's file cannot be read, or declares targets in another form."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class HypothesisMissingError(FuzzError):
    """A target takes a value of a Hypothesis strategy, and Hypothesis is not installed."""

    def __str__(self) -> str:
        return (
            "this target takes a value of a Hypothesis strategy, and Hypothesis is not installed: "
            "pip install 'holdfast[hypothesis]'"
        )


class EngineMissingError(FuzzError):
    """The engine that was asked for cannot run here."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"Atheris cannot run here: {self.reason}. It has wheels for Linux on x86-64: "
            "pip install 'holdfast[fuzz]' there, or leave --engine away and fuzz with the plain "
            "seeded generator"
        )


class InputFileError(FuzzError, ValueError):
    """A file that was to be replayed is not an input."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} cannot be replayed: {self.reason}"


class ScheduleFailure(AssertionError):  # noqa: N818  # a finding in the subject, not an error of ours
    """An input failed under its schedule; raised by a target that runs under the engine."""

    def __init__(self, finding: str, message: str, frames: tuple[str, ...]) -> None:
        super().__init__(finding, message, frames)
        self.finding = finding
        self.message = message
        self.frames = frames

    def __str__(self) -> str:
        return self.message


class UndecidedError(FuzzError):
    """A target met a bound of its own before it could judge the input: neither good nor bad."""


class CorpusBlobError(FuzzError, ValueError):
    """A corpus that came from elsewhere is damaged, or none."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"this is no corpus: {self.reason}"


class ClusterError(FuzzError):
    """Base of what can go wrong with a cluster."""


class ClusterMissingError(ClusterError):
    """Dask is not installed here."""

    def __str__(self) -> str:
        return "--cluster needs Dask, which is not installed: pip install 'holdfast[cluster]'"


class ClusterUnreachableError(ClusterError):
    """No scheduler answers at an address."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no scheduler answers at {self.address} ({self.reason}). Start one with `dask "
            "scheduler`, and give the address it prints, such as tcp://127.0.0.1:8786."
        )


class NoClusterWorkersError(ClusterError):
    """A scheduler has no workers."""

    def __init__(self, address: str, waited_s: float) -> None:
        super().__init__(address, waited_s)
        self.address = address
        self.waited_s = waited_s

    def __str__(self) -> str:
        return (
            f"the scheduler at {self.address} has no worker, and none came in {self.waited_s:g} s. "
            f"Start some with `dask worker {self.address}`, in the project's folder, with holdfast "
            "installed."
        )


class RoundsLostError(ClusterError):
    """Round after round came to no result."""

    def __init__(self, lost: int, last: str) -> None:
        super().__init__(lost, last)
        self.lost = lost
        self.last = last

    def __str__(self) -> str:
        return (
            f"{self.lost} rounds came to no result, so no more were begun; the last one: "
            f"{self.last}. Can the cluster's workers import the target, and have they this version "
            "of holdfast?"
        )


class RoundFailedError(ClusterError):
    """A round came to no result on the machine that ran it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the round failed: {self.reason}"


class RoundRaisedError(RoundFailedError):
    """A round raised; it would do so on any machine."""


class DictionaryError(FuzzError, ValueError):
    """A dictionary is not of libFuzzer's and AFL's format."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        where = f"line {self.line} of {self.path}" if self.line else str(self.path)
        return f'{where} is no dictionary entry: {self.reason}. An entry reads name="\\x89PNG".'


class FolderInUseError(FuzzError):
    """Another campaign is running on the same folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        super().__init__(folder, pid)
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = "another process" if self.pid is None else f"process {self.pid}"
        return (
            f"{self.folder} is in use by the campaign of {who}. See it with `holdfast fuzz "
            "status`, end it with Ctrl-C, or give this one another --folder."
        )


class FolderError(FuzzError):
    """A campaign's folder cannot be used."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.folder} cannot be used: {self.reason}. Nothing in it was changed. Make it "
            "writable, or give another --folder."
        )


class DatabaseError(FuzzError):
    """A campaign's database is damaged, or another version's."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be used: {self.reason}. Nothing was changed. It keeps figures "
            "only: corpus and crashes lie beside it as files. Move it away to begin a new one."
        )


class NothingToResumeError(FuzzError):
    """No campaign was cut short."""

    def __init__(self, folder: Path, target: str, reason: str) -> None:
        super().__init__(folder, target, reason)
        self.folder = folder
        self.target = target
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"nothing of {self.target or self.folder} to resume: {self.reason}. Begin a campaign "
            "with `holdfast fuzz run`; it takes up corpus and crashes in any case."
        )


class JournalError(FuzzError):
    """A worker cannot write down what it found: the disk is full, or the folder is not writable."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be written: {self.reason}. Nothing is fuzzed meanwhile, since "
            "what is found could not be kept. Make room there or make it writable, and resume."
        )


class MeasureError(FuzzError):
    """Saved inputs could not be measured, for no fault of theirs."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the inputs of {self.name} were not measured to the end: {self.reason}. Nothing was "
            "removed. Give it more time, or run one of the inputs with --replay."
        )


class MergeLostError(FuzzError):
    """The inputs that were chosen show less than all of them do."""

    def __init__(self, name: str, lost: int, features: int) -> None:
        super().__init__(name, lost, features)
        self.name = name
        self.lost = lost
        self.features = features

    def __str__(self) -> str:
        return (
            f"the merged corpus of {self.name} would lose {self.lost} of {self.features} features, "
            "so nothing was removed. A target that does something else each time looks like this: "
            "run one input twice. If it is steady, this is a fault of the merge."
        )


class UnknownFindingError(FuzzError, ValueError):
    """No saved input shows a finding of that key."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        super().__init__(key, known)
        self.key = key
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return (
            f"no finding {self.key!r}; those of the target are: {known}. "
            "`holdfast fuzz triage` shows them with what they do."
        )


class StillFailsError(FuzzError, AssertionError):
    """An input that a test keeps fails, still or again."""

    def __init__(self, target: str, message: str, story: str, size_bytes: int) -> None:
        super().__init__(target, message, story, size_bytes)
        self.target = target
        self.message = message
        self.story = story
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes make {self.target} fail: {self.message}\n\n{self.story}"


class InputTextError(FuzzError, ValueError):
    """A text that is to be an input is not the Base64 of one."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return f"data takes bytes, or their Base64 as a text, got {self.text!r:.60}: {self.reason}"


class RegressionFileError(FuzzError, ValueError):
    """A file is not one to which regression tests can be added."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}. Nothing was changed; give another file with --output."


class CoverageMissingError(FuzzError):
    """A report of reached code is asked for, and coverage.py is not installed."""

    def __str__(self) -> str:
        return (
            "the report of reached code needs coverage.py, which is not installed: "
            "pip install 'holdfast[fuzz]'"
        )


class NothingReachedError(FuzzError):
    """There is no code to tell of: nothing to run, or nothing to look at."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"nothing to tell of {self.name}: {self.reason}. A campaign makes a corpus: "
            f"holdfast fuzz run {self.name} --time 60s"
        )


class NewTargetError(FuzzError, ValueError):
    """A target of that name cannot be written."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"no target {self.name!r} was written: {self.reason}"
