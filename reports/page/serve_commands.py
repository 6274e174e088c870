"""`holdfast report serve` and `holdfast report summary`."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from reports.command_line import explained, give_up, index_option, open_store, say, store_option
from reports.judging.accepted_file import read_acceptances
from reports.judging.policy_file import find_project, read_policy
from reports.page.serve import DEFAULT_PORT, LOOPBACK, PageServer, is_loopback
from reports.page.shelf import Shelf
from reports.page.summary import summary_markdown
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from types import FrameType


@click.command(
    name="serve",
    short_help="Show the page in a browser, always of the newest runs.",
    help="""Serve the page on this machine, for browsing.

    The page is drawn when you open it and drawn again once the store has changed: reload it after
    a run. /run/ID gives a run's document, /api/series what was measured as JSON.

    \b
      holdfast report serve
      holdfast report serve --store build/store --port 9000

    It listens on 127.0.0.1 and answers nobody else. Whoever can reach another --host can read
    every result, message and path in the store; there is no password. Ctrl-C ends it.

    \b
    Exit codes:
      0  ended by Ctrl-C or a signal to terminate
      2  wrong usage, no store there, or the port is taken
    """,
)
@store_option
@index_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=f"{DEFAULT_PORT}, or a free one where that is taken",
    help="0 takes a free one.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.pass_context
@explained
def serve_command(
    ctx: click.Context, store: Path, *, index: str | None, port: int, host: str
) -> None:
    """Serve until told to end."""
    if not is_loopback(host):
        say(
            f"holdfast report: whoever can reach {host} can read everything in {store}; "
            "there is no password.",
            to_stderr=True,
        )
    chosen = ctx.get_parameter_source("port") is not ParameterSource.DEFAULT
    shelf = Shelf(store, index, project=find_project(Path.cwd()))
    with _server(shelf, host=host, port=port, chosen=chosen) as server:
        say(f"{server.url} shows {store}; Ctrl-C ends it")
        _serve_until_told(server)
    say("ended")


def _server(shelf: Shelf, *, host: str, port: int, chosen: bool) -> PageServer:
    try:
        return PageServer(shelf, host=host, port=port)
    except OSError as error:
        if chosen:
            reason = error.strerror or str(error)
            give_up(f"cannot listen on {host}, port {port}: {reason}. Try another --port.")
    try:
        return PageServer(shelf, host=host, port=0)
    except OSError as error:
        give_up(f"cannot listen on {host}: {error.strerror or error}.")


def _serve_until_told(server: PageServer) -> None:
    """Serve in a thread of its own, so that signals find this one waiting and end it at once."""
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        del number, frame
        told.set()

    before = {one: signal.signal(one, tell) for one in (signal.SIGINT, signal.SIGTERM)}
    serving = threading.Thread(target=server.serve_forever, name="page server", daemon=True)
    serving.start()
    try:
        while not told.wait(_LOOK_S):
            pass  # on Windows a wait without an end would not hear Ctrl-C
    finally:
        server.shutdown()
        serving.join()
        for one, handler in before.items():
            signal.signal(one, handler)


_LOOK_S = 0.5


@click.command(
    name="summary",
    short_help="Say it all in Markdown, for a CI job.",
    help="""Write what ran and what came of it as Markdown.

    Tests, planted bugs by method with the time to find them, explorations, fuzz campaigns, stress
    runs, and what became of the benchmarks: what failed first, with the line that runs it again.

    \b
      holdfast report summary >> "$GITHUB_STEP_SUMMARY"
      holdfast report summary --output build/report/summary.md

    The exit code says only whether it could be written; to fail on a regression use `gate`.
    """,
)
@store_option
@index_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to write; standard output when not given.",
)
@explained
def summary_command(store: Path, *, index: str | None, output: Path | None) -> None:
    """Write the summary."""
    project = read_policy(find_project(Path.cwd()))
    accepted = read_acceptances(project.accepted)
    with open_store(store, index) as opened:
        text = summary_markdown(opened, policy=project.policy, accepted=accepted)
        for error in opened.refused:
            say(f"holdfast report: {error}", to_stderr=True)
    if output is None:
        click.echo(text.encode("utf-8"), nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, text.encode("utf-8"))
    say(f"{output}")
