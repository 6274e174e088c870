"""`holdfast report gate`: what got worse, as an exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from reports.command_line import explained, index_option, open_store, progress_of, say, store_option
from reports.judging.accepted_file import read_acceptances
from reports.judging.gate_run import GateFiles, run_gate, write_files
from reports.judging.git_facts import find_commit
from reports.judging.policy import CannotTell, Policy
from reports.judging.policy_file import find_project, read_policy
from reports.judging.terminal import terminal_lines

_CHOICES: Final = {"fail": CannotTell.FAIL, "pass": CannotTell.PASS, "exit-2": CannotTell.EXIT_2}
_FILE: Final = click.Path(path_type=Path, dir_okay=False)

accepted_option = click.option(
    "--accepted",
    type=_FILE,
    help="The file of accepted changes.  [default: .holdfast/accepted.toml]",
)


@click.command(
    name="gate",
    short_help="Exit 1 when a benchmark got worse and nobody accepted it.",
    help="""Judge all series of the store together; exit 1 when one got worse and stays so.

    A change counts when it is larger than noise explains, searched places and other series
    included, and larger than the floors. It keeps the gate red until it is fixed or accepted.
    Run the newest code three times or more and ingest each: then it is judged at once, else after
    two more commits. Results are stored before the gate looks: a red gate keeps nothing out.

    \b
    A job's steps:
      pytest benchmarks --benchmark-json=bench.json     (three times)
      holdfast report ingest bench.json                 (after each)
      holdfast report gate --markdown comment.md --sarif gate.sarif

    \b
    Exit codes:
      0  nothing got worse
      1  at least one benchmark got worse, and nobody accepted it
      2  wrong usage; or nothing can be told (too little data, too much noise), which
         --cannot-tell turns into 0 or 1

    How strict to be is written in pyproject.toml under [tool.holdfast.report].
    """,
)
@store_option
@index_option
@click.option(
    "--floor",
    type=click.FloatRange(min=0, max=100_000),
    help="Percent that a benchmark may always move.  [default: 2]",
)
@click.option(
    "--false-discovery-rate",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    help="Share of the reported changes that may be none.  [default: 0.05]",
)
@click.option("--since", metavar="REV", help="Only what begins after this commit: a pull request.")
@click.option(
    "--cannot-tell",
    type=click.Choice([*_CHOICES]),
    help="What to do when nothing can be told.  [default: exit-2]",
)
@accepted_option
@click.option("--config", type=_FILE, help="The pyproject.toml to read instead of the nearest.")
@click.option("--markdown", type=_FILE, help="Write a pull request's comment there.")
@click.option("--junit", type=_FILE, help="Write JUnit XML there.")
@click.option("--sarif", type=_FILE, help="Write SARIF 2.1.0 there, failed checks included.")
@click.option("--json", "json_file", type=_FILE, help="Write everything there.")
@explained
def gate_command(  # noqa: PLR0913  # a command's options
    *,
    store: Path,
    index: str | None,
    floor: float | None,
    false_discovery_rate: float | None,
    since: str | None,
    cannot_tell: str | None,
    accepted: Path | None,
    config: Path | None,
    markdown: Path | None,
    junit: Path | None,
    sarif: Path | None,
    json_file: Path | None,
) -> None:
    """Judge what is stored, and exit by what became of it."""
    project = read_policy(config or find_project(Path.cwd()))
    policy = _stricter(project.policy, floor, false_discovery_rate, cannot_tell)
    entries = read_acceptances(accepted or project.accepted)
    files = GateFiles(markdown=markdown, junit=junit, sarif=sarif, json=json_file)
    with open_store(store, index) as opened:
        begin = None
        if since is not None:
            begin = find_commit(since, folder=Path.cwd(), stamps=opened.stamps())
        decision = run_gate(
            opened,
            policy=policy,
            accepted=entries,
            since=begin,
            progress=progress_of("judging", of="series"),
        )
        for line in terminal_lines(decision):
            say(line)
        write_files(decision, opened, files)
    raise SystemExit(decision.exit_code)


def _stricter(
    policy: Policy, floor: float | None, rate: float | None, cannot_tell: str | None
) -> Policy:
    if floor is not None:
        # Whoever names a floor on the command line means it for all, the patterns included.
        rules = tuple(replace(rule, floor=None) for rule in policy.rules)
        policy = replace(policy, floor=floor / 100, rules=rules)
    if rate is not None:
        policy = replace(policy, false_discovery_rate=rate)
    if cannot_tell is not None:
        policy = replace(policy, cannot_tell=_CHOICES[cannot_tell])
    return policy
