"""The main file of a spawned child: `python spawned_child.py FOLDER`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    """Run the job that lies in a folder. Never returns."""
    with (folder / "job").open("rb") as file:
        # The parent's path first: what the job is made of is found by it. Ours begins with this
        # file's own folder, whose modules are not to be found as top ones.
        sys.path[:] = pickle.load(file)  # noqa: S301  # written by our own parent
        from harness.child_life import live  # noqa: PLC0415  # needs the path
        from harness.exchange import Exchange  # noqa: PLC0415  # as above

        def job(send: Any) -> Any:  # noqa: ANN401  # any job's
            # Read inside the job, so that what cannot be imported is reported as its error.
            return pickle.load(file)(send)  # noqa: S301  # as above

        live(job, Exchange(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
