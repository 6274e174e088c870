"""Ask other change-point detectors, in whatever interpreter has them, about series on stdin.

Reads {case: [[values]]} as JSON and writes {detector: {case: [[indices]]}}; a detector that cannot
be imported is left out. Run by change_points.py; never imported by it, because these pin an older
NumPy.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Detector = Callable[[list[float]], list[int]]


def _otava(p: float = 0.001, magnitude: float = 0.0) -> Detector:
    from otava.analysis import compute_change_points  # noqa: PLC0415

    def told(values: list[float]) -> list[int]:
        points, _ = compute_change_points(
            values, window_len=50, max_pvalue=p, min_magnitude=magnitude
        )
        return [point.index for point in points]

    return told


def _ruptures() -> Detector:
    import numpy  # noqa: PLC0415, ICN001
    import ruptures  # noqa: PLC0415

    def told(values: list[float]) -> list[int]:
        signal = numpy.array(values)
        noise = 1.4826 / math.sqrt(2) * numpy.median(numpy.abs(numpy.diff(signal)))
        search = ruptures.KernelCPD(kernel="linear", min_size=3).fit(signal)
        return search.predict(pen=4 * math.log(len(values)) * noise * noise)[:-1]

    return told


def _asv() -> Detector:
    from asv.step_detect import detect_steps  # noqa: PLC0415

    return lambda values: [step[0] for step in detect_steps(values)[1:]]


def _all() -> Iterator[tuple[str, Detector]]:
    makers = {
        "otava": _otava,
        "otava 1e-5": lambda: _otava(1e-5, 0.03),
        "ruptures": _ruptures,
        "asv": _asv,
    }
    for name, maker in makers.items():
        try:
            yield name, maker()
        except ImportError as error:
            sys.stderr.write(f"{name} is left out: {error}\n")


def main() -> None:
    """Answer every case with every detector there is."""
    cases = json.load(sys.stdin)
    answers = {
        name: {
            case: [[int(at) for at in told(values)] for values in series]
            for case, series in cases.items()
        }
        for name, told in _all()
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
