"""A flow controller judged by what its callers saw: is there an order that explains it?"""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING, Final

from secmem.flow import FlowController, FlowTimeout
from stress.recorded_threads import Client, judge_threads, record_threads
from stress.scenarios.flow_specification import FLOW_CALLS, FlowSpecification
from stress.scenarios.scenario import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

EXPLORED_SEED: Final = 2  # of three threads two take a slot, and one looks


def calls_have_an_order(
    scale: Scale, *, make: Callable[..., FlowController] = FlowController
) -> None:
    """Let threads take slots, give them back and look; judge every history against the model.

    Finds what only a caller sees: a slot granted while the gate was shut, a figure that was never
    true, a refusal where there was room.
    """
    high, low = max(scale.threads // 2, 1), 1  # far apart: the gate stays shut for a while
    for number in range(scale.repeats):
        flow = make(high, low)
        history = record_threads(
            _calls_on(flow),
            threads=scale.threads,
            rounds=scale.operations,
            seed=scale.seed * scale.repeats + number,  # each history calls in another order
            gather=scale.gather,
            name=f"flow controller {high}/{low}",
        )
        judge_threads(history, FlowSpecification(high=high, low=low))


def _calls_on(flow: FlowController) -> Callable[[Client], None]:
    def call(client: Client, name: str) -> object:
        return client.call(name, functools.partial(FLOW_CALLS[name], flow))

    def work(client: Client) -> None:
        wanted = client.chance.choice(("acquire", "try_acquire", "pending", "blocked"))
        with contextlib.suppress(FlowTimeout):
            call(client, wanted)
            if wanted.endswith("acquire"):
                time.sleep(0)  # let others run while the slot is taken
                call(client, "release")

    return work


FLOW_CALLS_HAVE_AN_ORDER: Final = Scenario(
    name="flow_calls_have_an_order",
    body=calls_have_an_order,
    exploration_scale=Scale(threads=3, operations=1, seed=EXPLORED_SEED),
    stress_scale=Scale(threads=6, operations=15, repeats=40, gather=True),
    what="every call on a flow controller returns what some order of the calls explains",
    takes=("threads", "operations", "seed"),
)
