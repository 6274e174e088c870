"""What makes races likely on a real machine, as one value: `Noise`.

A race needs one thread to be taken off between two accesses, and another to go through meanwhile.
Left alone, an interpreter does that rarely and always in the same places. Noise moves the places:
when threads start, where they are taken off, how long, on which processors, under how much load.

Sources: Edelstein et al., "Multithreaded Java program test generation", IBM Systems Journal 41(1),
2002, and "Framework for testing multi-threaded Java programs", CCPE 15, 2003 (ConTest: yields and
sleeps at accesses, at few places chosen anew for each run); Sen, "Race directed random testing of
concurrent programs", PLDI 2008 (RaceFuzzer: stop only where a conflict is expected); Li et al.,
"Efficient scalable thread-safety-violation detection", SOSP 2019 (TSVD: learn the places from near
misses, and give up those where delays show nothing); Stoica et al., "WAFFLE: exposing memory
ordering bugs efficiently with active delay injection", EuroSys 2023 (no two delays that cancel).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from stress.noise_errors import NoiseTextError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stress.noise_applied import AppliedNoise

MOST_MIB: Final = 1 << 20  # a TiB: what is meant is never more
MOST_THREADS: Final = 1_024


class Pinning(StrEnum):
    """Which processors the threads may use."""

    FREE = "free"  # what the system gave
    ONE = "one"  # all on one: a thread that is taken off stays off until the others had their turn
    SPREAD = "spread"  # each new thread on the next one, so that they do run at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How the threads of a stress run are disturbed. A value: see `applied` for the effect.

    Attributes:
        spell_s: How long the noise stays as it is, in seconds: then another switch interval, other
            strengths and other places are drawn, each up to what is said here. 0: for a round.
        switch_s: Switch intervals of the interpreter, in seconds; each spell has one of them.
            Empty: the interpreter's own.
        gather_s: Longest tick of a common clock at which started threads begin, in seconds, so that
            those started within one tick begin together; half of the threads, in half of the
            spells. 0: at once.
        yields: Share of instrumented accesses at which the thread offers its turn, 0 to 1.
        sleeps: Share of instrumented accesses at which the thread sleeps for a moment, 0 to 1.
        places: How many places in the program are hot at a time, at most: there, threads are held
            up.
        near: Choose hot places among those that were seen to touch the same thing from two
            threads within a short time, at least one of them writing; otherwise among all seen.
        delay_s: Longest sleep, in seconds; a sleep is drawn so that short ones are as likely as
            long ones by order of size.
        budget_s: Longest that one thread sleeps in one spell, in seconds: a bound on what noise
            costs, whatever the program does.
        pinning: Which processors the threads may use.
        busy: Threads beside the program's that compute and do nothing else: more than cores.
        memory_mib: Memory held, and written over again and again by one more thread.
    """

    spell_s: float = 0.05
    switch_s: tuple[float, ...] = ()
    gather_s: float = 0.0
    yields: float = 0.0
    sleeps: float = 0.0
    places: int = 0
    near: bool = False
    delay_s: float = 0.001
    budget_s: float = 0.025
    pinning: Pinning = Pinning.FREE
    busy: int = 0
    memory_mib: int = 0

    def __post_init__(self) -> None:
        for value in self.switch_s:
            _check("switch_s", value, least=1e-9, most=1.0)
        for name in ("spell_s", "gather_s", "budget_s"):
            _check(name, getattr(self, name), least=0.0, most=60.0)
        _check("delay_s", self.delay_s, least=1e-6, most=60.0)
        for name in ("yields", "sleeps"):
            _check(name, getattr(self, name), least=0.0, most=1.0)
        if self.yields + self.sleeps > 1.0:
            raise ValueError(
                f"yields and sleeps are shares of the same accesses and together at most 1, "
                f"got {self.yields:g} and {self.sleeps:g}"
            )
        _check("places", self.places, least=0, most=1_000, whole=True)
        _check("busy", self.busy, least=0, most=MOST_THREADS, whole=True)
        _check("memory_mib", self.memory_mib, least=0, most=MOST_MIB, whole=True)
        if type(self.near) is not bool:
            raise ValueError(f"near takes True or False, got {self.near!r}")
        if type(self.pinning) is not Pinning:
            raise ValueError(f"pinning takes a Pinning, got {self.pinning!r}")

    def __str__(self) -> str:
        """Return the text that `parse` reads back: the name of a preset, or what differs."""
        for name, preset in PRESETS.items():
            if self == preset:
                return name
        return ",".join(
            f"{key}={setting.show(getattr(self, setting.field))}"
            for key, setting in SETTINGS.items()
            if getattr(self, setting.field) != getattr(OFF, setting.field)
        )

    @property
    def instruments(self) -> bool:
        """Whether it disturbs accesses, for which the subject's code has to be rewritten."""
        return bool(self.yields or self.sleeps or self.places)

    @classmethod
    def parse(cls, text: str) -> Noise:
        """Return the noise that a text names.

        Args:
            text: A preset ("off", "switch", "light", "heavy"), or settings such as
                "places=3,delay=2ms", or a preset and what differs: "heavy,pin=one,busy=4".

        Raises:
            NoiseTextError: The text is not that; it says which word, and what there is.
        """
        if not isinstance(text, str):
            raise NoiseTextError(repr(text), "", "it is no text", _help())
        words = [word.strip() for word in text.split(",")]
        base, given = (PRESETS[words[0]], words[1:]) if words[0] in PRESETS else (OFF, words)
        changes: dict[str, Any] = {}
        for word in given:
            field, value = _setting(text, word)
            if field in changes:
                raise NoiseTextError(text, word, "it is set twice", _help())
            changes[field] = value
        try:
            return dataclasses.replace(base, **changes)
        except ValueError as error:
            raise NoiseTextError(text, "", str(error), _help()) from error

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        found = dataclasses.asdict(self)
        return {**found, "switch_s": list(self.switch_s), "pinning": str(self.pinning)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Noise:
        """Return the noise that `to_json` described; what is not told is as by default.

        Raises:
            NoiseTextError: It is not such a description.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(found) - known)
        if unknown:
            raise NoiseTextError(str(dict(found)), unknown[0], "there is no such field", _help())
        values = dict(found)
        try:
            if "switch_s" in values:
                values["switch_s"] = tuple(values["switch_s"])
            if "pinning" in values:
                values["pinning"] = Pinning(values["pinning"])
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise NoiseTextError(str(dict(found)), "", str(error), _help()) from error

    def applied(
        self, *, seed: int = 0, include: Iterable[str] = (), exclude: Iterable[str] = ()
    ) -> AppliedNoise:
        """Return a context manager in which this process has the noise.

        Enter it in the stress child before the subject is imported, and call `begin_round(number)`
        of what it gives before each round::

            with noise.applied(seed=7, include=["my_package"]) as applied:
                subject = scenario(target)
                for number in range(rounds):
                    applied.begin_round(number)
                    subject.body(subject.stress_scale)

        Args:
            seed: Of all that is drawn. Threads are real, so the same seed gives the same
                disturbance, and not the same run.
            include: Modules whose accesses are disturbed: names of packages, or patterns. Without
                any, or where the noise does not `instruments`, nothing is rewritten.
            exclude: The same, of what to leave alone.
        """
        from stress.noise_applied import AppliedNoise  # noqa: PLC0415  # the value stays light

        return AppliedNoise(self, seed=seed, include=tuple(include), exclude=tuple(exclude))


def _check(name: str, value: float, *, least: float, most: float, whole: bool = False) -> None:
    kinds = (int,) if whole else (int, float)
    if type(value) in kinds and math.isfinite(value) and least <= value <= most:
        return
    kind = "a whole number" if whole else "a number"
    raise ValueError(f"{name} takes {kind} from {least:g} to {most:g}, got {value!r}")


# -- text -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One word of the text: how its value is read, shown and explained."""

    field: str
    read: Callable[[str], Any]
    show: Callable[[Any], str]
    what: str


def _read_time(text: str) -> float:
    for unit, per_s in (("us", 1_000_000), ("ms", 1_000), ("s", 1)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) / per_s
    return float(text)


def _show_time(seconds: float) -> str:
    for unit, per_s in (("s", 1), ("ms", 1_000), ("us", 1_000_000)):
        shown = f"{seconds * per_s:g}{unit}"
        if seconds * per_s >= 1 and _read_time(shown) == seconds:
            return shown
    return f"{seconds!r}s"  # every digit, so that it is read back as the same number


def _read_share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _show_share(share: float) -> str:
    shown = f"{100 * share:g}%"
    return shown if _read_share(shown) == share else repr(share)


def _read_flag(text: str) -> bool:
    return {"yes": True, "no": False}[text]


SETTINGS: Final[Mapping[str, Setting]] = {
    "spell": Setting(
        field="spell_s",
        read=_read_time,
        show=_show_time,
        what="until all is drawn anew: spell=50ms",
    ),
    "switch": Setting(
        field="switch_s",
        read=lambda text: tuple(_read_time(part) for part in text.split("/")) if text else (),
        show=lambda value: "/".join(map(_show_time, value)),
        what="switch intervals, one a spell: switch=10us/1ms",
    ),
    "gather": Setting(
        field="gather_s",
        read=_read_time,
        show=_show_time,
        what="tick at which started threads begin: gather=1ms",
    ),
    "yields": Setting(
        field="yields",
        read=_read_share,
        show=_show_share,
        what="share of accesses that yield: yields=5%",
    ),
    "sleeps": Setting(
        field="sleeps", read=_read_share, show=_show_share, what="share that sleep: sleeps=0.5%"
    ),
    "places": Setting(
        field="places", read=int, show=str, what="how many places are hot at a time: places=3"
    ),
    "near": Setting(
        field="near",
        read=_read_flag,
        show=lambda value: "yes" if value else "no",
        what="choose hot places among near misses: near=yes",
    ),
    "delay": Setting(
        field="delay_s", read=_read_time, show=_show_time, what="longest sleep: delay=2ms"
    ),
    "budget": Setting(
        field="budget_s",
        read=_read_time,
        show=_show_time,
        what="longest that a thread sleeps in a spell: budget=25ms",
    ),
    "pin": Setting(
        field="pinning", read=Pinning, show=str, what="processors: pin=free, one or spread"
    ),
    "busy": Setting(field="busy", read=int, show=str, what="threads that only compute: busy=4"),
    "memory": Setting(
        field="memory_mib", read=int, show=str, what="MiB held and written over: memory=64"
    ),
}


def _setting(text: str, word: str) -> tuple[str, Any]:
    """Return the field that a word sets, and the value."""
    key, equals, value = (part.strip() for part in word.partition("="))
    setting = SETTINGS.get(key)
    if setting is None or not equals:
        raise NoiseTextError(text, word, "there is no such preset or setting", _help())
    try:
        return setting.field, setting.read(value)
    except (ValueError, KeyError) as error:
        raise NoiseTextError(
            text, word, f"{value!r} is no value: {setting.what}", _help()
        ) from error


def _help() -> str:
    settings = "; ".join(setting.what for setting in SETTINGS.values())
    return f"the presets {', '.join(PRESETS)}, and settings: {settings}"


OFF: Final = Noise()
# From far below one round to CPython's own interval: which race shows depends on where the
# interpreter takes the GIL away.
SWITCH: Final = Noise(switch_s=(0.000_01, 0.000_1, 0.001, 0.005))
LIGHT: Final = dataclasses.replace(SWITCH, gather_s=0.001, yields=0.1, sleeps=0.1)
HEAVY: Final = dataclasses.replace(LIGHT, places=4, near=True)
PRESETS: Final[Mapping[str, Noise]] = {"off": OFF, "switch": SWITCH, "light": LIGHT, "heavy": HEAVY}
