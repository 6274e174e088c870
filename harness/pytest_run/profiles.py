"""`[tool.holdfast]` of a project, and its profiles: named sets of settings that a run can choose.

A profile that ships can be changed key by key, and others added, under
`[tool.holdfast.profiles.NAME]`. Nothing chooses one but `--holdfast-profile` and the key `profile`:
what a machine looks like, a CI or not, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError, HarnessError, ProjectFileError
from harness.project_file import read_table
from harness.settings import Factor, Layer, Undecided, UnknownSettingError, seconds_of, stated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DRAWN: Final = "random"  # as a seed: another one in each run
# Executions are factors: a test that takes few because they are slow keeps the proportion. `ci` has
# no time budget, because what a clock ends differs from machine to machine.
SHIPPED: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        "dev": {},
        "ci": {"executions": Factor(4)},
        "overnight": {
            "executions": Factor(1_000),
            "budget_s": 300.0,
            "seed": DRAWN,
            "undecided": Undecided.WARN,
        },
    }
)
DEFAULT: Final = "dev"
TABLE: Final = "[tool.holdfast]"
# What the tables call the settings of a test; `time` is the budget in seconds, or "60s".
KEYS: Final = (
    "strategy", "executions", "time", "seed", "workers", "undecided", "model", "max_steps",
    "fail_on", "early_timeouts", "isolated",
)  # fmt: skip
OWN_KEYS: Final = ("profile", "instrument", "keep_failures", "profiles")  # of the table itself
FOREIGN_KEYS: Final = ("fuzz", "report", "stress")  # tables that the commands of these names read


class ConfigurationError(HarnessError, ValueError):
    """A setting of the project is not one, or has a value that it does not take."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a project says about all of its tests.

    Attributes:
        stated: Settings for every test that does not state its own.
        profiles: Those that ship, as the project changed them, and its own.
        profile: The one to use where the command line names none.
        instrument: Packages whose accesses are visible; empty where nothing was said.
        keep_failures: Whether failing schedules are kept for the next run.
    """

    stated: Layer = field(default_factory=dict)
    profiles: Mapping[str, Layer] = field(default_factory=lambda: SHIPPED)
    profile: str = DEFAULT
    instrument: tuple[str, ...] = ()
    keep_failures: bool = True

    def layer(self, name: str) -> Layer:
        """Return the settings of a profile.

        Raises:
            ArgumentError: There is none of that name.
        """
        try:
            return self.profiles[name]
        except KeyError:
            known = tuple(self.profiles)
            raise ArgumentError("profile", name, f"a profile: {', '.join(known)}") from None


def read_configuration(path: Path) -> Configuration:
    """Return what a `pyproject.toml` says; what ships where there is no file or no such table.

    Raises:
        ConfigurationError: The table holds something that it does not take; named by table and key.
    """
    table = _table_of(path)
    name = path.name
    for key in table:
        if key not in KEYS + OWN_KEYS + FOREIGN_KEYS:
            raise ConfigurationError(
                f"{name}, {TABLE}", str(UnknownSettingError(key, KEYS + OWN_KEYS))
            )
    own = {key: value for key, value in table.items() if key in KEYS}
    found = Configuration(
        stated=_layer(f"{name}, {TABLE}", own),
        profiles=_profiles(name, table.get("profiles", {})),
        profile=_text(name, "profile", table.get("profile", DEFAULT)),
        instrument=_names(name, "instrument", table.get("instrument", [])),
        keep_failures=_flag(name, "keep_failures", table.get("keep_failures", True)),
    )
    try:
        found.layer(found.profile)
    except ArgumentError as error:
        raise ConfigurationError(f"{name}, {TABLE}", str(error)) from None
    return found


def checked_layer(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under the names of `KEYS` as a layer.

    Raises:
        ArgumentError: A name is unknown, or a value is not what it takes.
    """
    layer = dict(words)
    drawn = layer.get("seed") == DRAWN
    if drawn:
        del layer["seed"]
    budget = layer.pop("time", None)
    checked = stated(layer)
    if budget is not None:
        checked["budget_s"] = seconds_of("time", budget)
    return {**checked, "seed": DRAWN} if drawn else checked


def _layer(where: str, table: Mapping[str, Any]) -> dict[str, Any]:
    for key in table:
        if key not in KEYS:
            raise ConfigurationError(where, str(UnknownSettingError(key, KEYS)))
    try:
        return checked_layer(table)
    except ArgumentError as error:
        raise ConfigurationError(where, str(error)) from None


def _profiles(name: str, tables: object) -> dict[str, Layer]:
    if not isinstance(tables, dict):
        wants = "tables: [tool.holdfast.profiles.NAME]"
        raise ConfigurationError(f"{name}, {TABLE}", str(ArgumentError("profiles", tables, wants)))
    found: dict[str, Layer] = dict(SHIPPED)
    for profile, table in tables.items():
        where = f"{name}, [tool.holdfast.profiles.{profile}]"
        if not isinstance(table, dict):
            raise ConfigurationError(where, f"{table!r} ({type(table).__name__}) is no table")
        found[profile] = {**found.get(profile, {}), **_layer(where, table)}
    return found


def _table_of(path: Path) -> dict[str, Any]:
    try:
        return read_table(path, "tool.holdfast")
    except ProjectFileError as error:
        raise ConfigurationError(path.name, error.problem) from None


def _text(name: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, key, value, "the name of a profile")
    return value


def _names(name: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(name, key, value, 'a list of names of packages: ["my_package"]')
    return tuple(value)


def _flag(name: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, key, value, "true or false")
    return value


def _wrong(name: str, key: str, value: object, wants: str) -> ConfigurationError:
    return ConfigurationError(f"{name}, {TABLE}", str(ArgumentError(key, value, wants)))
