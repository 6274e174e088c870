"""How long the page takes: to be built of 1 000 runs, to open with 10 000 series in a browser.

    python benchmarks/report_page.py                 # both, some minutes: stores are made first
    python benchmarks/report_page.py --quick         # a tenth of the size, to see that it works
    python benchmarks/report_page.py --store STORE   # and keep the figures

Opening is measured from the start of the navigation to the first frame after the script has made
the page usable (search, filters and the first rows), in a new context of a real Chromium each
time. Building is measured in CPU time, which a busy machine changes little.

Exit codes: 0 every limit kept, 1 one was missed, 2 there is no browser here.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from reports import Direction, Measure, Outcome, Record, RecordKind, Store, write_run
from reports.page.page import build_page
from reports.quantities import quantity, stated

sys.path.insert(0, str(Path(__file__).parents[1]))  # the stores are those of the tests
from tests.reports.page.demo_store import many_series

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILD_LIMIT_S: Final = 30.0
SIZE_LIMIT_BYTES: Final = 20_000_000.0
OPEN_LIMIT_S: Final = 2.0
OPENINGS: Final = 7
_READY: Final = """() => new Promise(done => {
  const look = () => document.documentElement.dataset.ready
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
})"""


def build_figures(folder: Path, *, shrink: int) -> list[Record]:
    """Build the page of 1 000 runs of 100 benchmarks, its index made already."""
    runs = 1000 // shrink
    store = many_series(folder / "long", series=100, runs=runs)
    page = folder / "long.html"
    times = []
    with Store(store) as opened:
        for _ in range(2):
            start = time.process_time()  # one thread: on a quiet machine the same as wall time
            build_page(opened, page)
            times.append(time.process_time() - start)
    size = float(page.stat().st_size)
    return [
        figure(
            "report.page.build",
            f"CPU time to build the page of {runs} runs of 100 benchmarks",
            times,
            "s",
            BUILD_LIMIT_S,
        ),
        figure("report.page.size", "the same page on disk", [size, size], "B", SIZE_LIMIT_BYTES),
    ]


def open_figures(folder: Path, *, shrink: int) -> list[Record]:
    """Open a page of 10 000 series in new contexts of one browser."""
    series = 10_000 // shrink
    store = many_series(folder / "wide", series=series, runs=25)
    page = folder / "wide.html"
    with Store(store) as opened:
        build_page(opened, page)
    times = openings(page.as_uri())
    about = f"page of {series} series of 25 runs ({page.stat().st_size / 1e6:.1f} MB) opens"
    return [figure("report.page.open", about, times, "s", OPEN_LIMIT_S)]


def openings(address: str) -> list[float]:
    """Return how many seconds each of several openings took."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # it may be absent

    path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            return [opening(browser, address) for _ in range(OPENINGS)]
        finally:
            browser.close()


def opening(browser: Any, address: str) -> float:  # noqa: ANN401  # Playwright's
    """Return how many seconds one opening took."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        tab = context.new_page()
        tab.goto(address, wait_until="commit")
        return float(tab.evaluate(_READY)) / 1000
    finally:
        context.close()


def figure(name: str, about: str, values: Sequence[float], unit: str, limit: float) -> Record:
    """Return a record that failed when the median is beyond the limit."""
    median = statistics.median(values)
    measure = Measure(
        metric="size" if unit == "B" else "time",
        value=median,
        unit=unit,
        direction=Direction.LOWER,
        n=len(values),
        minimum=min(values),
        median=median,
        maximum=max(values),
    )
    return Record(
        kind=RecordKind.BENCHMARK,
        name=name,
        outcome=Outcome.PASSED if median <= limit else Outcome.FAILED,
        measures=(measure,),
        params={"about": about, "limit": f"{limit:g}"},
        replay="python benchmarks/report_page.py",
    )


def main(arguments: Sequence[str]) -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--store", type=Path, help="keep the figures there")
    options = parser.parse_args(arguments)
    if shutil.which("chromium") is None:
        click.echo("report_page: no chromium here; apt-get install chromium", err=True)
        return 2
    shrink = 10 if options.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        records = build_figures(Path(folder), shrink=shrink)
        records += open_figures(Path(folder), shrink=shrink)
    for record in records:
        show(record)
    if options.store is not None and not options.quick:
        write_run(records, store=options.store, source="benchmarks/report_page.py")
    return int(any(record.outcome is Outcome.FAILED for record in records))


def show(record: Record) -> None:
    """Print one figure with its limit."""
    one = record.measures[0]
    limit = stated(float(record.params["limit"]), one.unit)
    spread = f"{quantity(one.minimum or 0, one.unit)} to {quantity(one.maximum or 0, one.unit)}"
    value = quantity(one.value, one.unit)
    click.echo(
        f"{record.outcome.value:7} {value} ({spread}), at most {limit}: {record.params['about']}"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
