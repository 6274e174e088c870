"""What one run of pytest is told: by the command line, a profile, the project's table.

Whoever speaks later has the last word: what is built in, `[tool.holdfast]`, the marks of module,
class and test, the decorator, the profile, the command line.
"""

from __future__ import annotations

import os
import random
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from harness.errors import ArgumentError
from harness.project_file import PROJECT_FILE
from harness.pytest_run.profiles import (
    DEFAULT,
    DRAWN,
    Configuration,
    ConfigurationError,
    checked_layer,
    read_configuration,
)

if TYPE_CHECKING:
    from harness.settings import Layer

# Options of the command line that say how tests are explored, by the names of the table.
OPTIONS: Final = ("strategy", "executions", "seed", "time", "workers")
XDIST_RUN: Final = "PYTEST_XDIST_TESTRUNUID"  # the same in all workers of one run
_SHOWN: Final = {"budget_s": "time"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """How the tests of one run are explored.

    Attributes:
        below: What holds where a test states nothing.
        above: What holds whatever it states: the profile, then the command line.
        drawn: The seed that was drawn for this run; None where none was.
    """

    configuration: Configuration
    profile: str
    below: Layer
    above: tuple[Layer, ...]
    replay: str
    record: bool
    drawn: int | None

    def header(self) -> str:
        """Return what a reader should know beforehand; empty where all is as the tests state it."""
        said = {name: value for layer in self.above for name, value in layer.items()}
        if not said and self.profile == DEFAULT:
            return ""
        words = [f"{_SHOWN.get(name, name)} {_text(value)}" for name, value in said.items()]
        drawn = f"; --holdfast-seed {self.drawn} draws the same" if self.drawn is not None else ""
        return f"holdfast: profile {self.profile}: {', '.join(words) or 'nothing stated'}{drawn}"


def choose(config: pytest.Config) -> RunChoice:
    """Read what a run is told.

    Raises:
        pytest.UsageError: Something is not what it takes; the error names it.
    """
    try:
        configuration = read_configuration(config.rootpath / PROJECT_FILE)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from error
    options = config.known_args_namespace  # `config.option` is still empty when we are loaded early
    name = options.holdfast_profile or configuration.profile
    try:
        profile = configuration.layer(name)
    except ArgumentError as error:
        raise pytest.UsageError(f"--holdfast-profile: {error}") from error
    drawn = _Draw(config)
    said = asked(config)
    layers = [drawn.in_place(layer) for layer in (configuration.stated, profile, said)]
    return RunChoice(
        configuration=configuration,
        profile=name,
        below=layers[0],
        above=(layers[1], layers[2]),
        replay=options.holdfast_replay or "",
        record=bool(options.holdfast_record),
        drawn=drawn.seed,
    )


class _Draw:
    """Draws the seed of a run once, the same in all workers of xdist.

    The process that only hands out tests draws nothing: nobody would use it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._hands_out = bool(getattr(config.known_args_namespace, "tx", None)) or bool(
            getattr(config.known_args_namespace, "numprocesses", None)
        )
        self.seed: int | None = None

    def in_place(self, layer: Layer) -> Layer:
        if layer.get("seed") != DRAWN:
            return layer
        run = os.environ.get(XDIST_RUN)
        if run is None and self._hands_out:
            return {name: value for name, value in layer.items() if name != "seed"}
        if self.seed is None:
            draw = random.SystemRandom()
            self.seed = draw.randrange(1 << 32) if run is None else zlib.crc32(run.encode())
        return {**layer, "seed": self.seed}


def asked(config: pytest.Config) -> dict[str, Any]:
    """Return what the command line says of how tests are explored, as a layer of settings.

    Raises:
        pytest.UsageError: An option is not what it takes; the error names it.
    """
    said: dict[str, Any] = {}
    for name in OPTIONS:
        value = getattr(config.known_args_namespace, f"holdfast_{name}", None)
        if value is None:
            continue
        try:
            said.update(checked_layer({name: _plain(name, value)}))
        except ArgumentError as error:
            told = f"--holdfast-{name} is {value!r}; it takes {error.wants}"
            raise pytest.UsageError(told) from error
    return said


def _plain(name: str, text: str) -> object:
    """Return an option's text as the number that it may be."""
    if name in ("executions", "seed", "workers"):
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{value:g}s" if isinstance(value, float) else str(value)
