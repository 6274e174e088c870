"""A series brought to a size where squares neither overflow nor vanish, with its spikes clipped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.change_points.noise import clipped, difference_scale

if TYPE_CHECKING:
    from reports.change_points.noise import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeries:
    """A series as numbers around nought and at most one in size.

    Attributes:
        given: The values as they came.
        raw: The values less their median, over `unit`.
        smooth: The same with lone spikes clipped.
        scale: Noise of one point told from neighbours, over `unit`.
        unit: What one is in the series' unit.
    """

    given: Floats
    raw: Floats
    smooth: Floats
    scale: float
    unit: float


def unit_series(given: Floats) -> UnitSeries | None:
    """Return the series at unit size, or None of a constant one."""
    # A power of two first: it loses no digit, and halves can be subtracted without overflow.
    exponent = int(np.frexp(np.abs(given).max())[1])
    halves = np.ldexp(given, -exponent - 1)
    away = halves - np.median(halves)
    spread = float(np.abs(away).max())
    if spread == 0:
        return None
    raw = away / spread
    scale = difference_scale(raw)
    return UnitSeries(
        given=given,
        raw=raw,
        smooth=clipped(raw, scale),
        scale=scale,
        unit=math.ldexp(spread, exponent + 1),
    )


def middle(values: Floats) -> float:
    """Return the median, of values up to the largest a float holds."""
    return 2 * float(np.median(values / 2))
