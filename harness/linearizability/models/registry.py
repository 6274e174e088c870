"""Models by name."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.errors import UnknownModelError
from harness.linearizability.model import Model
from harness.linearizability.models.bounded_queue import BoundedQueue
from harness.linearizability.models.cas_register import CasRegister
from harness.linearizability.models.counter import Counter
from harness.linearizability.models.fifo import Fifo
from harness.linearizability.models.key_value import KeyValue, KeyValueAppend
from harness.linearizability.models.lifo import Lifo
from harness.linearizability.models.mutex import Mutex
from harness.linearizability.models.priority_queue import PriorityQueue
from harness.linearizability.models.register import Register
from harness.linearizability.models.semaphore import Semaphore
from harness.linearizability.models.set_model import SetModel
from harness.linearizability.sequential import SequentialModel

if TYPE_CHECKING:
    from collections.abc import Callable

_MODELS: Final[dict[str, Callable[..., Model[Any]]]] = {
    model.name: model
    for model in (
        Register,
        CasRegister,
        Counter,
        Fifo,
        Lifo,
        SetModel,
        KeyValue,
        KeyValueAppend,
        Mutex,
        Semaphore,
        BoundedQueue,
        PriorityQueue,
    )
}
MODEL_NAMES: Final = tuple(_MODELS)


def make_model(name: str, **options: Any) -> Model[Any]:  # noqa: ANN401  # those of the model
    """Return the model of a name, or the one that `package.module:Class` leads to.

    A class that is no `Model` is a model as it is: `collections:deque` is what deques do.

    Args:
        options: Those of the model's class: `initial`, `capacity`, `permits`, `names` and so on.

    Raises:
        UnknownModelError: There is none; it says which there are, or what the import met.
        ArgumentError: The model does not take these options.
    """
    make = _MODELS.get(name) if ":" not in name else _imported(name)
    if make is None:
        wants = f"the models are {', '.join(MODEL_NAMES)}, or package.module:Class"
        raise UnknownModelError(name, wants)
    try:
        model = make(**options)
    except TypeError as error:
        raise ArgumentError("options", options, f"what {name} takes: {error}") from error
    if not isinstance(model, Model):
        raise UnknownModelError(name, f"it makes a {type(model).__name__}, not a Model")
    return model


def _imported(target: str) -> Callable[..., Model[Any]]:
    module, _, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the user's own module lies where the user stands
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # A module of the user's can raise anything while it is imported.
        raise UnknownModelError(target, f"{type(error).__name__}: {error}") from error
    if isinstance(found, Model):
        return lambda: found
    if isinstance(found, type) and not issubclass(found, Model):
        return functools.partial(SequentialModel, found)
    if not callable(found):
        raise UnknownModelError(target, f"it is a {type(found).__name__}, not a Model")
    return found
