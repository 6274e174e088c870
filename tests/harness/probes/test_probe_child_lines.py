"""What a child says is heard, however late anybody listens; its end is told from silence."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.probes.child_lines import (
    LINE_BYTES,
    ChildLines,
    Chunks,
    PolledChunks,
    ThreadedChunks,
)

needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs fork and pipes that are polled")
WAYS: list[type[Chunks]] = (
    [ThreadedChunks] if os.name != "posix" else [PolledChunks, ThreadedChunks]
)
LONG_S = 30.0  # never waited for where all is well
# A copy that holds the channel until its parent's pipe of questions is closed.
COPY = "import os, signal\nif os.fork() == 0:\n    os.read(0, 1)\n    os._exit(0)\n"


@contextmanager
def child(program: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            assert process.stdin is not None
            process.stdin.close()


def told(lines: ChildLines, within_s: float = LONG_S) -> list[object]:
    found: list[object] = []
    until_s = time.monotonic() + within_s
    while not lines.ended and time.monotonic() < until_s:
        if (one := lines.next(0.05)) is not None:
            found.append(one)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_was_dead_long_before_anybody_listened_is_heard_to_its_end(
    way: type[Chunks],
) -> None:
    with child("for n in range(1000): print('{\"n\": %d}' % n)") as process:
        process.wait()
        assert told(ChildLines(process, chunks=way)) == [{"n": n} for n in range(1000)]


@needs_posix
def test_a_dead_child_whose_copy_holds_the_channel_has_ended_once_all_it_said_is_heard() -> None:
    words = 'os.write(1, b\'{"n": 1}\\n{"n": 2}\\n\')\n'
    with child(COPY + words + "os.kill(os.getpid(), signal.SIGKILL)") as process:
        process.wait()
        lines, began_s = ChildLines(process), time.monotonic()
        assert told(lines) == [{"n": 1}, {"n": 2}]
        assert lines.ended
        assert time.monotonic() - began_s < 5.0, "it waited for the copy"


@needs_posix
def test_a_reading_thread_gives_up_on_a_copy_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.probes.child_lines.LAST_WORDS_S", 0.5)
    words = "os.write(1, b'{\"n\": 1}\\n')\n"
    with child(COPY + words + "os._exit(0)") as process:
        process.wait()
        lines = ChildLines(process, chunks=ThreadedChunks)
        assert told(lines) == [{"n": 1}]
        assert lines.ended


@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_is_silent_has_not_ended(way: type[Chunks]) -> None:
    with child("import sys; sys.stdin.read(1); print('{\"n\": 1}')") as process:
        lines = ChildLines(process, chunks=way)
        assert lines.next(0.2) is None
        assert not lines.ended
        assert process.stdin is not None
        process.stdin.write(b".")
        process.stdin.flush()
        assert lines.next(LONG_S) == {"n": 1}
        assert lines.next(LONG_S) is None
        assert lines.ended


@pytest.mark.parametrize("way", WAYS)
def test_a_closed_channel_has_ended_though_the_child_lives(way: type[Chunks]) -> None:
    with child("import os, sys; os.close(1); os.close(2); sys.stdin.read(1)") as process:
        lines = ChildLines(process, chunks=way)
        assert lines.next(LONG_S) is None
        assert lines.ended
        assert process.poll() is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "noise",
    [b"no JSON\n", b"[]\n", b"5\n", b"\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"n": \n'],
)
def test_what_is_no_report_is_passed_over(way: type[Chunks], noise: bytes) -> None:
    program = (
        f"import sys\nsys.stdout.buffer.write({noise[:1]!r} * {len(noise) - 1} + b'\\n')\n"
        if len(set(noise)) == 2
        else f"import sys\nsys.stdout.buffer.write({noise!r})\n"
    )
    with child(program + "print('{\"n\": 1}')\nprint('{\"cut\": ', end='')") as process:
        assert told(ChildLines(process, chunks=way)) == [{"n": 1}]


def test_a_line_comes_whole_however_long_it_is() -> None:
    with child("print('{\"n\": \"' + 'x' * 3_000_000 + '\"}')") as process:
        (found,) = told(ChildLines(process))
        assert len(json.dumps(found)) > 3_000_000


def test_a_line_without_end_takes_no_memory_without_end() -> None:
    with child("import os\nwhile True: os.write(1, b'x' * 65536)") as process:
        lines = ChildLines(process)
        for _ in range(3):
            assert lines.next(0.0) is None  # it returns, although there is always more
        assert len(lines._pending) <= LINE_BYTES


def test_a_child_without_a_pipe_is_refused() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", ""]) as process,
        pytest.raises(ValueError, match="stdout=PIPE"),
    ):
        ChildLines(process)
