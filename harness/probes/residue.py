"""What is left of a secret in a process's memory, seen from outside.

    for seen in residue.examine("my_tests.leaks:open_and_close", key=os.urandom(32)):
        assert seen.residue.clean, seen.residue

The function runs in a spawned child (see child_main.py), takes the key straight into its buffers
and reports checkpoints; at each the child stands still and all its readable mappings are searched.

`scan_process` searches any process that may be read, for any secrets, wherever they came from:

    residue.scan_process(server.pid, {"session key": key}, forms=(Form.RAW, Form.BASE64))

A scan that finds nothing is believed for two reasons only: once per process `self_test` shows that
each form of a key kept on purpose is found and that a wiped key is not; and in every single scan
of a child its control value, a random one it keeps on its heap, must be found too. A process that
is not such a child keeps none, so a scan of it rests on the self-test and on `bytes_read`.

What "clean" means: none of the searched writings lay in memory that could be read at that moment.
Registers, kernel memory, swap and other transforms of the key are not searched.
"""

import contextlib
import functools
import operator
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from harness.errors import ArgumentError
from harness.probes.errors import BlindScanError
from harness.probes.foreign_memory import Reach
from harness.probes.mappings import Mapping as MemoryMapping
from harness.probes.needles import Form, Needles
from harness.probes.probed_child import DEFAULT_LIMIT_S, Checkpoint, ProbedChild
from harness.probes.search import Hit, sweep
from harness.probes.standstill import stopped

