"""`@fuzz.target`: makes a target of a function, by what the function takes.

@fuzz.target
def parse(data: bytes) -> None: ...

@fuzz.target(instrument=["mine"], dictionary=[b"GET "])
def request(provider: fuzz.FuzzedDataProvider) -> None: ...

@fuzz.target(strategies.lists(strategies.integers()))
def sorts(numbers: list[int]) -> None: ...

@fuzz.target(controlled=True, instrument=["mine"])
def race(operations: fuzz.FuzzedDataProvider) -> None: ...   # starts ordinary threads
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, overload

from fuzz.data_provider import FuzzedDataProvider
from fuzz.errors import BadTargetError
from fuzz.fuzz_target import DEFAULT_BYTES, Target
from fuzz.schedules.schedule_rules import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fuzz.fuzz_target import Run

    Function = Callable[..., Any]

DEFAULT_HANG_S: Final = 20.0


@overload
def target(function: Function, /) -> Target: ...  # type: ignore[overload-overlap]  # a strategy is any object
@overload
def target(
    strategy: object = None,
    /,
    *,
    name: str | None = None,
    what: str | None = None,
    instrument: Iterable[str] | None = None,
    controlled: bool = False,
    compares: bool = True,
    seeds: Iterable[bytes] = (),
    dictionary: Iterable[bytes] = (),
    max_bytes: int = DEFAULT_BYTES,
    hang_s: float = DEFAULT_HANG_S,
) -> Callable[[Function], Target]: ...
def target(first: object = None, /, **options: Any) -> Any:
    """Make a `Target` of the function below it.

    What the function takes says what the bytes are turned into: `bytes` (or no annotation) gets
    them as they are, `fuzz.FuzzedDataProvider` or `atheris.FuzzedDataProvider` a provider over
    them; with a Hypothesis strategy in the brackets it gets a value of that. With `controlled` it
    runs under the scheduler, which takes its choices from a part of the bytes; then it may also
    take nothing at all.

    The result is a `Target`, called with bytes; put it into a module that the campaign can import,
    and run it with `holdfast fuzz run module:NAME`.

    Args:
        first: The function itself, or a Hypothesis strategy, or nothing.
        **options: The fields of `Target`. `name` is the function's, `what` the first line of its
            docstring, and `instrument` the top package of the module that declares it, unless
            given.

    Raises:
        BadTargetError: A field is not what it has to be.
    """
    if inspect.isfunction(first) and not options:
        return _declare(first, None, {})
    return lambda function: _declare(function, first, options)


def _declare(function: Function, strategy: object, options: dict[str, Any]) -> Target:
    if not callable(function):
        raise BadTargetError("run", function, "a function")
    fields = {**options}
    for sequence in ("instrument", "seeds", "dictionary"):
        if fields.get(sequence) is not None:
            fields[sequence] = tuple(fields[sequence])
    fields["name"] = fields.get("name") or function.__name__
    fields["what"] = fields.get("what") or _first_line(function)
    if fields.get("instrument") is None:
        fields["instrument"] = (function.__module__.partition(".")[0],)
    return Target(run=_run_of(function, strategy, fields), **fields)


def _run_of(function: Function, strategy: object, fields: dict[str, Any]) -> Run:
    if fields.get("controlled"):
        if strategy is not None:
            raise BadTargetError(
                "controlled with a strategy",
                strategy,
                "a function of a provider, of bytes or of nothing",
            )
        reader = _reader_of(function)
        if reader is None:
            fields.setdefault("max_bytes", MOST_BYTES)  # more would mean nothing
        from fuzz.schedules.controlled_run import ControlledRun  # noqa: PLC0415  # it loads the engine

        return ControlledRun(function, reader)
    if strategy is not None:
        from fuzz.strategy_run import StrategyRun  # noqa: PLC0415  # few targets need it

        return StrategyRun(function, strategy)
    reader = _reader_of(function)
    if reader is None:
        raise BadTargetError("run", function, "a function of one argument: bytes or a provider")
    if reader is bytes:
        return function
    return ProviderRun(function, reader)


class ProviderRun:
    """Runs a function of a provider; serves as the `run` of a target."""

    def __init__(self, function: Function, reader: Callable[[bytes], object]) -> None:
        self._function = function
        self._reader = reader

    def __call__(self, data: bytes) -> Any:  # noqa: ANN401  # whatever features the function tells
        """Run one input."""
        return self._function(self._reader(data))


def _reader_of(function: Function) -> Callable[[bytes], object] | None:
    """Return what turns bytes into the function's argument; None if it takes none."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters:
        return None
    annotation = parameters[0].annotation
    # A string where annotations are postponed; its last word names the class.
    words = annotation if isinstance(annotation, str) else _name_of(annotation)
    if words.rpartition(".")[2] != "FuzzedDataProvider":
        return bytes
    if words.startswith("atheris."):
        return _atheris_provider
    return FuzzedDataProvider


def _name_of(annotation: object) -> str:
    module = getattr(annotation, "__module__", "").partition(".")[0]
    return f"{module}.{getattr(annotation, '__name__', '')}"


def _atheris_provider(data: bytes) -> object:
    import atheris  # noqa: PLC0415  # only where a target asks for it, in a child

    return atheris.FuzzedDataProvider(data)


def _first_line(function: Function) -> str:
    text = inspect.getdoc(function) or ""
    return text.partition("\n")[0] or function.__name__.replace("_", " ")
