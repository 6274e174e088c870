"""The page of the pairs, `docs/before-after.md`, from what was just measured."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pairs import PairVerdict
from pairs_awaited import AWAITED

from reports import Environment
from reports.commit import read_commit
from reports.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from before_after import Measured

HEAD: Final = """\
# Before and after

The documents that our subjects come from claim that repairs made things faster. Here each subject
is measured with its fault planted and without it, and the claim stands beside the result. The
figures are of this repository's Python code on one machine; the claims are of other programs, in
Rust and Go, and are quoted, never used. Sides differ in one decision, where the documents' versions
differed in many: a claim that does not hold here may well have held there.
"""
HOW: Final = """\
Each run is a process of its own and gives one value, the best of five (of the waiters, the only
one); rounds go before, after, after, before. "Gain" is how many times as good after is as before,
by the ratios within rounds; the interval is at 95 %. A claimed figure *holds here* if the gain is
shown, the whole interval being above 1, and does not fall short of it, the interval reaching the
figure. *Cannot tell* means that the interval is too wide for either. "No change" is within 5 %.
"""
AGAIN: Final = """\
Measure again, and write this page anew:

```text
python benchmarks/before_after.py --write docs/before-after.md
```

`nox -s bench` measures the pairs too, and the store has them as `before-after/...`.
"""


def page(found: Sequence[Measured], *, rounds: int) -> str:
    """Return the page's text."""
    parts = [
        HEAD,
        _circumstances(rounds),
        HOW,
        "## Measured\n",
        "\n".join(_table(found)) + "\n",
        "## What a run is\n",
        "\n".join(_subjects(found)) + "\n",
        "## Not built yet\n",
        "The documents have figures for these, and nothing is here to measure them by.\n",
        "\n".join(_awaited()) + "\n",
        "## Again\n",
        AGAIN,
    ]
    return "\n".join(parts)


def _circumstances(rounds: int) -> str:
    machine, commit = Environment.capture(), read_commit(Path.cwd())
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    code = f", commit {commit.commit_id[:10]}" if commit is not None else ""
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {machine.implementation} "
        f"{machine.python}\non {machine.cpu}, {machine.cores} processors{load} when it ended"
        f"{code};\n{rounds} runs a side.\n"
    )


def _table(found: Sequence[Measured]) -> Iterator[str]:
    yield "| pair | before | after | gain | 95 % interval | the document claims | here |"
    yield "|---|---|---|---|---|---|---|"
    for one in found:
        gain, interval = one.gain
        bounds = "none" if interval is None else f"{interval[0]:.3g} to {interval[1]:.3g}"
        levels = [_level(value, one) for value in (one.found.old_level, one.found.new_level)]
        claim = f"{one.pair.claim.words} ({one.pair.claim.source})"
        cells = [one.pair.name, *levels, f"{gain:.3g}", bounds, claim, _verdict(one)]
        yield f"| {' | '.join(cells)} |"


def _level(value: float, one: Measured) -> str:
    return quantity(value, one.pair.unit).replace("\u202f", " ")


def _verdict(one: Measured) -> str:
    words = one.verdict.value
    return f"**{words}**" if one.verdict is PairVerdict.FAILS else words


def _subjects(found: Sequence[Measured]) -> Iterator[str]:
    for one in found:
        yield f"- `{one.pair.name}`: {one.pair.about}. Planted before: {one.pair.planted}."


def _awaited() -> Iterator[str]:
    yield "| what | the document claims |"
    yield "|---|---|"
    for one in AWAITED:
        yield f"| {one.name} | {one.claim} ({one.source}) |"
