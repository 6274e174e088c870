"""`holdfast report`: what ran, on one page; what got slower, as an exit code."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, ParamSpec, TypeVar

import click

from reports.compare import compare
from reports.errors import ReportsError
from reports.gate import GateReport, look, require_judged
from reports.ingest import ingest_file
from reports.judge import FLOOR, NOISE_MULTIPLE, Judged, Judgement, Limits
from reports.page import build_page
from reports.quantities import MICRO, MINUS, THIN, TIMES, count, percent, quantity
from reports.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reports.compare import Pair

REGRESSION_EXIT: Final = 1
TROUBLE_EXIT: Final = 2  # what click itself exits with on wrong usage
DEFAULT_STORE: Final = Path(".holdfast/store")
DEFAULT_PAGE: Final = Path("build/report/index.html")

_TERMINAL: Final = {ord(THIN): " ", ord(MINUS): "-", ord(TIMES): "x", ord(MICRO): "u"}

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="The folder that holds every run; `ingest` makes it when absent.",
)


def _explained(
    command: Callable[_Arguments, _Result],
) -> Callable[_Arguments, _Result]:
    """Turn an error of this package into its sentence and exit code 2."""

    @functools.wraps(command)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            return command(*args, **kwargs)
        except ReportsError as error:
            _give_up(str(error))

    return guarded


def _say(text: str, *, to_stderr: bool = False) -> None:
    # The page's typography would be question marks or an error on an old terminal.
    click.echo(text.translate(_TERMINAL), err=to_stderr)


def _give_up(message: str) -> NoReturn:
    _say(f"holdfast report: {message}", to_stderr=True)
    raise SystemExit(TROUBLE_EXIT)


@click.group(
    name="report",
    help="""Collect what ran, show it on one page, and fail when something got slower.

    \b
    A morning's work:
      pytest -o addopts="" benchmarks --benchmark-json=bench.json
      holdfast report ingest bench.json
      holdfast report gate
      holdfast report build && xdg-open build/report/index.html

    Stress, fuzz and planted runs write to the store by themselves. Every run is one JSON document
    that is never changed; stores are merged by copying documents.
    """,
)
def report_command() -> None:
    """Group the commands about results."""


@report_command.command(name="ingest", short_help="Put result files into the store.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@_store_option
@_explained
def ingest_command(files: tuple[Path, ...], store: Path) -> None:
    """Put result files into the store.

    FILE is what `pytest --benchmark-json` writes (also its saved runs), what an exploration's
    `to_json()` holds, a run document of another store, or a folder of these. A file that is
    none of them, or damaged, is refused and named; the others are still taken, and the exit code
    is 2. The same file twice is one run.
    """
    new = refused = 0
    for file in _each_file(files):
        try:
            done = ingest_file(file, store=store)
        except ReportsError as error:
            refused += 1
            _say(f"holdfast report: {error}", to_stderr=True)
            continue
        new += done.new
        already = "" if done.new else ", already there"
        _say(f"{file}: {count(done.records, 'record')}{already}")
    _say(f"{count(new, 'new run')} in {store}")
    if refused:
        raise SystemExit(TROUBLE_EXIT)


@report_command.command(name="build", short_help="Draw the page.")
@_store_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_PAGE,
    show_default=True,
    help="Where the page goes: one file that needs nothing else.",
)
@click.option(
    "--rebuild-index",
    is_flag=True,
    help="Read every document again, checking each against its name.",
)
@_explained
def build_command(store: Path, output: Path, *, rebuild_index: bool) -> None:
    """Draw the page: what failed and how to run it again, then everything else.

    It shows the runs of the newest commit, uncommitted changes included, and each benchmark's
    whole history in the same environment. The exit code says only whether the page could be
    drawn; to fail on a regression use `gate`.
    """
    with Store(store) as opened:
        if rebuild_index:
            opened.rebuild()
        line = build_page(opened, output)
        for error in opened.refused:
            _say(f"holdfast report: {error}", to_stderr=True)
    _say(line)
    _say(f"{output}")


@report_command.command(name="compare", short_help="Two versions side by side.")
@click.argument("old")
@click.argument("new")
@_store_option
@_explained
def compare_command(old: str, new: str, store: Path) -> None:
    """Show how each benchmark differs between two versions.

    OLD and NEW are the first digits of commits, or of run documents' names. Only results of one
    environment are put side by side; if there are none, it says in what the environments differ
    and exits 2.
    """
    with Store(store) as opened:
        found = compare(opened, old, new)
    rows = [("benchmark", found.old_label, found.new_label, "change", "runs")]
    rows += [_pair_row(pair) for pair in found.pairs]
    for line in _columns(rows):
        _say(line)
    for label, alone in ((found.old_label, found.only_old), (found.new_label, found.only_new)):
        if alone:
            _say(f"only in {label}: {count(alone, 'metric')}")


@report_command.command(
    name="gate",
    short_help="Exit 1 when a benchmark got worse.",
    help="""Compare the newest runs with their history; exit 1 when something got worse.

    Each benchmark's median over the newest code's runs is held against the last runs before it,
    of the same machine, Python and key packages. It counts as worse when it moved in its bad
    direction by more than the floor and by more than the noise allows. Run the benchmarks three
    times or more and ingest each: a single run cannot tell a slow moment from slow code.

    \b
    Exit codes:
      0  nothing got worse
      1  at least one benchmark got worse
      2  wrong usage, too little history (5 runs), or history only from unlike environments

    The gate changes nothing: results are stored before it looks, whatever it says.
    """,
)
@_store_option
@click.option(
    "--floor",
    type=click.FloatRange(min=0, max=1000),
    default=FLOOR * 100,
    show_default=True,
    help="Percent that a benchmark may always move.",
)
@click.option(
    "--noise",
    type=click.FloatRange(min=0, max=100),
    default=NOISE_MULTIPLE,
    show_default=True,
    help="How many times its own noise it may move.",
)
@_explained
def gate_command(store: Path, floor: float, noise: float) -> None:
    """Judge the newest runs and exit by what became of them."""
    with Store(store) as opened:
        report = look(opened, limits=Limits(floor=floor / 100, noise_multiple=noise))
        _print_gate(report)
        if report.regressions:
            raise SystemExit(REGRESSION_EXIT)
        require_judged(report, opened)


def _print_gate(report: GateReport) -> None:
    _say(f"{report.label} on {report.environment}")
    improved = report.having(Judgement.IMPROVEMENT)
    for judged in (*report.regressions, *improved):
        _say(_gate_line(judged))
    not_judged = report.having(Judgement.TOO_LITTLE) + report.having(Judgement.NO_DIRECTION)
    _say(
        f"{len(report.regressions)} worse, {len(improved)} better, "
        f"{len(report.having(Judgement.UNCHANGED))} unchanged, {len(not_judged)} not judged"
    )


def _gate_line(judged: Judged) -> str:
    before = quantity(judged.baseline or 0.0, judged.unit)
    facts = [f"{quantity(judged.current, judged.unit)}, was {before}"]
    if judged.change is not None:
        facts.append(percent(judged.change))
    if judged.smallest_visible is not None:
        facts.append(f"allowed {percent(judged.smallest_visible)}")
    facts.append(f"{count(judged.current_runs, 'run')} against {judged.history_runs}")
    name = f"{judged.key.benchmark} ({judged.key.metric})"
    return f"{judged.judgement.value:6}  {name}: {'; '.join(facts)}"


def _pair_row(pair: Pair) -> tuple[str, str, str, str, str]:
    name = pair.benchmark if pair.metric == "time" else f"{pair.benchmark} ({pair.metric})"
    change = "" if pair.change is None else percent(pair.change)
    runs = f"{pair.old_runs} / {pair.new_runs}"
    return name, quantity(pair.old, pair.unit), quantity(pair.new, pair.unit), change, runs


def _columns(rows: list[tuple[str, str, str, str, str]]) -> Iterable[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for name, *cells in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()


def _each_file(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        else:
            yield path
