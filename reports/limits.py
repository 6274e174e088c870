"""How large anything from outside may be before it is refused, and why."""

from __future__ import annotations

from typing import Final

DOCUMENT_BYTES: Final = 64 * 1024 * 1024  # pytest-benchmark with all rounds saved: 5 to 30 MB
RECORDS: Final = 100_000  # 600 benchmarks a run is large; this is two orders above
MEASURES: Final = 200  # a record of one benchmark carries about ten
CURVE: Final = 300  # more points than a figure is wide in tenths of an inch
PARAMS: Final = 100
NAME_CHARS: Final = 500  # a pytest node id with parameters stays below 300
TEXT_CHARS: Final = 200_000  # a finding's whole story with its lanes is 2 000 to 50 000
DEPTH: Final = 60  # our documents nest 6 deep; the standard parser gives up near 1 000
