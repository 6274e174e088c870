"""The text of a new target: one for each kind, that runs at once and says how to go on."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class TargetKind(StrEnum):
    """What a target takes; the value says when it is the right one."""

    BYTES = "raw bytes: parsers, decoders, anything that reads a file or the network"
    PROVIDER = "typed values read from bytes: calls with arguments, small programs of calls"
    STRATEGY = "a value of a Hypothesis strategy: what your property tests have already"
    CONTROLLED = "operations and their schedule: code with threads and locks"


_DOCSTRING: Final = '''"""Fuzzes {subject}.

    holdfast fuzz run {place}       fuzz it
    holdfast fuzz coverage {place}  which code is reached
    holdfast fuzz triage {place}    what was found, what fails still
    holdfast fuzz minimize {place}  make the failing inputs small
    holdfast fuzz regress {place}   turn them into tests

A target raises when something is wrong, and leaves nothing behind: neither files nor threads nor
anything that the next input could meet.
"""
'''

_BYTES: Final = '''
import fuzz
{imports}

@fuzz.target(
    instrument={instrument},  # the packages whose coverage guides the fuzzer
    seeds=[b"", b"hello"],  # valid inputs, small ones: what it begins with
    dictionary=[b"{{", b"}}"],  # words and magic numbers of your format
    max_bytes=4_096,
)
def {name}(data: bytes) -> None:
    """Whatever the bytes are, they are read or refused with the documented error."""
    {call}
    # An error that you document is no bug:
    #     try:
    #         parsed = my_module.parse(data)
    #     except my_module.ParseError:
    #         return
    # And what is read must hold together:
    #     assert my_module.parse(my_module.write(parsed)) == parsed
'''

_PROVIDER: Final = '''
import fuzz
{imports}

@fuzz.target(
    instrument={instrument},  # the packages whose coverage guides the fuzzer
    max_bytes=4_096,
)
def {name}(provider: fuzz.FuzzedDataProvider) -> None:
    """Whatever is called with whatever values, in whatever order, a simple model agrees."""
    model: list[int] = []
    for _ in range(provider.ConsumeIntInRange(0, 20)):
        number = provider.ConsumeIntInRange(-1_000, 1_000)
        if provider.ConsumeBool():
            model.append(number)  # and the same call of your own code
        elif model:
            model.pop()
    {call}
    assert len(model) <= 20
'''

_STRATEGY: Final = '''
from hypothesis import strategies

import fuzz
{imports}

@fuzz.target(
    strategies.lists(strategies.integers()),  # what your code takes
    instrument={instrument},  # the packages whose coverage guides the fuzzer
    max_bytes=4_096,
)
def {name}(values: list[int]) -> None:
    """Whatever the value is, the property holds."""
    {call}
    assert sorted(sorted(values)) == sorted(values)
'''

_CONTROLLED: Final = '''
import threading

import fuzz
{imports}

@fuzz.target(
    controlled=True,  # threads run under the scheduler, and bytes choose who goes on
    instrument={instrument},  # the packages whose shared accesses are switching points
    max_bytes=256,
)
def {name}(operations: fuzz.FuzzedDataProvider) -> None:
    """Whatever is done at the same time, in whatever order, the total is right."""
    amounts = [operations.ConsumeIntInRange(0, 9) for _ in range(3)]
    lock = threading.Lock()
    total = 0

    def add(amount: int) -> None:
        nonlocal total
        with lock:  # take this line away, and see what is found
            total += amount

    {call}
    threads = [threading.Thread(target=add, args=(amount,)) for amount in amounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == sum(amounts), f"{{total}} is not {{sum(amounts)}}"
'''

# OpenSSF Scorecard knows a fuzzed Python project by the text `import atheris`. The guard keeps it
# out of every process but one that runs the file: importing it changes how a process exits.
_MAIN: Final = """

# Under Atheris alone, as OSS-Fuzz runs it: python {file} -runs=10000
if __name__ == "__main__":
{importlib}    import sys

    import atheris

    def one_input(data: bytes) -> None:
        {name}(data)

    {watch}
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
"""

_RELOAD: Final = """with atheris.instrument_imports(include=["{package}"]):
        importlib.reload({module})"""
_FUNCTION: Final = (
    "atheris.instrument_func(one_input)  # watch your own modules as they are imported"
)

_BODIES: Final = {
    TargetKind.BYTES: _BYTES,
    TargetKind.PROVIDER: _PROVIDER,
    TargetKind.STRATEGY: _STRATEGY,
    TargetKind.CONTROLLED: _CONTROLLED,
}


def target_text(  # noqa: PLR0913  # one value a place in the text
    name: str, kind: TargetKind, *, place: str, file: str, module: str | None, call: str
) -> str:
    """Return the text of a file that declares a target.

    Args:
        name: Of the function and the target.
        place: `module:NAME`, by which the target is imported.
        file: Its path, for the line that runs it.
        module: What is fuzzed; None leaves its place open.
        call: A line that calls it; "" leaves that open, too.
    """
    package = (module or place.partition(":")[0]).partition(".")[0]
    values = {
        "name": name,
        "place": place,
        "file": file,
        "subject": module or "what `" + name + "` calls",
        "imports": f"import {module}\n" if module else "",
        "instrument": f'["{package}"]',
        "call": call or f"# Call {module or 'your own code'} here.",
        # Not instrument_all: with all that is loaded by then it takes a minute.
        "importlib": "    import importlib\n" if module else "",
        "watch": _RELOAD.format(package=package, module=module) if module else _FUNCTION,
    }
    return (_DOCSTRING + _BODIES[kind] + _MAIN).format(**values)
