"""One self-contained HTML page: what failed and how to run it again, then everything else.

No font, no image, no script from elsewhere; a content policy in the page forbids them and allows
the one script by its hash, so a story that holds markup cannot load or run anything. The same
store gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.errors import MissingExtraError
from reports.judging.verdict import SeriesState
from reports.page import assets
from reports.page.data import PageData, read_page_data
from reports.page.sections import filled
from reports.page.view import MARKS, finding_view
from reports.page.wording import reassurance, verdict
from reports.quantities import count
from reports.record import Outcome
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from reports.selection import Selection
    from reports.store import Store


def build_page(store: Store, target: Path) -> str:
    """Write the page to `target` and return its verdict line.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    template = _template()
    data = read_page_data(store)
    line = verdict(data)
    html = template.render(_context(data) | {"verdict": line})
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, html.lstrip().encode("utf-8"))
    return line


def _template() -> Any:  # noqa: ANN401  # Jinja2 is loaded only here
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("Jinja2") from error
    environment = Environment(
        loader=FileSystemLoader(assets.TEMPLATES),
        autoescape=True,  # every text in a record is foreign
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _context(data: PageData) -> dict[str, Any]:
    records, selection = data.records, data.selection
    state = _state(data)
    script = assets.script()
    return {
        "css": assets.style(),
        "script": script,
        "script_hash": assets.script_hash(script),
        "state_name": state.value,
        "seal": MARKS[state],
        "reassurance": reassurance(data),
        "about": _about(selection),
        "failures": [finding_view(one) for one in records if one.outcome is Outcome.FAILED],
        "open_ends": [finding_view(one) for one in records if one.outcome is Outcome.UNDECIDED],
        "sections": list(filled(data)),
        "refused": [str(error) for error in selection.refused],
        "environments": sorted({str(one.environment) for one in selection.documents}),
    }


def _state(data: PageData) -> Outcome:
    outcomes = {record.outcome for record in data.records}
    worse = data.judgement is not None and data.judgement.having(SeriesState.REGRESSION)
    if not data.records:
        return Outcome.SKIPPED
    if Outcome.FAILED in outcomes or worse:
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
