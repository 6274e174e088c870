"""`[tool.holdfast.report]` of a pyproject.toml: how strict a project wants its gate.

[tool.holdfast.report]
floor = 0.05                      # changes under 5 % are none
false_discovery_rate = 0.05
cannot_tell = "pass"              # or "fail", or "exit 2", the default
accepted = ".holdfast/accepted.toml"

[tool.holdfast.report.absolute_floor]
s = 1e-6                          # nor are changes under a microsecond

[[tool.holdfast.report.benchmark]]
pattern = "benchmarks/test_io.py::*"
floor = 0.3
"""

from __future__ import annotations

import contextlib
import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reports.errors import BadValueError
from reports.judging.errors import PolicyError
from reports.judging.policy import CannotTell, Policy, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

PROJECT_FILE: Final = "pyproject.toml"
TABLE: Final = "tool.holdfast.report"
ACCEPTED: Final = Path(".holdfast/accepted.toml")
_NUMBERS: Final = ("floor", "false_discovery_rate", "must_see")
_KEYS: Final = (*_NUMBERS, "cannot_tell", "accepted", "absolute_floor", "benchmark")
_RULE_KEYS: Final = ("pattern", "metric", "floor", "absolute_floor", "judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPolicy:
    """What a project says of its gate.

    Attributes:
        accepted: Where its accepted changes are written down.
        source: The file that said so, or None where none did.
    """

    policy: Policy
    accepted: Path
    source: Path | None = None


def find_project(folder: Path) -> Path | None:
    """Return the pyproject.toml of the folder or of the nearest one above it."""
    for above in (folder, *folder.parents):
        with contextlib.suppress(OSError):  # a folder that may not be looked into has none for us
            if (above / PROJECT_FILE).is_file():
                return above / PROJECT_FILE
    return None


def read_policy(path: Path | None) -> ProjectPolicy:
    """Return what the file says; without one, or without the table, the defaults.

    Raises:
        PolicyError: The file is no TOML, or a key is unknown or has a value that it does not take.
    """
    if path is None:
        return ProjectPolicy(policy=Policy(), accepted=ACCEPTED)
    table = _table(path)
    _check_known(path, TABLE, table, _KEYS)
    accepted = _typed(path, f"{TABLE}.accepted", table.get("accepted", str(ACCEPTED)), str)
    return ProjectPolicy(
        policy=_policy(path, table),
        accepted=path.parent / accepted,
        source=path if table else None,
    )


def _table(path: Path) -> dict[str, Any]:
    try:
        data: Any = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PolicyError(path, TABLE, f"no file ({error.strerror})", "a readable file") from error
    except (ValueError, RecursionError) as error:  # RecursionError: thousands of brackets
        raise PolicyError(path, "the file", f"no TOML ({error})", "TOML") from error
    for name in TABLE.split("."):
        data = data.get(name, {})
        if not isinstance(data, dict):
            raise PolicyError(path, TABLE, repr(data)[:80], "a table")
    return dict(data)


def _policy(path: Path, table: dict[str, Any]) -> Policy:
    given: dict[str, Any] = {
        name: _number(path, f"{TABLE}.{name}", table[name]) for name in _NUMBERS if name in table
    }
    if "cannot_tell" in table:
        given["cannot_tell"] = _cannot_tell(path, table["cannot_tell"])
    place = f"{TABLE}.absolute_floor"
    floors = _typed(path, place, table.get("absolute_floor", {}), dict)
    given["absolute_floors"] = {
        unit: _number(path, f"{place}.{unit}", value) for unit, value in floors.items()
    }
    rules = _typed(path, f"{TABLE}.benchmark", table.get("benchmark", []), list)
    given["rules"] = tuple(_rule(path, at, values) for at, values in enumerate(rules))
    try:
        return Policy(**given)
    except BadValueError as error:
        raise PolicyError(path, f"{TABLE}.{error.what}", error.got, error.takes) from error


def _rule(path: Path, at: int, values: object) -> Rule:
    place = f"{TABLE}.benchmark[{at}]"
    if not isinstance(values, dict):
        raise PolicyError(path, place, repr(values)[:80], "a table")
    _check_known(path, place, values, _RULE_KEYS)
    if "pattern" not in values:
        raise PolicyError(path, f"{place}.pattern", "nothing", 'a text; "*" is every benchmark')
    given: dict[str, Any] = {}
    for name in ("pattern", "metric"):
        if name in values:
            given[name] = _typed(path, f"{place}.{name}", values[name], str)
    for name in ("floor", "absolute_floor"):
        if name in values:
            given[name] = _number(path, f"{place}.{name}", values[name])
    if "judged" in values:
        given["judged"] = _typed(path, f"{place}.judged", values["judged"], bool)
    try:
        return Rule(**given)
    except BadValueError as error:
        raise PolicyError(path, place, f"{error.what} {error.got}", error.takes) from error


def _cannot_tell(path: Path, value: object) -> CannotTell:
    for member in CannotTell:
        if member.value == value:
            return member
    takes = ", ".join(f'"{member.value}"' for member in CannotTell)
    raise PolicyError(path, f"{TABLE}.cannot_tell", repr(value)[:80], takes)


def _number(path: Path, place: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolicyError(path, place, repr(value)[:80], "a number; 5 % is 0.05")
    return float(value)


def _typed(path: Path, place: str, value: object, kind: type[Any]) -> Any:  # noqa: ANN401
    if not isinstance(value, kind):
        names = {str: "a text", bool: "true or false", dict: "a table", list: "[[tables]]"}
        raise PolicyError(path, place, repr(value)[:80], names[kind])
    return value


def _check_known(path: Path, place: str, table: Iterable[str], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            got = f"the unknown key {name!r}{hint}"
            raise PolicyError(path, place, got, ", ".join(known))
