"""The page's sections in their order, each a module of its own.

A section `name` is a module with `view(data: PageData) -> value | None`, and a template
`templates/<name>.html.j2` that gets the value as `section` (and nothing else of the page). None
leaves the section out, with its entry in the navigation. The page puts the frame around it:
`<section id="<name>">` and its `<h2>`, so a partial starts below, with `<h3>`. A value may have a
`badge`, a few words that stand beside its entry in the navigation ("2 failed").

Style and script that one section alone needs stand in `templates/<name>.css` and
`templates/<name>.js`; macros that all share (marks, findings, commands to copy, sparklines) in
`templates/parts.html.j2`. Text in a value is escaped by the template; only drawings of our own go
through `| safe`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.page.data import PageData


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: the name of its module and template, and its title."""

    name: str
    title: str
    module: str


SECTIONS: Final = (
    Section(name="regressions", title="Regressions", module="reports.page.regressions"),
    Section(name="trends", title="Trends", module="reports.page.trends"),
    Section(name="unstable", title="Unstable", module="reports.page.unstable"),
    Section(name="distributions", title="Distributions", module="reports.page.distributions"),
    Section(name="scaling", title="Scaling", module="reports.page.scaling"),
    Section(name="profiles", title="Profiles", module="reports.page.profiles"),
    Section(name="tests", title="Tests", module="reports.page.tests"),
    Section(name="evidence", title="Explorations", module="reports.page.evidence"),
    Section(name="planted", title="Planted bugs", module="reports.page.planted"),
    Section(name="campaigns", title="Fuzzing", module="reports.page.campaigns"),
    Section(name="stress", title="Stress", module="reports.page.stress"),
    Section(name="pairs", title="Before and after", module="reports.page.pairs"),
    Section(
        name="characteristics",
        title="Characteristics",
        module="reports.page.characteristics",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A section that has something to show."""

    name: str
    title: str
    value: object

    @property
    def template(self) -> str:
        """Return the name of the section's template."""
        return f"{self.name}.html.j2"

    @property
    def badge(self) -> str:
        """Return the words beside the section's entry in the navigation, or an empty text."""
        return str(getattr(self.value, "badge", ""))


def filled(data: PageData) -> Iterator[Filled]:
    """Return the sections that have something to show, in the page's order."""
    for section in SECTIONS:
        value = importlib.import_module(section.module).view(data)
        if value is not None:
            yield Filled(name=section.name, title=section.title, value=value)
