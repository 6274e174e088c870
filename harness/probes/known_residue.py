"""The two children of the scanner's self-test: one keeps a key in every form, one wipes it."""

import base64
import ctypes
import mmap
from typing import Final

from harness.probes.child_main import Probe

FREED_COPIES: Final = 40  # the freed blocks' reuse hides a few; thirty is the least that tells
_PROT_NONE: Final = 0


def keep(probe: Probe) -> None:
    """Keep the key in clear, in each searched form, freed, by a worker and in a closed page."""
    key = bytearray(32)
    probe.key_into(key)
    kept: list[object] = [
        bytes(reversed(key)),
        key.hex(),
        key.hex().upper(),
        base64.b64encode(key),
        int.from_bytes(key, "big"),
        int.from_bytes(key, "little"),
    ]
    probe.in_worker(lambda: kept.append(bytes(key)))
    probe.in_worker(lambda: _free_copies(key))
    page = _closed_page(probe)
    probe.checkpoint("kept", hidden_address=page, freed_copies=FREED_COPIES)


def wipe(probe: Probe) -> None:
    """Hold the key in one buffer and wipe it, so that nothing is left."""
    key = bytearray(32)
    probe.key_into(key)
    key[:] = bytes(len(key))
    probe.checkpoint("wiped")


def _free_copies(key: bytearray) -> None:
    copies = [bytes(key) for _ in range(FREED_COPIES)]
    del copies


def _closed_page(probe: Probe) -> int:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    landing = (ctypes.c_char * 32).from_buffer(page)
    probe.key_into(landing)
    address = ctypes.addressof(landing)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if libc.mprotect(address, mmap.PAGESIZE, _PROT_NONE):
        raise OSError(ctypes.get_errno(), "mprotect")
    # Never unmapped: the export keeps it, and the child ends soon.
    _KEPT.append(landing)
    return address


_KEPT: Final[list[object]] = []
