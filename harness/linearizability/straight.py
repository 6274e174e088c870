"""The first order to try: that in which operations came back. It respects any criterion."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from harness.linearizability.model import REFUSED
from harness.linearizability.operation import Status

if TYPE_CHECKING:
    from harness.linearizability.parts import Part

_end = itemgetter(0)


def straight_order(part: Part) -> list[int] | None:
    """Return the order in which the operations of a part came back, if the model takes it.

    One that came back before another was called came back before that one did. Those with unknown
    results are left out. Most parts without much overlap are right so, and cost one step each.
    """
    known = Status.OK
    ends = [(one.ret, at) for at, one in enumerate(part.timed) if one.status is known]
    ends.sort(key=_end)
    step, state, operations = part.model.step, part.model.initial(), part.timed
    for _, at in ends:
        state = step(state, operations[at])
        if state is REFUSED:
            return None
    for at in part.blocked:
        if step(state, operations[at]) is not REFUSED:
            return None
    return [at for _, at in ends]
