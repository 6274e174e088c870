"""What profiles say: places, records, tables, JSON, the command; and what they never say."""

from __future__ import annotations

import json
import queue
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reports import Outcome, RecordKind, Store
from reports.commands import report_command
from reports.profiling import child
from reports.profiling.attribution import hot_spots
from reports.profiling.frames import Frame
from reports.profiling.functions import Functions, place_of
from reports.profiling.hot_spot import HotSpot, Profile, ProfileKind
from reports.profiling.profile_records import profile_records
from reports.profiling.stack_sums import StackSum
from reports.profiling.table import as_json, table
from tests.reports.profiling.profiled_programs import ENDINGS, KNOWN

USER = Frame("/app/shop.py", 12, "buy")
QUEUE = Frame(queue.__file__, 1, "get")
OURS = Frame(child.__file__, 1, "main")
if TYPE_CHECKING:
    from pathlib import Path

CANARY = "swordfish-" + "0123456789"


def amounts(*sums: StackSum, kind: ProfileKind = ProfileKind.CPU) -> dict[str, float]:
    return {one.place: one.amount for one in hot_spots(sums, kind, roots=["/app"])}


def stack(*frames: Frame, amount: float = 1.0) -> StackSum:
    return StackSum(frames=frames, amount=amount, count=1)


def test_a_librarys_cost_is_its_user_callers() -> None:
    assert amounts(stack(QUEUE, USER)) == {"shop.py buy": 1.0}
    (one,) = hot_spots([stack(QUEUE, USER)], ProfileKind.CPU, roots=["/app"])
    assert one.details[0][0].startswith("in queue.")


def test_a_thread_of_the_librarys_own_goes_by_the_librarys_function() -> None:
    ((place, amount),) = amounts(stack(QUEUE)).items()
    assert (place.split(":")[0].endswith("queue.py"), amount) == (True, 1.0)


def test_the_profilers_own_frames_end_a_stack() -> None:
    outer = Frame("/app/runner.py", 3, "main")
    assert amounts(stack(USER, OURS, outer)) == {"shop.py buy": 1.0}
    assert amounts(stack(OURS, outer)) == {}
    (one,) = hot_spots([stack(USER, OURS, outer)], ProfileKind.CPU, roots=["/app"])
    assert one.including == 1.0


def test_recursion_counts_once() -> None:
    (one,) = hot_spots([stack(USER, USER, USER)], ProfileKind.CPU, roots=["/app"])
    assert (one.amount, one.including) == (1.0, 1.0)


SOURCE = """\
import functools


class Shop:
    @functools.cache
    def buy(self):
        return [each for each in (lambda: [1])()]

    async def sell(self):
        def inner():
            return 1
        return inner()


VALUE = 3
"""


@pytest.mark.parametrize(
    ("line", "name", "place"),
    [
        (7, "buy", "shop.py:6 Shop.buy"),
        (7, "<listcomp>", "shop.py:6 Shop.buy"),
        (7, "<lambda>", "shop.py:7 Shop.buy.<lambda>"),
        (5, "buy", "shop.py:6 Shop.buy"),
        (12, "sell", "shop.py:9 Shop.sell"),
        (11, "inner", "shop.py:10 Shop.sell.inner"),
        (15, "<module>", "shop.py:1 <module>"),
        (15, "", "shop.py:1 <module>"),
        (11, "", "shop.py:10 Shop.sell.inner"),
    ],
)
def test_a_line_is_told_by_its_function_and_the_line_of_its_def(
    tmp_path: Path, line: int, name: str, place: str
) -> None:
    file = tmp_path / "pkg" / "shop.py"
    file.parent.mkdir()
    file.write_text(SOURCE, "utf-8")
    function = Functions().of(Frame(str(file), line, name))
    assert place_of(function, roots=[str(tmp_path), str(file.parent)]) == place
    assert place_of(function, roots=[str(tmp_path)]) == f"pkg/{place}"
    assert place_of(function, roots=[]) == place  # never a path of this machine


def test_code_without_source_goes_by_its_name() -> None:
    function = Functions().of(Frame("<string>", 3, "made"))
    assert place_of(function, roots=["/app"]) == "<string> made"


