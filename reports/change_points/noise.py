"""How much a series moves by itself: scale, correlation, and values with lone spikes clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLIP_SCALES: Final = 3.5  # of a bell curve 1 point in 2 000 is clipped, of spikes nearly all
WINDOW: Final = 5  # three points of five make a level, two are spikes

_MEDIAN_TO_SD: Final = 1.4826 / np.sqrt(2)  # of the absolute difference of two normal values
_SHARE: Final = 0.8  # a quantile that two modes move and one spike in ten points does not
_SHARE_TO_SD: Final = 1 / (1.2816 * np.sqrt(2))


def difference_scale(values: Floats) -> float:
    """Return the standard deviation of one point, told from neighbours only, so steps do not count.

    The median of the absolute differences alone would be nought for a series that jumps between
    two values and stays about as often as it jumps; a higher quantile stands in there.

    Source: von Neumann et al., Ann. Math. Stat. 12 (1941), for differences; the median of them is
    Rousseeuw and Croux's (1993) device against outliers.
    """
    return float(difference_scales(values))


def difference_scales(rows: Floats) -> Floats:
    """Return the same for each row."""
    steps = np.abs(np.diff(rows, axis=-1))
    middle, high = np.quantile(steps, (0.5, _SHARE), axis=-1)
    return np.asarray(np.maximum(_MEDIAN_TO_SD * middle, _SHARE_TO_SD * high))


def running_median(rows: Floats) -> Floats:
    """Return the median of five neighbours along the last axis; at an end, of the five there."""
    first, second, third, fourth, fifth = (
        rows[..., at : rows.shape[-1] - WINDOW + 1 + at] for at in range(WINDOW)
    )
    # A sorting network: ten passes over all rows at once, where np.median would sort each window.
    low = np.maximum(np.minimum(first, second), np.minimum(fourth, fifth))
    high = np.minimum(np.maximum(first, second), np.maximum(fourth, fifth))
    inner = np.maximum(np.minimum(third, low), np.minimum(np.maximum(third, low), high))
    middle = np.empty_like(rows)
    middle[..., 2:-2] = inner
    middle[..., :2] = inner[..., :1]
    middle[..., -2:] = inner[..., -1:]
    return middle


def clipped(rows: Floats, scale: float | Floats) -> Floats:
    """Return the values no farther than 3.5 scales from the median of their neighbourhood.

    Source: Tukey's winsorising, around a running median (Tukey, EDA, 1977).
    """
    middle = running_median(rows)
    reach = CLIP_SCALES * scale
    return np.clip(rows, middle - reach, middle + reach)


def correlation(residuals: Floats, starts: Floats) -> tuple[float, float]:
    """Return the correlation of neighbours within segments, as seen and as it most likely is.

    Taking a mean out of each segment makes noise look less correlated than it is; the second
    number has that put back.

    Args:
        residuals: Values less the mean of their segment.
        starts: Index of each segment's first point, the first segment's included.

    Source: the bias is Marriott and Pope's, Biometrika 41 (1954), one mean for each segment.
    """
    power = float(residuals @ residuals)
    points = residuals.size
    if power <= 0 or points < WINDOW:
        return 0.0, 0.0
    products = residuals[1:] * residuals[:-1]
    products[np.asarray(starts[1:], dtype=np.intp) - 1] = 0
    raw = float(products.sum()) / power
    segments = len(starts)
    unbiased = (raw + segments / points) / max(0.5, 1 - (2 + segments) / points)
    return float(np.clip(raw, 0, 0.95)), float(np.clip(unbiased, -0.9, 0.95))
