"""Where a campaign is shown: a block that is drawn anew, or lines where there is no terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from fuzz.campaign.campaign_run import Verdict
from fuzz.campaign.live_view import draw
from fuzz.duration import in_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fuzz.campaign.campaign_run import CampaignRun, Found
    from fuzz.campaign.progress import Progress
    from fuzz.campaign.turns import Broken

FIRST_LINE_S: Final = 5.0
LONGEST_S: Final = 60.0  # between two lines: a night is 500 of them
STORY_LINES: Final = 40  # of a finding's story that a campaign prints; a replay prints all
INDENT: Final = " " * 17


class Terminal:
    """Shows campaigns. A context manager; used by one thread."""

    def __init__(self) -> None:
        self._console = Console()
        self._live: Live | None = None
        self._wait_s = FIRST_LINE_S
        self._next_s: float | None = None
        self._ascii_only = "utf" not in self._console.encoding.lower()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop()

    def progress(self, progress: Progress) -> None:
        """Show how far a campaign is."""
        if not self._console.is_terminal:
            self._progress_line(progress)
            return
        self._draw(draw(progress, ascii_only=self._ascii_only))

    def _draw(self, block: RenderableType) -> None:
        if self._live is None:
            # Drawn when there is something new, by this thread: no flicker, and no race with what
            # is printed above.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(block, refresh=True)

    def waiting(self, text: str) -> None:
        """Show a line until there is something to show."""
        if self._console.is_terminal:
            self._draw(Text(text, style="dim"))

    def say(self, text: str) -> None:
        """Print a line as it is, above what is drawn."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def result(self, run: CampaignRun) -> None:
        """Show what came of a campaign."""
        self._stop()
        self._headline(run, covered=f", {_covered(run)}")
        engines = " + ".join(sorted(set(run.engines)))
        self.say(f"{INDENT}{engines}, {_count(run.workers, 'worker')}; seed {run.seed}; "
                 f"ended because {run.ending}")  # fmt: skip
        if run.replayed:
            self.say(f"{INDENT}{run.replayed} saved crashes ran first: {run.fixed} fail no more")
        if run.outlook is not None:
            self.say(f"{INDENT}{run.outlook}")
        for note in run.notes:
            self.say(f"{INDENT}note: {note}")
        for found in run.found:
            self._found(found, whole=False)
        if run.why_undecided and not run.found:
            self.say(run.why_undecided)

    def replayed(self, run: CampaignRun) -> None:
        """Show what came of a replay."""
        self._stop()
        self._headline(run, covered="")
        for found in run.found:
            self._found(found, whole=True)
        if run.why_undecided and not run.found:
            self.say(run.why_undecided)

    def broken(self, broken: Broken) -> None:
        """Show a target that could not be fuzzed."""
        self._stop()
        self._console.print(f"[bold red]{broken.how:>15}[/]  ", end="", highlight=False)
        self.say(f"{broken.target}: {broken.reason}")

    def _progress_line(self, progress: Progress) -> None:
        now_s = time.monotonic()
        if self._next_s is None and progress.seconds > 0:
            self._next_s = now_s + FIRST_LINE_S
        elif self._next_s is not None and now_s >= self._next_s:
            self._wait_s = min(self._wait_s * 1.5, LONGEST_S)
            self._next_s = now_s + self._wait_s
            self.say(f"{progress.target}: {in_words(progress.seconds)}, {progress}")

    def _headline(self, run: CampaignRun, *, covered: str) -> None:
        colour = "green" if run.verdict is Verdict.CLEAN else "bold red"
        self._console.print(
            f"[{colour}]{run.verdict.value:>15}[/]  {run.target}: {run.executions:,} executions in "
            f"{run.elapsed_s:.1f} s ({run.rate:,.0f}/s){covered}",
            highlight=False,
            soft_wrap=True,
        )

    def _found(self, found: Found, *, whole: bool) -> None:
        crash = found.crash
        lines = crash.story.splitlines()
        if not whole and len(lines) > STORY_LINES:
            half = STORY_LINES // 2
            left_out = f"  ... {len(lines) - 2 * half} lines; the replay shows them ..."
            lines = [*lines[:half], left_out, *lines[-half:]]
        saved = "saved before, fails still" if found.known and not whole else str(crash.kind)
        self.say(f"\n{saved}, {len(crash.data)} bytes of input")
        self.say("\n".join(lines))
        self.say(f"again: {found.replay}")

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _covered(run: CampaignRun) -> str:
    edges = "" if run.coverage is None else f"{run.coverage} edges, "
    return f"{edges}{run.features} features, {run.corpus} inputs kept"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
