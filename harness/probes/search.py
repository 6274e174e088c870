"""Search the memory of another process for needles; what is found is a tuple of hits."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from harness.probes.byte_search import places_of
from harness.probes.foreign_memory import ForeignMemory, Reach
from harness.probes.mappings import KERNEL_MAPPINGS, Mapping, mappings_of
from harness.probes.needles import Form, Needle, Needles
from harness.probes.places import Places

CHUNK_BYTES: Final = 1 << 16  # small enough that untouched stretches of stacks are all zeros
PAGE_BYTES: Final = 4096  # the step over an unreadable hole; no Linux page is smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A stretch of the secret found in memory; it names the place, never the bytes.

    `place` is what the mapping is to people; `name` is which secret, where there are several.
    """

    form: Form
    offset: int
    size_bytes: int
    whole: int
    address: int
    mapping: Mapping
    place: str = ""
    name: str = ""

    @property
    def part(self) -> str:
        """How much of the secret it is: "whole", "half" (at least) or "piece"."""
        if self.size_bytes == self.whole:
            return "whole"
        return "half" if 2 * self.size_bytes >= self.whole else "piece"

    def __str__(self) -> str:
        return (
            f"{self.part} of {self.name or 'the secret'} as {self.form} ({self.size_bytes} of "
            f"{self.whole} bytes from offset {self.offset}) at {self.address:x} in "
            f"{self.place or 'memory'}, {self.mapping}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one pass over a process's memory saw."""

    hits: tuple[Hit, ...]
    bytes_read: int
    unread: tuple[Mapping, ...]


def sweep(pid: int, needles: Needles, *, reach: Reach) -> Sweep:
    """Search every mapping of `pid` that `reach` lets be read.

    A mapping of which a page could not be read is in `unread`; the rest of it is searched. Pages
    that only the kernel owns are left out. The process should stand still meanwhile.

    Raises:
        NotAvailableHereError: Not Linux.
        ForeignMemoryError: The process is gone or may not be read.
    """
    buffer = bytearray(CHUNK_BYTES)
    zeros = bytes(CHUNK_BYTES)
    found: list[tuple[Needle, int, Mapping]] = []
    unread: list[Mapping] = []
    total = 0
    try:
        with ForeignMemory(pid, reach=reach) as memory, needles.in_clear() as opened:
            for mapping in _within(pid, reach):
                holes = 0
                for address, size in _chunks(memory, mapping, buffer, needles.longest_bytes):
                    holes += not size
                    # Half of a small process is zeros; no needle is, and to see that is quick.
                    if size == CHUNK_BYTES and buffer.startswith(zeros):
                        continue
                    found += (
                        (needle, address + at, mapping)
                        for needle, clear in opened
                        for at in places_of(clear, buffer, size)
                    )
                total += mapping.size_bytes - holes * PAGE_BYTES
                if holes:
                    unread.append(mapping)
    finally:
        buffer[:] = bytes(len(buffer))
    hits = _placed(_joined(found), pid)
    return Sweep(hits=hits, bytes_read=total, unread=tuple(unread))


def _within(pid: int, reach: Reach) -> Iterator[Mapping]:
    match reach:
        case Reach.READABLE:
            every = (mapping for mapping in mappings_of(pid) if mapping.readable)
        case Reach.FORCED:
            # An untouched reserve (64 MiB for each malloc arena) has no page that could hold a key.
            every = (
                mapping
                for mapping in mappings_of(pid, resident=True)
                if mapping.readable or mapping.resident_bytes
            )
    return (mapping for mapping in every if mapping.name not in KERNEL_MAPPINGS)


def _chunks(
    memory: ForeignMemory, mapping: Mapping, buffer: bytearray, overlap: int
) -> Iterator[tuple[int, int]]:
    """Fill `buffer` with one stretch of `mapping` after the other; yield its address and size.

    Stretches overlap by just under the longest needle, so none is cut in two unseen. A page that
    cannot be read comes as a stretch of size 0.
    """
    address = mapping.start
    while address < mapping.end:
        size = min(len(buffer), mapping.end - address)
        got = memory.read_into(buffer, address, size=size)
        if not got:
            yield address, 0
            address = (address // PAGE_BYTES + 1) * PAGE_BYTES
            continue
        yield address, got
        more = address + got < mapping.end
        address += got - (overlap - 1) if more and got > overlap else got


def _placed(hits: tuple[Hit, ...], pid: int) -> tuple[Hit, ...]:
    if not hits:
        return hits
    places = Places(pid)
    return tuple(replace(hit, place=places.of(hit.mapping)) for hit in hits)


def _joined(found: list[tuple[Needle, int, Mapping]]) -> tuple[Hit, ...]:
    """Join the pieces that belong to one copy: same writing, same place where it would begin."""
    copies: dict[tuple[str, Form, int], list[tuple[int, int, Needle, Mapping]]] = defaultdict(list)
    for needle, address, mapping in found:
        begins = address - needle.offset
        end = needle.offset + needle.size_bytes
        copies[needle.name, needle.form, begins].append((needle.offset, end, needle, mapping))
    hits = [
        hit for (_, form, begins), pieces in copies.items() for hit in _runs(form, begins, pieces)
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.address, hit.form)))


def _runs(form: Form, begins: int, pieces: list[tuple[int, int, Needle, Mapping]]) -> Iterator[Hit]:
    runs: list[list[int]] = []
    pieces.sort(key=lambda piece: piece[:2])
    for start, end, _, _ in pieces:
        if runs and start <= runs[-1][1]:
            runs[-1][1] = max(runs[-1][1], end)
        else:
            runs.append([start, end])
    _, _, needle, mapping = pieces[0]
    for start, end in runs:
        yield Hit(
            form=form,
            offset=start,
            size_bytes=end - start,
            whole=needle.whole,
            address=begins + start,
            mapping=mapping,
            name=needle.name,
        )
