"""Targets for the tests of `fuzz`, each with a known ending: `tests.fuzz.bad_targets:NAME`."""

import os
import signal
import threading
import time
import zlib

from fuzz import Target, UndecidedError
from fuzz.targets.flow_operations import SEEDS as FLOW_SEEDS
from fuzz.targets.flow_operations import flow_run
from fuzz.targets.secret_operations import SEEDS as SECRET_SEEDS
from fuzz.targets.secret_operations import secret_run
from tests.fuzz import secret_twins
from tests.planted.flow import twins as flow_twins

HERE = "tests.fuzz.bad_targets"


def passes(data: bytes) -> list[int]:
    return [len(data)]


def raises(data: bytes) -> None:
    if len(data) > 3:
        raise LookupError(f"{len(data)} bytes")


def first_bug(data: bytes) -> None:
    raise ValueError(f"first, {len(data)}")


def second_bug(data: bytes) -> None:
    raise ValueError(f"second, {len(data)}")


def has_two_bugs(data: bytes) -> None:
    if len(data) % 3 == 1:
        first_bug(data)
    if len(data) % 3 == 2:
        second_bug(data)


def is_guarded(data: bytes) -> None:
    """One byte after the other: 1 in 2**40 for chance, a few thousand inputs for coverage."""
    if len(data) > 4 and data[0] == 0xA1:  # noqa: SIM102  # each its own branch, as below
        if data[1] == 0x3C:  # noqa: SIM102
            if data[2] == 0x77:  # noqa: SIM102
                if data[3] == 0xE9:  # noqa: SIM102
                    if data[4] == 0x50:
                        raise RuntimeError("behind five bytes")


def tells_stages(data: bytes) -> list[int]:
    """The same without branches: only what the target tells shows progress."""
    wanted = bytes((0xA1, 0x3C, 0x77, 0xE9))
    reached = max(count for count in range(5) if data.startswith(wanted[:count]))
    if reached == len(wanted):
        raise RuntimeError("behind four bytes")
    return [reached]


def kills(data: bytes) -> None:
    if data:
        os.kill(os.getpid(), signal.SIGSEGV)


def exits(data: bytes) -> None:
    if data:
        os._exit(3)


def leaves(data: bytes) -> None:
    if data:
        raise SystemExit(0)


def hangs(data: bytes) -> None:
    if data:
        threading.Event().wait()


def eats(data: bytes) -> None:
    if data:
        hoard = [b"x" * 50_000_000 for _ in range(20)]
        time.sleep(30)
        hoard.clear()


def raises_in_thread(data: bytes) -> None:
    thread = threading.Thread(target=raises, args=(data,))
    thread.start()
    thread.join()


class FailsAtItsEnd:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __del__(self) -> None:
        raises(self.data)


def raises_in_finaliser(data: bytes) -> None:
    FailsAtItsEnd(data)


def cannot_tell(data: bytes) -> None:
    raise UndecidedError("on purpose")


def depends_on_the_past(data: bytes, calls: list[int] = []) -> None:  # noqa: B006  # kept on purpose
    calls.append(1)
    assert len(calls) != 5, "the fifth call fails, whatever the input"


def prints(data: bytes) -> None:
    print('{"report": "done"}')  # noqa: T201  # must not be taken for a report


def kills_always(data: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def has_a_killer_seed(data: bytes) -> None:
    if data == b"kill":
        os.kill(os.getpid(), signal.SIGSEGV)


def often_exits(data: bytes) -> list[int]:
    if data and sum(data) % 8 == 0:
        os._exit(3)
    return [len(data)]


def knows_a_word(data: bytes) -> list[int]:
    """Told as a hash: nothing in the code gives the word away."""
    for start in range(max(len(data) - 10, 0)):
        if zlib.crc32(data[start : start + 11]) == 0x43BAB07E:
            raise PermissionError("the word was said")
    return [min(len(data), 20)]


PASSES = Target(name="passes", run=passes, what="nothing is wrong", instrument=(HERE,))
RAISES = Target(name="raises", run=raises, what="raises on 4 bytes")
TWO_BUGS = Target(name="two", run=has_two_bugs, what="two bugs")
GUARDED = Target(name="guarded", run=is_guarded, what="behind 5 bytes", instrument=(HERE,))
STAGES = Target(name="stages", run=tells_stages, what="behind 4 bytes", max_bytes=8)
KILLS = Target(name="kills", run=kills, what="a signal")
EXITS = Target(name="exits", run=exits, what="os._exit")
LEAVES = Target(name="leaves", run=leaves, what="SystemExit")
HANGS = Target(name="hangs", run=hangs, what="waits for ever", hang_s=0.5)
EATS = Target(name="eats", run=eats, what="takes a gigabyte")
IN_THREAD = Target(name="thread", run=raises_in_thread, what="raises in a thread")
IN_FINALISER = Target(name="finaliser", run=raises_in_finaliser, what="raises in __del__")
CANNOT_TELL = Target(name="undecided", run=cannot_tell, what="never judges")
FLAKY = Target(name="flaky", run=depends_on_the_past, what="fails once")
PRINTS = Target(name="prints", run=prints, what="prints")
SLOW_START = Target(name="slow", run=passes, what="nothing is wrong")
HANGS_LONG = Target(name="hangs_long", run=hangs, what="waits for ever", hang_s=50.0)
KILLS_ALWAYS = Target(name="kills_always", run=kills_always, what="every input kills")
KILLER_SEED = Target(name="seed", run=has_a_killer_seed, what="a seed kills", seeds=(b"kill",))
OFTEN_EXITS = Target(name="often", run=often_exits, what="one input in eight leaves")
KEYWORD = Target(name="keyword", run=knows_a_word, what="behind a word")
NOT_A_TARGET = 7

WAKES_ONE = Target(
    name="wakes_one",
    run=flow_run(flow_twins.WakesOne),
    what="B-53",
    instrument=("secmem.flow", "tests.planted.flow.twins"),
    controlled=True,
    compares=False,
    seeds=FLOW_SEEDS,
    max_bytes=256,
)
FORGETS_SOURCE = Target(
    name="forgets_source",
    run=secret_run(secret_twins.ForgetsSource),
    what="B-18",
    instrument=("secmem.memory",),
    compares=False,
    max_bytes=256,
)
STAYS_OPEN = Target(
    name="stays_open",
    run=secret_run(secret_twins.StaysOpen),
    what="the page stays readable after an inner access of two",
    instrument=("secmem.memory",),
    compares=False,
    seeds=SECRET_SEEDS,
    max_bytes=256,
)
