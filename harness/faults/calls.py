"""Which Python callables can be made to fail by name, and how each of them usually fails."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

# `file.*` are the calls of a file object that `open` returned, below its buffers.
FILE_CALLS: Final = (
    "open",
    "file.read",
    "file.write",
    "file.truncate",
    "file.close",
    "os.open",
    "os.read",
    "os.write",
    "os.pread",
    "os.pwrite",
    "os.close",
    "os.fsync",
    "os.ftruncate",
    "os.replace",
    "os.rename",
    "os.link",
    "os.unlink",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.listdir",
    "os.scandir",
    "os.stat",
)
SOCKET_CALLS: Final = (
    "socket.socket",
    "socket.socket.bind",
    "socket.socket.listen",
    "socket.socket.accept",
    "socket.socket.connect",
    "socket.socket.send",
    "socket.socket.sendall",
    "socket.socket.recv",
    "socket.socket.recv_into",
    "socket.socket.close",
)
MEMORY_CALLS: Final = ("mmap.mmap",)
THREAD_CALLS: Final = ("threading.Thread.start",)
PROCESS_CALLS: Final = ("subprocess.Popen", "os.fork", "os.pipe", "os.waitpid", "os.kill")
OS_CALLS: Final = (*FILE_CALLS, *SOCKET_CALLS, *MEMORY_CALLS, *THREAD_CALLS, *PROCESS_CALLS)

# What the system does first and reports on afterwards: a close that fails has closed.
DONE_FIRST: Final = frozenset({"os.close", "file.close", "socket.socket.close"})

# The first pattern that fits a call says how it fails most often in the field.
_USUAL: Final = (
    ("open", "fails EMFILE"),
    ("os.open", "fails EMFILE"),
    ("os.pipe", "fails EMFILE"),
    ("*.close", "fails EIO"),
    ("*read", "fails EIO"),
    ("*write", "fails ENOSPC"),
    ("*truncate", "fails ENOSPC"),
    ("os.fsync", "fails EIO"),
    ("os.fork", "fails EAGAIN"),
    ("os.kill", "fails ESRCH"),
    ("os.waitpid", "fails ECHILD"),
    ("os.mkdir", "fails ENOSPC"),
    ("os.link", "fails ENOSPC"),
    ("os.*", "fails EACCES"),
    ("socket.socket", "fails EMFILE"),
    ("socket.socket.bind", "fails EADDRINUSE"),
    ("socket.socket.accept", "fails EMFILE"),
    ("socket.socket.connect", "fails ECONNREFUSED"),
    ("socket.socket.send*", "fails EPIPE"),
    ("socket.*", "fails ECONNRESET"),
    ("subprocess.*", "fails EAGAIN"),
    ("threading.Thread.start", "raises RuntimeError"),
    ("mmap.*", "fails ENOMEM"),
    ("callback*", "raises RuntimeError"),
)
_OTHERWISE: Final = "fails ENOMEM"  # a port's own method; of system calls each may answer so


def usual_failure(call: str) -> str:
    """Return how `call` fails in a rule that says only that it does."""
    return next((effect for pattern, effect in _USUAL if fnmatchcase(call, pattern)), _OTHERWISE)
