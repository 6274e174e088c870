"""One self-contained HTML page: what failed and how to run it again, then everything else.

No font, no image, no script from elsewhere; a content policy in the page forbids them and allows
the one script by its hash, so a story that holds markup cannot load or run anything. The same
store gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.errors import MissingExtraError
from reports.page import assets, first_screen
from reports.page.cells import breakable
from reports.page.data import PageData, read_page_data
from reports.page.sections import filled
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.judging.accepted import Acceptances
    from reports.judging.policy import Policy
    from reports.store import Store


def build_page(
    store: Store,
    target: Path,
    *,
    policy: Policy | None = None,
    accepted: Acceptances | None = None,
    progress: Callable[[str], None] | None = None,
) -> str:
    """Write the page to `target` and return its verdict line.

    Args:
        policy: How strict judging is; the defaults when None.
        accepted: The project's acknowledgements and resets; none when None.
        progress: Told what is being done, and an empty text at the end.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    said = progress or _silent
    template = _template()
    said("judging every series")
    data = read_page_data(store, policy=policy, accepted=accepted)
    said("drawing")
    context = _context(data)
    html = template.render(context)
    said("writing")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, html.lstrip().encode("utf-8"))
    said("")
    return str(context["first"].verdict)


def _silent(stage: str) -> None:
    del stage


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
    environment.filters["breakable"] = breakable
    return environment.get_template("page.html.j2")


def _context(data: PageData) -> dict[str, Any]:
    script = assets.script()
    sections = list(filled(data))
    return {
        "css": assets.style(),
        "script": script,
        "script_hash": assets.script_hash(script),
        "first": first_screen.view(data),
        "newest_run": data.now.isoformat() if data.stamps else "",
        "sections": sections,
        "anchors": {one.name for one in sections},
        "refused": [str(error) for error in data.selection.refused],
        "environments": sorted({str(one.environment) for one in data.selection.documents}),
    }
