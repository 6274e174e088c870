"""What scenarios say of themselves, asked in a child: importing a module may do anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.errors import StressError
from stress.scenarios import find_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.channel import Channel


def describe(targets: Mapping[str, str], channel: Channel) -> None:
    """Tell of each scenario what it is, or why it cannot be had; what begins is told, too.

    Args:
        targets: `module:NAME` by the name that people use.
    """
    for name, target in targets.items():
        channel.tell("describing", name=name)
        try:
            found = find_scenario(target)
        except StressError as error:
            channel.tell("broken", name=name, text=str(error))
            continue
        scale = found.stress_scale
        channel.tell(
            "described",
            name=name,
            what=found.what,
            threads=scale.threads,
            operations=scale.operations,
            takes=list(found.takes),
        )
    channel.tell("done")