PROFILE = Profile(
    kind=ProfileKind.CPU,
    target="app:run",
    total=2.0,
    calls=4,
    wall_s=2.5,
    spots=(
        HotSpot(
            place="app.py:1 hot", amount=1.5, count=9, including=1.9,
            details=(("in json.loads", 1.0), ("line 3", 0.1)),
        ),
        HotSpot(place="app.py:9 warm", amount=0.4, count=3, including=0.4),
        HotSpot(place="app.py:20 cold", amount=0.1, count=1, including=0.1),
    ),
    notes=("a note",),
)  # fmt: skip


def test_a_table_has_share_bar_cost_and_where_the_rest_is() -> None:
    lines = [line.replace("\u202f", " ") for line in table(PROFILE, top=2)]
    assert lines == [
        "CPU: 2 s in 4 calls, 2.50 s by the clock",
        "  75.0% ############     1.50 s  app.py:1 hot  (1.90 s with what it calls)",
        "                            1 s    in json.loads",
        "  20.0% ###            400 ms  app.py:9 warm".replace("   400", "     400"),
        "   5.0%                100 ms  in 1 more place".replace("   100", "     100"),
        "  (a note)",
    ]


def test_records_hold_seconds_of_one_call_the_hottest_place_first() -> None:
    (record,) = profile_records([PROFILE])
    assert (record.kind, record.name, record.outcome) == (
        RecordKind.PROFILE, "app:run", Outcome.PASSED,
    )  # fmt: skip
    assert [(one.metric, one.value, one.unit, one.n) for one in record.measures] == [
        ("app.py:1 hot", 0.375, "s", 9),
        ("app.py:9 warm", 0.1, "s", 3),
        ("app.py:20 cold", 0.025, "s", 1),
    ]
    assert record.params["profile"] == "cpu"
    assert record.params["total"] == "0.5"
    assert record.message == "a note"
    assert record.replay == "holdfast report profile app:run --kind cpu"


def test_json_has_every_place_with_its_share() -> None:
    (said,) = json.loads(as_json([PROFILE], top=None))
    assert [one["share"] for one in said["places"]] == [0.75, 0.2, 0.05]
    assert said["places"][0]["details"][0] == {"what": "in json.loads", "amount": 1.0}


@pytest.mark.slow
def test_the_command_writes_a_record_of_each_kind_and_prints_the_table(tmp_path: Path) -> None:
    store, target = tmp_path / "store", f"{KNOWN}:ten_megabytes"
    done = CliRunner().invoke(
        report_command,
        ["profile", target, "--kind", "wait,memory", "--repeat", "1", "--store", str(store)],
    )
    assert done.exit_code == 0, done.output
    assert "Waiting: 0 ns" in done.output
    assert "known_costs.py" in done.output
    with Store(store) as opened:
        (stamp,) = opened.stamps()
        records = opened.document(stamp.run_id).records
    assert [(one.kind, one.name, one.params["profile"]) for one in records] == [
        (RecordKind.PROFILE, target, "wait"),
        (RecordKind.PROFILE, target, "memory"),
    ]


@pytest.mark.slow
def test_a_kind_that_fails_does_not_lose_the_kinds_before_it(tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = CliRunner().invoke(
        report_command,
        ["profile", f"{ENDINGS}:raises_when_traced", "--kind", "wait,memory,cpu", "--repeat", "1",
         "--store", str(store)],
    )  # fmt: skip
    assert done.exit_code == 2
    assert "no room for tracing" in done.output
    with Store(store) as opened:
        (stamp,) = opened.stamps()
        (record,) = opened.document(stamp.run_id).records
    assert record.params["profile"] == "wait"


@pytest.mark.slow
def test_no_value_of_the_program_is_told(tmp_path: Path) -> None:
    store, target = tmp_path / "store", f"{KNOWN}:with_secret"
    done = CliRunner().invoke(
        report_command, ["profile", target, "--repeat", "1", "--json", "--store", str(store)]
    )
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.output)) == 3
    assert CANARY not in done.output
    documents = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    assert documents
    assert not any(CANARY.encode() in data for data in documents)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["app:run", "--kind", "heat"], "the kinds are cpu, wait, memory"),
        (["app:run", "--repeat", "0"], "--repeat"),
        (["app:run", "--time", "-1", "--no-store"], "time_s got -1.0"),
        ([], "TARGET"),
    ],
)
def test_wrong_usage_exits_2_in_words(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(report_command, ["profile", *arguments])
    assert done.exit_code == 2
    assert told in done.output
