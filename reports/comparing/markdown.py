"""A comparison as Markdown, for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.comparing import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.comparing.pairs import Comparison, Pair


_MARKS: Final = "\\`*_[]|#"
# A commercial at would call the people of that name.
_ESCAPED: Final = str.maketrans(
    {mark: "\\" + mark for mark in _MARKS} | {"<": "&lt;", ">": "&gt;", "@": "&#64;"}
)


def comparison_markdown(found: Comparison, *, every: bool = False) -> str:
    """Return the summary, a table of what changed, and the rest folded away.

    Args:
        every: Put the pairs that did not change into the table, too.
    """
    lines = [f"### {_safe(wording.heading(found))}", ""]
    lines += [f"- {_safe(line)}" for line in wording.summary(found)]
    shown = tuple(one for one in found.pairs if one.found.p is not None) if every else None
    table = list(_table(wording.changed(found) if shown is None else shown, found))
    lines += ["", *table] if table else []
    lines += _folded("Cannot tell", [*wording.unclear(found, every=True)])
    lines += _folded("Also", [*wording.remarks(found)])
    lines += ["", f"<sub>{_safe(wording.footnote(found))}</sub>", ""]
    return "\n".join(lines)


def _table(pairs: tuple[Pair, ...], found: Comparison) -> Iterator[str]:
    rows = wording.rows(pairs, found)
    for at, row in enumerate(rows):
        yield "| " + " | ".join(_safe(cell) for cell in row) + " |"
        if at == 0:
            yield "|:--" + "|--:" * (len(row) - 2) + "|:--|"


def _folded(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    listed = [f"- {_safe(line)}" for line in lines]
    head = f"<details><summary>{title}: {len(lines)}</summary>"
    return ["", head, "", *listed, "", "</details>"]


def _safe(text: str) -> str:
    """Return text that a Markdown page shows as it stands: a name is data, not markup."""
    return " ".join(text.translate(_ESCAPED).split())
