"""A process that writes runs into a store and indexes them, for the tests that run several.

`python index_writer.py STORE NAME COUNT [URL]` prints the name of each document once it is written,
so that whoever kills it knows what must be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reports import Store
from tests.reports.index.written_runs import add, benchmark


def main(store: Path, name: str, count: int, url: str | None) -> None:
    """Write and index `count` runs, one after the other."""
    opened: Store | None = None
    for at in range(count):
        path = add(store, *(benchmark(f"{name}[{n}]", float(at)) for n in range(20)), at=at)
        sys.stdout.write(f"{path.stem}\n")
        sys.stdout.flush()
        if opened is None:
            opened = Store(store, url)
        else:
            opened.refresh()
    if opened is not None:
        opened.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), (sys.argv[4:] or [None])[0])
