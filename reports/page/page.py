"""One self-contained HTML page: what failed and how to run it again, then everything else.

No script, no font, no image from elsewhere; a content policy in the page forbids them, so a story
that holds markup cannot load anything either. The same store gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reports.errors import MissingExtraError, TooLittleDataError
from reports.judging.gate import look
from reports.judging.judge import Judged, Judgement, Limits
from reports.page.trend_figure import draw_trend
from reports.page.view import (
    MARKS,
    TrendView,
    check_table,
    figure_rows,
    finding_view,
    planted_rows,
    summary_rows,
    trend_view,
)
from reports.page.wording import reassurance, trend_words, verdict
from reports.quantities import count
from reports.record import Outcome, RecordKind
from reports.selection import Selection, select
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from reports.series import Series
    from reports.store import Store

_TEMPLATES: Final = Path(__file__).parent / "templates"
_LEAST_RUNS_DRAWN: Final = 2


def build_page(store: Store, target: Path, *, limits: Limits | None = None) -> str:
    """Write the page to `target` and return its verdict line.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    selection = select(store)
    judged = _judged(store, limits)
    line = verdict(selection.records, judged)
    html = _template().render(_context(store, selection, judged) | {"verdict": line})
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, html.lstrip().encode("utf-8"))
    return line


def _template() -> Any:  # noqa: ANN401  # Jinja2 is loaded only here
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("Jinja2") from error
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,  # every text in a record is foreign
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _judged(store: Store, limits: Limits | None) -> tuple[Judged, ...]:
    try:
        return look(store, limits=limits).judged
    except TooLittleDataError:
        return ()


def _context(store: Store, selection: Selection, judged: tuple[Judged, ...]) -> dict[str, Any]:
    records = selection.records
    kinds = (RecordKind.EXPLORATION, RecordKind.STRESS, RecordKind.FUZZ)
    tables = [check_table(records, kind) for kind in kinds]
    trends = _trends(store, judged)
    state = _state(selection, judged)
    return {
        "css": (_TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "state_name": state.value,
        "seal": MARKS[state],
        "reassurance": reassurance(records, judged),
        "about": _about(selection),
        "failures": [finding_view(one) for one in records if one.outcome is Outcome.FAILED],
        "open_ends": [finding_view(one) for one in records if one.outcome is Outcome.UNDECIDED],
        "worse": [one for one in trends if one.judgement == "failed"],
        "summary": summary_rows(records),
        "planted": planted_rows(records),
        "tables": [table for table in tables if table is not None],
        "figures": figure_rows(records),
        "drawn": [one for one in trends if one.svg],
        "undrawn": [one for one in trends if not one.svg],
        "refused": [str(error) for error in selection.refused],
        "environments": sorted({str(one.environment) for one in selection.documents}),
    }


def _trends(store: Store, judged: tuple[Judged, ...]) -> list[TrendView]:
    views = []
    for one in sorted(judged, key=_by_urgency):
        series = store.series(one.key)
        if series is not None:
            views.append(_trend(series, one))
    return views


def _trend(series: Series, judged: Judged) -> TrendView:
    words = trend_words(series, judged)
    title = f"{judged.key.benchmark}, {judged.key.metric}"
    runs = len(series.runs)
    if runs < _LEAST_RUNS_DRAWN:
        return trend_view(judged, words=words, svg="", unit="", runs=runs)
    drawing = draw_trend(series, judged, title=title, description=words)
    return trend_view(judged, words=words, svg=drawing.svg, unit=drawing.unit, runs=runs)


def _by_urgency(judged: Judged) -> tuple[bool, str, str]:
    return (
        judged.judgement is not Judgement.REGRESSION,
        judged.key.benchmark,
        judged.key.metric,
    )


def _state(selection: Selection, judged: tuple[Judged, ...]) -> Outcome:
    outcomes = {record.outcome for record in selection.records}
    if not selection.records:
        return Outcome.SKIPPED
    if Outcome.FAILED in outcomes or any(one.judgement is Judgement.REGRESSION for one in judged):
        return Outcome.FAILED
    return Outcome.UNDECIDED if Outcome.UNDECIDED in outcomes else Outcome.PASSED


def _code_words(selection: Selection) -> str:
    commits = [one.commit for one in selection.documents if one.commit is not None]
    if not commits:
        return "no commit"
    states = len({commit.changes for commit in commits if commit.dirty})
    if not states:
        return commits[0].short
    return f"{commits[0].commit_id[:7]} with {count(states, 'state')} of uncommitted changes"


def _about(selection: Selection) -> list[tuple[str, str]]:
    if not selection.documents:
        return []
    newest = selection.documents[0]
    shown, total = len(selection.documents), selection.runs_in_store
    facts = [
        ("Code", _code_words(selection)),
        ("Newest run", newest.written_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("Runs", f"{count(shown, 'run')} shown, {count(total, 'run')} in the store"),
    ]
    loads = [one.load_1m for one in selection.documents if one.load_1m is not None]
    if loads:
        cores = newest.environment.cores
        facts.append(("Load", f"{min(loads):.1f} to {max(loads):.1f} on {count(cores, 'core')}"))
    return facts
