"""Short names for environments, as long as it takes to tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.environment import Environment


def environment_labels(environments: Mapping[str, Environment]) -> dict[str, str]:
    """Return a name for each fingerprint; two environments never share one."""
    spellings: tuple[Callable[[Environment], str], ...] = (
        _plain,
        lambda one: f"{_plain(one)}, {one.cpu}",
        lambda one: f"{_plain(one)}, {one.cpu}, {one.fingerprint[:6]}",
    )
    labels = {}
    for fingerprint, one in environments.items():
        for spelling in spellings:
            labels[fingerprint] = spelling(one)
            same = [spelling(other) for other in environments.values()].count(spelling(one))
            if same == 1:
                break
    return labels


def _plain(one: Environment) -> str:
    threads = "" if one.threads in {"gil", "unknown"} else f" ({one.threads})"
    return f"{one.implementation} {one.python}{threads}, {one.system}, {one.cores} cores"
