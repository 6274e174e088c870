"""`holdfast check-history`."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from harness.commands import EXIT_FOUND, EXIT_UNDECIDED, EXIT_USAGE, Duration
from harness.errors import HarnessError
from harness.linearizability.controlled_runs import controlled_run
from harness.linearizability.errors import UnknownModelError
from harness.linearizability.file_verdict import FileVerdict, Question, judge_file
from harness.linearizability.history_lines import FileLimits
from harness.linearizability.judgement import Criterion
from harness.linearizability.models.registry import MODEL_NAMES, make_model
from harness.linearizability.sequential import SequentialModel
from harness.linearizability.still_judging import StillJudging

if TYPE_CHECKING:
    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.model import Model

REDUCTION_S: Final = 10.0  # for a smaller counterexample: the median takes 20 ms
FORMAT: Final = 1  # of the JSON
_KINDS_OF: Final = {"kv": ("kv-append",), "register": ("cas-register",)}
_CRITERIA: Final = {
    "linearizability": Criterion.LINEARIZABLE,
    "sequential": Criterion.SEQUENTIALLY_CONSISTENT,
    "quiescent": Criterion.QUIESCENTLY_CONSISTENT,
}


class Setting(click.ParamType[tuple[str, Any]]):
    """NAME=VALUE; the value is JSON, or else text."""

    name = "setting"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Return the name and the value."""
        word, equals, text = str(value).partition("=")
        if not equals or not word.isidentifier():
            self.fail(f"{value!r} is no NAME=VALUE", param, ctx)
        try:
            return word, json.loads(text)
        except (ValueError, RecursionError):
            return word, text