_SHOWN_HITS: Final = 8
_CONTROL_TARGETS: Final = "harness.probes.known_residue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """What one scan saw. `unread` names mappings of which some page could not be read."""

    hits: tuple[Hit, ...]
    bytes_read: int
    reach: Reach
    unread: tuple[MemoryMapping, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether no stretch of the secret was found."""
        return not self.hits

    def __str__(self) -> str:
        if self.clean:
            return f"nothing of the secret in {self.bytes_read} bytes ({self.reach})"
        lines = [f"  {hit}" for hit in self.hits[:_SHOWN_HITS]]
        if len(self.hits) > _SHOWN_HITS:
            lines.append(f"  and {len(self.hits) - _SHOWN_HITS} more")
        head = f"{len(self.hits)} stretches of the secret in {self.bytes_read} bytes ({self.reach})"
        return "\n".join([f"{head}:", *lines])


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A checkpoint of the child and what the scan saw there."""

    checkpoint: Checkpoint
    residue: Residue


def examine(  # noqa: PLR0913  # all but the target have defaults
    target: str,
    *,
    key: bytes | bytearray | memoryview | None = None,
    arguments: Mapping[str, object] | None = None,
    reach: Reach = Reach.READABLE,
    forms: tuple[Form, ...] = (),
    time_limit_s: float = DEFAULT_LIMIT_S,
) -> tuple[Seen, ...]:
    """Run `module:function(probe, **arguments)` in a child and scan it at every checkpoint.

    Args:
        key: What the child gets and the scan looks for; 32 random bytes when None.
        forms: The writings of the key to look for; () is all of them.
        time_limit_s: For all the child's running together, scans not counted.

    Raises:
        NotAvailableHereError: Not Linux.
        BlindScanError: The scanner missed what it must find; no result can be believed.
        ChildLostError: The child ended before its function returned.
        ChildStuckError: The time limit passed; holds the stacks of the child's threads.
    """
    secret = os.urandom(32) if key is None else key
    needles = Needles.of(secret, forms=forms)
    self_test()
    with ProbedChild(target, key=secret, arguments=arguments, time_limit_s=time_limit_s) as child:
        return tuple(
            Seen(checkpoint=checkpoint, residue=_scan(child, needles, reach))
            for checkpoint in checkpoints(child)
        )


def checkpoints(child: ProbedChild) -> Iterator[Checkpoint]:
    """Yield each checkpoint while the child waits at it; it goes on when the next is asked for."""
    while (checkpoint := child.next_checkpoint()) is not None:
        yield checkpoint
        child.resume()


def scan(child: ProbedChild, needles: Needles, *, reach: Reach = Reach.READABLE) -> Residue:
    """Search the memory of `child`, which waits at a checkpoint, for `needles`.

    Raises:
        BlindScanError: The self-test failed, or the child's control value was not found.
    """
    self_test()
    return _scan(child, needles, reach)


def scan_process(
    pid: int,
    secrets: bytes | bytearray | memoryview | Needles | Mapping[str, bytes],
    *,
    forms: tuple[Form, ...] = (Form.RAW,),
    reach: Reach = Reach.READABLE,
    pause: bool = False,
) -> Residue:
    """Search all the memory of process `pid` that can be read for secrets.

    Args:
        secrets: One secret, or several by the names that hits shall call them by, or needles that
            were made before. They lie masked in this process but for the time of the search.
        forms: The writings to look for; () is all of them. Needles have theirs already.
        reach: How far it sees.
        pause: Stop the process meanwhile and let it go on afterwards. What moves about in memory
            during a scan may be missed; a child that waits does not move.

    Raises:
        NotAvailableHereError: Not Linux.
        ForeignMemoryError: The process is gone, is this one, or may not be read.
        PlainNeedleError: A secret cannot be told apart from ordinary memory.
        BlindScanError: The self-test failed, or nothing at all could be read.
    """
    needles = _needles_of(secrets, forms)
    self_test()
    with stopped(pid) if pause else contextlib.nullcontext():
        seen = sweep(pid, needles, reach=reach)
    if not seen.bytes_read:
        raise BlindScanError(
            "anything", 0, f"Process {pid} has no memory: it has ended, or is the kernel's own."
        )
    return Residue(hits=seen.hits, bytes_read=seen.bytes_read, reach=reach, unread=seen.unread)


def _needles_of(
    secrets: bytes | bytearray | memoryview | Needles | Mapping[str, bytes],
    forms: tuple[Form, ...],
) -> Needles:
    if isinstance(secrets, Needles):
        return secrets
    if not isinstance(secrets, Mapping):
        return Needles.of(secrets, forms=forms)
    if not secrets:
        raise ArgumentError("secrets", {}, "at least one secret")
    each = [Needles.of(secret, forms=forms, name=name) for name, secret in secrets.items()]
    return functools.reduce(operator.or_, each)


@cache
def self_test() -> None:
    """Prove that the scanner sees: run once in a process before its first scan is believed.

    A child keeps a key on purpose in every form searched for, in freed blocks, in what a joined
    worker thread left, and in a no-access page; each must be found. A second child wipes the one
    copy it had; there nothing may be found.

    Raises:
        BlindScanError: Something was missed.
        AssertionError: Something was found that cannot be there.
        NotAvailableHereError: Not Linux.
    """
    _must_find_what_is_kept()
    _must_not_find_what_is_wiped()


def _must_find_what_is_kept() -> None:
    key = os.urandom(32)
    needles = Needles.of(key)
    with ProbedChild(f"{_CONTROL_TARGETS}:keep", key=key) as child:
        kept = child.next_checkpoint()
        assert kept is not None
        open_pages = _scan(child, needles, Reach.READABLE)
        all_pages = _scan(child, needles, Reach.FORCED)
    hidden = kept.data["hidden_address"]
    for form in Form:
        if form is not Form.CONTROL:
            _demand(open_pages, f"the key as {form}", found=_whole(open_pages, form))
    copies = kept.data["freed_copies"]
    assert isinstance(copies, int)
    stretches = sum(hit.form is Form.RAW for hit in open_pages.hits)
    # A third: the allocator may hand some freed blocks out again before the child stands still.
    _demand(open_pages, f"{copies} freed copies", found=stretches > copies // 3)
    at_hidden = any(hit.address == hidden for hit in all_pages.hits)
    _demand(all_pages, "the key in a no-access page", found=at_hidden)
    assert all(hit.address != hidden for hit in open_pages.hits), "read a page that is closed"


def _must_not_find_what_is_wiped() -> None:
    key = os.urandom(32)
    with ProbedChild(f"{_CONTROL_TARGETS}:wipe", key=key) as child:
        child.next_checkpoint()
        for reach in Reach:
            residue = _scan(child, Needles.of(key), reach)
            assert residue.clean, f"a key that was wiped is still found: {residue}"


def _whole(residue: Residue, form: Form) -> bool:
    return any(hit.form is form and hit.part == "whole" for hit in residue.hits)


def _demand(residue: Residue, what: str, *, found: bool) -> None:
    if not found:
        raise BlindScanError(
            what, residue.bytes_read, "Report it with the output of /proc/<pid>/maps."
        )


def _scan(child: ProbedChild, needles: Needles, reach: Reach) -> Residue:
    seen = sweep(child.pid, needles | child.control, reach=reach)
    if not any(hit.form is Form.CONTROL and hit.part == "whole" for hit in seen.hits):
        raise BlindScanError(
            "the child's control value",
            seen.bytes_read,
            "Either the child's memory could not be read or its target overwrote the value.",
        )
    return Residue(
        hits=tuple(hit for hit in seen.hits if hit.form is not Form.CONTROL),
        bytes_read=seen.bytes_read,
        reach=reach,
        unread=seen.unread,
    )
