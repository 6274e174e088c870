"""Output of a child is read to its end and kept in part."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from stress.bounded_output import FIRST_BYTES, LAST_BYTES, BoundedOutput


def printed(code: str) -> BoundedOutput:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = BoundedOutput(process.stdout)
        process.wait(timeout=60)
        output.close(settle_s=10)
    return output


def test_what_is_short_is_kept_whole() -> None:
    output = printed("print('a'); print('b')")
    assert (output.text(), output.dropped_bytes) == ("a\nb", 0)


def test_of_what_is_long_the_first_and_the_last_part_are_kept() -> None:
    output = printed("print('first'); print('x' * 5_000_000); print('last')")
    text = output.text()
    assert text.startswith("first\nxxx")
    assert text.endswith("xxx\nlast")
    assert output.total_bytes == 5_000_012
    assert output.dropped_bytes == 5_000_012 - FIRST_BYTES - LAST_BYTES
    assert f"... {output.dropped_bytes:,} of 5,000,012 bytes left out ..." in text
    assert len(text) < FIRST_BYTES + LAST_BYTES + 100


def test_what_is_no_text_is_shown_all_the_same() -> None:
    assert printed("import sys; sys.stdout.buffer.write(b'\\xff\\xfe!')").text().endswith("!")


def test_an_output_that_somebody_holds_open_does_not_hold_us() -> None:
    reading, writing = os.pipe()
    output = BoundedOutput(os.fdopen(reading, "rb"))
    os.write(writing, b"word")
    while output.total_bytes < 4:
        threading.Event().wait(0.001)
    assert output.text(settle_s=0.01) == "word"
    os.close(writing)
    output.close(settle_s=10)
