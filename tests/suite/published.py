"""What others have published: schedules to the first bug, by program and technique.

Means over 20 trials. Two sources, both for C programs with pthreads and visible memory accesses:

- RFF: the artifact of Wolff et al., "Greybox fuzzing for concurrency testing", ASPLOS 2024 (5
  minutes a trial), with the figures of PERIOD (Wen et al., ICSE 2022) from the same artifact.
- SURW: the raw results of Zhao et al., "Selectively uniform concurrency testing", ASPLOS 2025
  (10 000 schedules a trial; 1 000 000 for safe_stack).

Their tools choose other switching points than we do, so a figure of theirs tells the order of
magnitude, not what ours should be to the digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRIALS: Final = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """A published mean of schedules to the first bug.

    Attributes:
        mean: Over the trials that found the bug; None if none did.
        found: Trials that found it, of 20.
    """

    mean: float | None
    found: int

    def __str__(self) -> str:
        if self.mean is None:
            return "never"
        mean = f"{self.mean:g}"
        return mean if self.found == TRIALS else f"{mean} ({self.found}/{TRIALS})"


# A number is a mean; "3:18" the mean of 18 trials of 20 that found it; "-" says that no trial
# did, "?" that there is no figure.
RFF_COLUMNS: Final = ("RFF", "POS/rff", "PCT-3/rff", "QL", "PERIOD")
RFF_ROWS: Final = """
account           1    1        9       6         10
bluetooth_driver  45   72       161     155       9
carter01          2    2        5       1         4
circular_buffer   2    2        5       2         3
deadlock01        5    4        20      1         3
lazy01            6    5        10      12        7
queue             1    1        12      1         4
reorder_3         7    223      241     45843:18  6
reorder_5         6    4377:17  1126    -         12
reorder_10        6    -        2356    -         27
reorder_20        6    -        2128    ?         39
reorder_100       6    -        7447:1  ?         297
stack             2    2        2       1         8
token_ring        5    7        8       12        2
twostage          8    15       9       336       4
twostage_20       22   185      188     -         76
twostage_50       35   1984:19  849     ?         286
twostage_100      56   -        3888:6  -         690
wronglock         1    1        88      37        4
wronglock_3       1    1        40      37        5
stringbuffer      15   18       195     1405      27
safe_stack        -    -        -       -         -
"""

SURW_COLUMNS: Final = ("SURW", "PCT-3", "PCT-10", "POS", "random", "SURW/N-U", "SURW/N-S")
SURW_ROWS: Final = """
account            6          4        4        4       18       7        3
bluetooth_driver   70         112      83       36      215      70       1494:19
deadlock01         2          13       7        4       3        4        3
lazy01             2          5        5        5       21       6        4
token_ring         8          8        8        9       13       10       9
stack              5          3        3        2       176      5        986:19
circular_buffer    3          9        5        2       4        3        14
wronglock          7          51       20       10      36       4        4
wronglock_3        9          58       14       11      36       5        5
reorder_3          7          185      148      86      -        26       24
reorder_4          7          554      362      533     -        53       22
reorder_5          10         647      1094     2169    -        152      27
reorder_10         17         3225:16  4462:12  -       -        4358:6   74
reorder_20         6          3005     3297:17  -       -        3783:8   10
reorder_50         13         3304:6   9422:1   -       -        -        75
reorder_100        194        -        -        -       -        -        3785:12
twostage           8          13       9        15      464      8        9
twostage_20        6          159      101      156     -        172      24
twostage_50        20         1676     692      1637    -        1834     93
twostage_100       454        7466:3   5726:9   6674:3  -        8530:1   2992:18
stringbuffer       8          281      26       23      2243:19  8        834
safe_stack         368921:19  -        -        -       -        ?        -
install_user_keyrings  15     95       50       39      364      24       141
"""

# Programs of the same tables that are not here: no text says what they do exactly enough to write
# them anew, and we copy no code.
NOT_PORTED: Final = (
    "WorkStealQueue", "InterlockedWorkStealQueue", "InterlockedWorkStealQueueWithState",
    "StateWorkStealQueue", "boundedBuffer", "qsort_mt", "RADBench bug4, bug5 and bug6",
    "CVE-2016-1972", "CVE-2017-15265",
)  # fmt: skip


def _read(rows: str, columns: tuple[str, ...]) -> dict[str, dict[str, Figure]]:
    table: dict[str, dict[str, Figure]] = {}
    for line in rows.strip().splitlines():
        name, *cells = line.split()
        figures = zip(columns, map(_figure, cells), strict=True)
        table[name] = {column: figure for column, figure in figures if figure is not None}
    return table


def _figure(cell: str) -> Figure | None:
    if cell == "?":
        return None
    if cell == "-":
        return Figure(None, 0)
    mean, _, found = cell.partition(":")
    return Figure(float(mean), int(found or TRIALS))


def _both() -> dict[str, dict[str, Figure]]:
    rff, surw = _read(RFF_ROWS, RFF_COLUMNS), _read(SURW_ROWS, SURW_COLUMNS)
    return {name: {**rff.get(name, {}), **surw.get(name, {})} for name in {**surw, **rff}}


PUBLISHED: Final = _both()
