"""`holdfast report profile`: the hottest functions of a benchmark, a scenario or a function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reports.command_line import DEFAULT_STORE, explained, say
from reports.profiling.hot_spot import ProfileKind
from reports.profiling.profile_records import profile_records
from reports.profiling.profiler import LIMIT_S, TIME_S, profile
from reports.profiling.table import as_json, table
from reports.write import write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.profiling.hot_spot import Profile

TOP: Final = 15


@click.command(
    name="profile",
    short_help="The hottest functions of a benchmark or scenario.",
    help="""Name the hottest functions of TARGET by CPU, by waiting for other threads, by memory.

    \b
    TARGET is one of
      app.parser:parse_all           a function without arguments
      tools/load.py:main             the same, by its file
      benchmarks/test_pool.py::test_get   a test; only what it gives to `benchmark` counts
      close_while_reading            a scenario of `holdfast stress list`

    \b
      holdfast report profile app.parser:parse_all
      holdfast report profile close_while_reading --kind wait --time 10

    It runs in a child process for each kind, called again and again (for memory three times).
    Exit code: 0 there are profiles, 2 there is no such target, or it fails, hangs or ends its
    process.
    """,
)
@click.argument("target")
@click.option(
    "--kind",
    "kinds",
    default=",".join(ProfileKind),
    show_default=True,
    metavar="KIND,...",
    help="Which costs: cpu, wait (for locks, queues and threads), memory.",
)
@click.option("--time", "time_s", type=float, default=TIME_S, show_default=True,
              metavar="SECONDS", help="CPU time for cpu, by the clock for wait.")  # fmt: skip
@click.option("--repeat", type=click.IntRange(min=1), metavar="CALLS",
              help="Make so many calls instead; cpu makes one before, unobserved.")  # fmt: skip
@click.option("--limit", "limit_s", type=float, default=LIMIT_S, show_default=True,
              metavar="SECONDS", help="Kill a target that takes longer for one kind.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=1), default=TOP, show_default=True,
              help="How many places to print; the store gets 50.")  # fmt: skip
@click.option("--json", "wants_json", is_flag=True, help="Print JSON, every place in it.")
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="Where the profile goes, made when absent; the page links it from the benchmark.",
)
@click.option("--no-store", is_flag=True, help="Only print.")
@explained
def profile_command(  # noqa: PLR0913  # one parameter an option
    target: str,
    kinds: str,
    *,
    time_s: float,
    repeat: int | None,
    limit_s: float,
    top: int,
    wants_json: bool,
    store: Path,
    no_store: bool,
) -> None:
    """Profile a target, keep what was found, and print it."""
    found: list[Profile] = []
    try:
        for kind in _kinds(kinds):
            if sys.stderr.isatty():
                say(f"profiling {kind.value} ...", to_stderr=True)
            found += profile(target, kinds=[kind], time_s=time_s, repeat=repeat, limit_s=limit_s)
    finally:  # Ctrl-C, or a target that fails under one kind, does not lose the others
        if found and not no_store:
            write_run(profile_records(found), store=store, source="holdfast report profile")
        if found:
            _print(found, top=top, wants_json=wants_json)


def _kinds(text: str) -> tuple[ProfileKind, ...]:
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in set(ProfileKind)]
    if unknown or not names:
        known = ", ".join(ProfileKind)
        raise click.BadParameter(f"{text!r}: the kinds are {known}", param_hint="--kind")
    return tuple(ProfileKind(name) for name in names)


def _print(found: Sequence[Profile], *, top: int, wants_json: bool) -> None:
    if wants_json:
        click.echo(as_json(found, top=None))
        return
    for at, one in enumerate(found):
        if at:
            say("")
        for line in table(one, top=top):
            say(line)
