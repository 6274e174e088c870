"""Puts the hooks where rewritten code finds them."""

from __future__ import annotations

import builtins
from typing import Any, Final

from harness.instrument import (
    access_hooks,
    cache_hooks,
    call_hooks,
    content_hooks,
    flow_hooks,
    native_points,
)
from harness.instrument.hook_names import hook_name
from harness.instrument.stored_names import add_stored

HOOKS: Final[dict[str, Any]] = {
    hook_name(short): hook
    for short, hook in {
        "stored": add_stored,
        "slice": slice,
        "locals": access_hooks.author_names,
        "enter": flow_hooks.enter,
        "enter_cached": cache_hooks.enter_cached,
        "loop": flow_hooks.loop,
        "iter": flow_hooks.iterate,
        "iter_result": flow_hooks.iterate_result,
        "delegate": flow_hooks.delegate,
        "turns": flow_hooks.turns,
        "with": flow_hooks.manage,
        "region": flow_hooks.region,
        "read": access_hooks.read,
        "write": access_hooks.write,
        "whole": access_hooks.whole,
        "read_item": access_hooks.read_item,
        "write_item": access_hooks.write_item,
        "del_item": access_hooks.del_item,
        "read_key": access_hooks.read_key,
        "write_key": access_hooks.write_key,
        "del_key": access_hooks.del_key,
        "get_item": access_hooks.get_item,
        "slot": access_hooks.Slot,
        "variable": access_hooks.Variable,
        "cell": access_hooks.cell,
        "set_cell": access_hooks.set_cell,
        "global": access_hooks.read_global,
        "settled": access_hooks.read_settled,
        "set_global": access_hooks.set_global,
        "content": content_hooks.content,
        "truth": content_hooks.truth,
        "text": content_hooks.text,
        "subject": content_hooks.subject,
        "pair": content_hooks.pair,
        "augment": content_hooks.augment,
        "call": call_hooks.call,
        "call_weak": call_hooks.call_weak,
        "method": call_hooks.method,
        "late_method": call_hooks.late_method,
        "lock_method": call_hooks.lock_method,
        **content_hooks.OPERATIONS,
    }.items()
}


def install_hooks() -> None:
    """Make the hooks builtins; they stay, because rewritten code outlives every import."""
    vars(builtins).update(HOOKS)
    native_points.take_in()
