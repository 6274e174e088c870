"""What libFuzzer takes and says, as text: flags, dictionaries, lines of status, a merge's record.

Knows the formats, and neither Atheris nor processes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FLAGS: Final = (
    # The parent tells signals, hangs and memory, and does so for every engine: SIGUSR1 asks for
    # stacks, and libFuzzer would take it for a good end.
    "-handle_segv=0", "-handle_bus=0", "-handle_abrt=0", "-handle_ill=0", "-handle_fpe=0",
    "-handle_int=0", "-handle_term=0", "-handle_xfsz=0", "-handle_usr1=0", "-handle_usr2=0",
    # Not 0: Atheris takes that for a limit of no seconds.
    "-timeout=100000", "-rss_limit_mb=0", "-malloc_limit_mb=0", "-detect_leaks=0",
    # Files that other workers add are taken up every second.
    "-reload=1", "-print_final_stats=0",
    # libFuzzer keeps a copy of standard error for itself and closes ours; we open it again, and so
    # what it says and what a target prints do not mix.
    "-close_fd_mask=2",
)  # fmt: skip
_LONGEST_PIECE: Final = 64  # of a dictionary; libFuzzer cannot hold more
_STATUS: Final = re.compile(rb"cov: (\d+) ft: (\d+) corp: (\d+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzerStatus:
    """A line of libFuzzer's.

    Attributes:
        covered: Counters that were hit; those of our own features are among them.
        kept: Inputs in its corpus.
    """

    covered: int
    kept: int


def newest_status(text: bytes) -> FuzzerStatus | None:
    """Return the last status in what libFuzzer printed; None if there is none."""
    found = _STATUS.findall(text)
    if not found:
        return None
    covered, _, kept = (int(number) for number in found[-1])
    return FuzzerStatus(covered=covered, kept=kept)


def arguments(
    again: Sequence[str], *, seed: int, max_bytes: int, corpus: Path, dictionary: Path | None
) -> list[str]:
    """Return the command line for libFuzzer.

    The first word is a whole command, quoted: libFuzzer runs it through a shell when it starts
    itself again, and with a script's name alone -merge returns 0 and an empty corpus.

    Args:
        again: The words of the command that starts this process again.
    """
    words = [shlex.join(again), *FLAGS]
    # What libFuzzer writes of its own accord goes beside the corpus, not where the user stands.
    words.append(f"-artifact_prefix={corpus.parent}/")
    words.append(f"-seed={seed % (2**32 - 1) + 1}")  # it takes 0 for "choose one"
    words.append(f"-max_len={max_bytes}")
    if dictionary is not None:
        words.append(f"-dict={dictionary}")
    return [*words, str(corpus)]


def write_dictionary(path: Path, pieces: Iterable[bytes]) -> Path | None:
    """Write pieces as libFuzzer reads them; return the file, or None if there is no piece."""
    fitting = [piece for piece in pieces if 0 < len(piece) <= _LONGEST_PIECE]
    if not fitting:
        return None
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in piece) + '"\n' for piece in fitting)
    path.write_text("".join(lines), "ascii")
    return path


def write_merge_control(path: Path, inputs: Sequence[Path]) -> None:
    """Write the file by which libFuzzer is told what one step of a merge shall run."""
    path.write_text(f"{len(inputs)}\n0\n" + "".join(f"{one}\n" for one in inputs), "utf-8")


def merge_features(path: Path) -> dict[int, frozenset[int]]:
    """Return the features of each input, by its place in the list, that a merge has recorded."""
    lines = [line.split() for line in path.read_text("utf-8").splitlines()]
    return {int(words[1]): frozenset(map(int, words[2:])) for words in lines if words[:1] == ["FT"]}
