"""The cheapest an access to a protected page can be: two mprotect calls and a read, in C.

Compiled on the fly where there is a compiler, loaded into this process, so that both sides of the
ratio change pages of one address space with one number of mappings.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SOURCE: Final = r"""
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned char *page;
static size_t page_bytes;
volatile unsigned char sink[32];

/* A page between two guards, locked as a secret's page is; 0 when it cannot be had. */
int floor_open(void) {
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *all = mmap(NULL, 3 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (all == MAP_FAILED) return 0;
    page = all + page_bytes;
    if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE)) return 0;
    mlock(page, page_bytes); /* the floor stands without it, only a little lower */
    for (int i = 0; i < 32; i++) page[i] = (unsigned char)i;
    return mprotect(page, page_bytes, PROT_NONE) == 0;
}

/* CPU seconds of this thread for `count` times: open, read 32 bytes, close. Negative: failed. */
double floor_run(long count) {
    struct timespec start, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    for (long at = 0; at < count; at++) {
        if (mprotect(page, page_bytes, PROT_READ)) return -1;
        for (int i = 0; i < 32; i++) sink[i] = page[i];
        if (mprotect(page, page_bytes, PROT_NONE)) return -1;
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

void floor_close(void) {
    munmap(page - page_bytes, 3 * page_bytes);
}
"""
_COMPILE_TIMEOUT_S: Final = 60.0


class NoCompilerError(Exception):
    """There is no C compiler here, or it did not take the floor's source."""


class CFloor:
    """A compiled floor; close it to give its page back. Use it in one thread."""

    def __init__(self, folder: Path) -> None:
        self._library = ctypes.CDLL(str(_compile(folder)))
        self._library.floor_run.restype = ctypes.c_double
        self._library.floor_run.argtypes = [ctypes.c_long]
        if not self._library.floor_open():
            raise NoCompilerError("the floor's own page could not be mapped")

    def cpu_s(self, count: int) -> float:
        """Return the CPU seconds that `count` accesses cost in C."""
        seconds: float = self._library.floor_run(count)
        if seconds < 0:
            raise OSError("mprotect failed inside the floor")
        return seconds

    def close(self) -> None:
        """Unmap the page."""
        self._library.floor_close()


def _compile(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform == "win32":
        raise NoCompilerError("no C compiler for a POSIX system was found (cc, gcc, clang)")
    source, library = folder / "floor.c", folder / "floor.so"
    source.write_text(SOURCE, encoding="utf-8")
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
    done = subprocess.run(  # noqa: S603  # the compiler that PATH names, on our own source
        command, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise NoCompilerError(f"{compiler} refused the floor's source: {done.stderr[:500]}")
    return library