_picture = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.command("check-history")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--model",
    metavar="NAME",
    help=f"{', '.join(MODEL_NAMES)}, or package.module:Class: a Model, or the plain class itself.  "
    "[default: what the file's header says]",
)
@click.option(
    "--criterion",
    type=click.Choice(list(_CRITERIA)),
    default="linearizability",
    show_default=True,
    help="What an order has to respect: real time; the order of each client alone; real time "
    "across moments at which nothing ran.",
)
@click.option(
    "--time",
    "budget_s",
    type=Duration(),
    default=60.0,
    show_default="60s",
    help="Undecided after this, for each file.",
)
@click.option("--no-partition", is_flag=True, help="Judge in one piece, not key by key.")
@click.option(
    "--with",
    "options",
    type=Setting(),
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the model: capacity=2, permits=3, initial=0; may be repeated.",
)
@click.option(
    "--word",
    "names",
    type=Setting(),
    multiple=True,
    metavar="NAME=MEANING",
    help="What an operation of the file means to the model: fetch=get; may be repeated.",
)
@click.option(
    "--max-operations",
    type=click.IntRange(min=1),
    default=FileLimits().operations,
    show_default=True,
    help="A file of more is refused.",
)
@click.option(
    "--as-expected",
    is_flag=True,
    help="Ask whether the verdict is the one in the file's header, not whether it is good.",
)
@click.option("--html", "html_file", type=_picture, help="Write why it is wrong, as a page.")
@click.option("--svg", "svg_file", type=_picture, help="Write why it is wrong, as a picture.")
@click.option("--json", "json_file", type=_picture, help="Write all verdicts.")
def check_history_command(  # noqa: PLR0913  # an argument an option
    files: tuple[str, ...],
    *,
    model: str | None,
    criterion: str,
    budget_s: float,
    no_partition: bool,
    options: tuple[tuple[str, Any], ...],
    names: tuple[tuple[str, Any], ...],
    max_operations: int,
    as_expected: bool,
    html_file: Path | None,
    svg_file: Path | None,
    json_file: Path | None,
) -> None:
    """Say whether recorded histories are linearizable, and if not, why.

    A history is a file of JSON lines, a record an operation; - is standard input:

    \b
      {"client": 1, "op": "put", "key": "k", "input": 7, "call": 0, "ret": 3}
      {"client": 2, "op": "get", "key": "k", "output": 7, "call": 1, "ret": 2}

    `call` and `ret` are when it began and came back, in any unit; `ret` null: it never did.
    `input` holds the arguments: an array, or the only one; `output` the result, {"raised": "..."}
    an exception. `key` tells several objects apart. `status` is ok, unknown (nobody learnt the
    result), or fail (it did not happen, and is left out). A first line without `op` is a header:
    {"model": "kv", "expected": "ok"}.

    \b
      holdfast check-history history.jsonl --model kv
      holdfast check-history run-*.jsonl --model bounded-queue --with capacity=4
      holdfast check-history history.jsonl --model collections:deque --html why.html

    Exit codes: 0 every history is right (with --as-expected: as its header says), 1 one is not, or
    not what its header says, 2 wrong usage or a file that is no history, 3 undecided (the time
    ended first), 130 interrupted. Of several the first of 1, 2, 3 and 0.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    with ExitStack() as stack:
        wanted = _Models(model, dict(options), {word: str(to) for word, to in names}, stack)
        question = Question(
            model=wanted.model,
            criterion=_CRITERIA[criterion],
            budget_s=budget_s,
            partition=not no_partition,
            limits=FileLimits(operations=max_operations),
            reduction_s=min(budget_s, REDUCTION_S),
        )
        found = [_judged(name, question) for name in files]
        verdicts = [one for one in found if one is not None]
        _draw(verdicts, html_file, svg_file, several=len(files) > 1)
    if json_file is not None:
        histories = [one.to_json() for one in verdicts]
        _write(json_file, json.dumps({"format": FORMAT, "histories": histories}, indent=1) + "\n")
    sys.exit(_exit_code(found, as_expected=as_expected))


class _Models:
    """The models that the files need, each made once."""

    def __init__(
        self, name: str | None, options: dict[str, Any], names: dict[str, str], stack: ExitStack
    ) -> None:
        self._name = name
        self._options = {**options, "names": names} if names else options
        self._stack = stack
        self._made: dict[str, Model[Any]] = {}

    def model(self, of_header: str) -> Model[Any]:
        """Return the model for a file whose header names this one."""
        name = self._name or of_header
        if of_header in _KINDS_OF.get(name, ()):
            name = of_header  # what was asked for, and the file says more exactly which
        if not name:
            wants = f"its header names none; say --model with one of {', '.join(MODEL_NAMES)}"
            raise UnknownModelError("", wants)
        if ":" in name and self._name is None:
            # A file is data: it does not choose what is imported.
            raise UnknownModelError(name, "only --model can name a class, a header cannot")
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Model[Any]:
        model = make_model(name, **self._options)
        if isinstance(model, SequentialModel):
            run = self._stack.enter_context(controlled_run())
            return make_model(name, run=run, **self._options)
        return model


def _judged(name: str, question: Question) -> FileVerdict | None:
    """Judge one file and print what came of it; None if it is no history."""
    is_input = name == "-"
    shown = "<stdin>" if is_input else name
    try:
        with StillJudging(shown, question.budget_s):
            source = sys.stdin.buffer if is_input else name
            verdict = judge_file(source, shown, question)
    except OSError as error:
        click.echo(f"holdfast: {shown} cannot be read: {error.strerror or error}", err=True)
        return None
    except HarnessError as error:
        words = str(error)
        click.echo(
            f"holdfast: {words if words.startswith(shown) else f'{shown}: {words}'}", err=True
        )
        return None
    if verdict.counterexample is not None:
        click.echo(_text(verdict.counterexample))
        of = verdict.counterexample.partition
        lines = ", ".join(map(str, verdict.lines()))
        click.echo(f"\nIts lines: {lines}" + ("" if of is None else f" (of {of!r})"))
    click.echo(verdict.words())
    return verdict


def _text(found: Counterexample) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return found.text(ascii_only=not encoding.lower().replace("-", "").startswith("utf"))


def _draw(
    verdicts: list[FileVerdict], html_file: Path | None, svg_file: Path | None, *, several: bool
) -> None:
    for one in verdicts:
        if one.counterexample is None:
            continue
        if html_file is not None:
            _write(_own(html_file, one, several=several), one.counterexample.html())
        if svg_file is not None:
            _write(_own(svg_file, one, several=several), one.counterexample.svg())


def _own(path: Path, verdict: FileVerdict, *, several: bool) -> Path:
    """Return the path for one file's picture: of several each has its name in it."""
    stem = Path(verdict.name).stem.strip("<>")
    return path.with_name(f"{path.stem}-{stem}{path.suffix}") if several else path


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        click.echo(f"holdfast: {path} cannot be written: {error}", err=True)
    else:
        click.echo(f"Written: {path}")


def _exit_code(found: list[FileVerdict | None], *, as_expected: bool) -> int:
    judged = [one for one in found if one is not None]
    if as_expected:
        wrong = [one for one in judged if one.is_as_expected is False]
        unsure = [one for one in judged if one.is_as_expected is None]
    else:
        wrong = [
            one for one in judged if one.judgement.holds is False or one.is_as_expected is False
        ]
        unsure = [one for one in judged if one.judgement.holds is None]
    if wrong:
        return EXIT_FOUND
    if len(judged) < len(found):
        return EXIT_USAGE
    return EXIT_UNDECIDED if unsure else 0
