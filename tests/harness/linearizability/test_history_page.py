"""The page and the SVG of a judged history: what is on them, what never is, and a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from harness.linearizability import (
    Criterion,
    Fifo,
    History,
    Judgement,
    KeyValue,
    Model,
    Operation,
    Register,
    Status,
    Verdict,
    check,
    reduce,
    to_html,
    to_svg,
)
from harness.linearizability.render.history_scene import MAX_DRAWN
from tests.absent import absent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "</script><script>evil()</script><img src=x onerror=evil()>\"'&amp;\x00]]>-->\u202e\u2028"
VOID = ("meta", "br", "img", "input", "link")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr",
)  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str = "", **attributes: str) -> list[dict[str, str]]:
        return [
            attrs
            for name, attrs in self.elements
            if tag in ("", name)
            and all(value in attrs.get(key, "").split() for key, value in attributes.items())
        ]

    def bars(self, kind: str = "op") -> list[dict[str, str]]:
        return self.all("div", **{"class": kind, "role": "option"})

    def text(self) -> str:
        hidden = ("style", "script")
        return " ".join("".join(text for tag, text in self.texts if tag not in hidden).split())

    def data(self) -> Any:
        (text,) = (text for tag, text in self.texts if tag == "script" and text.startswith("["))
        return json.loads(text)


def page_of(html: str) -> Page:
    page = Page(html)
    assert page.open == []  # every element is closed
    return page


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own; that it parses is the test


def op(client: int | str, name: str, given: tuple[Any, ...], output: Any, *at: float) -> Operation:
    return Operation(
        client=client, name=name, arguments=given, output=output, call=at[0], ret=at[1]
    )


QUEUE = History.of(
    [
        op("Producer", "put", ("a",), None, 0, 3),
        op("Producer", "put", ("b",), None, 4, 7),
        op("Worker-1", "get", (), "a", 5, 9),
        op("Worker-2", "get", (), "a", 6, 10),
        op("Worker-2", "get", (), "b", 11, 12),
    ],
    name="two workers",
)
KEYS = History.of(
    [
        op(0, "put", ("good", 1), None, 0, 1),
        op(0, "get", ("good",), 1, 2, 3),
        op(1, "put", ("bad", 1), None, 0, 1),
        op(1, "get", ("bad",), 2, 2, 3),
    ]
)


def failing() -> Page:
    return page_of(reduce(QUEUE, check(QUEUE, Fifo())).html())


def test_the_core_is_emphasised_and_the_rest_is_there() -> None:
    page = failing()
    assert len(page.bars()) == len(QUEUE)
    assert [bar["data-i"] for bar in page.bars("core")] == ["2", "3"]
    assert [bar["data-i"] for bar in page.bars("straw")] == ["3"]
    assert [bar["data-i"] for bar in page.bars("later")] == ["4"]
    assert page.all("div", **{"class": "close"})  # opens with what matters alone
    text = page.text()
    assert text.index("No order explains these 2 operations") < text.index("Who did what")


def test_each_order_has_its_states_and_what_cannot_come_next() -> None:
    page = failing()
    (part,) = page.data()
    first = part["orders"][0]
    assert first["steps"][-1][1] == "empty"
    assert first["stuck"] == [[3, "it would have to wait here"]]
    assert any(not order["core"] for order in part["orders"])
    assert "it would have to wait here" in page.text()
    assert page.all("article", **{"class": "order"})


def test_each_part_can_be_chosen_and_the_wrong_one_comes_first() -> None:
    model = KeyValue()
    page = page_of(to_html(KEYS, check(KEYS, model), model=model))
    assert "'bad' ✗" in page.text()
    assert len(page.data()) == 2
    assert len(page.all("option")) == 2
    hidden = [part for part in page.all("div", **{"class": "part"}) if "hidden" in part]
    assert [part["id"] for part in hidden] == ["part1"]


def test_a_history_with_an_order_shows_the_order() -> None:
    history = History(KEYS.operations[:3])
    model = KeyValue()
    judgement = check(history, model)
    page = page_of(to_html(history, judgement, model=model))
    assert "An order explains all 3 operations." in page.text()
    assert [len(part["orders"][0]["steps"]) for part in page.data()] == [2, 1]
    assert not page.bars("core")


def test_what_is_not_decided_is_shown_without_an_order() -> None:
    judgement = Judgement(
        verdict=Verdict.UNDECIDED, criterion=Criterion.LINEARIZABLE, model="kv",
        operations=len(KEYS), why="time: 60 s",
    )  # fmt: skip
    page = page_of(to_html(KEYS, judgement, model=KeyValue()))
    assert "Not decided" in page.text()
    assert all(part["orders"] == [] for part in page.data())
    parsed(to_svg(KEYS, judgement, model=KeyValue()))


def test_a_page_can_be_used_by_keyboard_and_by_ear() -> None:
    page = failing()
    (plane,) = page.all("div", role="listbox")
    assert plane["tabindex"] == "0"
    assert plane["aria-label"]
    assert page.bars()[0]["aria-label"] == "Producer: put('a')"
    assert all(svg["aria-hidden"] == "true" for svg in page.all("svg"))
    assert all(button["type"] == "button" for button in page.all("button"))
    assert page.all("html", lang="en")


class Hostile(Model[Any]):
    """A model that says anything; nothing fits it."""

    name = HOSTILE

    def initial(self) -> Any:
        return HOSTILE

    def step(self, state: Any, operation: Operation) -> Any:
        return Register().step(state, Operation(**_register(operation)))

    def describe(self, operation: Operation) -> str:
        return f"{HOSTILE}{operation.name}"

    def describe_state(self, state: Any) -> str:
        return f"{HOSTILE}{state}"


def _register(one: Operation) -> dict[str, Any]:
    fields = {name: getattr(one, name) for name in ("client", "arguments", "output", "status")}
    return {**fields, "name": one.name.removesuffix(HOSTILE), "call": one.call, "ret": one.ret}


def hostile(*, says: bool) -> tuple[History, Model[Any]]:
    """Return a history all of whose texts try to be markup."""
    suffix = HOSTILE if says else ""
    history = History.of(
        [
            op(HOSTILE, f"write{suffix}", (f"{HOSTILE}\ud800",), None, 0, 1),
            op(f"{HOSTILE}2", f"read{suffix}", (), HOSTILE * 20_000, 2, 3),
            Operation(
                client=HOSTILE, name=f"write{suffix}", arguments=(HOSTILE,),
                status=Status.UNKNOWN, call=4, ret=None, key=None,
            ),
        ],
        name=HOSTILE,
    )  # fmt: skip
    return history, (Hostile() if says else Register())


@pytest.mark.parametrize("says", [True, False], ids=["described by the model", "by us"])
def test_nothing_of_a_history_becomes_markup(*, says: bool) -> None:
    history, model = hostile(says=says)
    judgement = check(history, model)
    assert judgement.failure is not None
    for html in (to_html(history, judgement, model=model), reduce(history, judgement).html()):
        html.encode("utf-8")
        assert len(html) < 200_000  # of a million characters, a few are shown
        page = page_of(html)
        assert len(page.all("script")) == 2
        assert not page.all("img")
        assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
        shown = "".join(text for tag, text in page.texts if tag not in ("style", "script"))
        assert "\u202e" not in html
        assert "\x00" not in html
        assert "</script><script>evil()" in shown  # as text, which is what it is
        page.data()


@pytest.mark.parametrize("says", [True, False], ids=["described by the model", "by us"])
def test_a_picture_is_well_formed_whatever_is_in_it(*, says: bool) -> None:
    history, model = hostile(says=says)
    text = to_svg(history, check(history, model), model=model)
    root = parsed(text)
    names = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert names <= {"svg", "title", "style", "rect", "path", "text", "g", "circle"}
    assert "script" not in names
    assert not any(name.startswith("on") for one in root.iter() for name in one.attrib)


def test_a_picture_has_the_core_its_order_and_its_sentence() -> None:
    text = reduce(QUEUE, check(QUEUE, Fifo())).svg()
    root = parsed(text)
    said = "".join(root.itertext())
    assert "No order explains these 2 operations" in said
    assert "✗ get() -> 'a'" in said
    assert text.count("<circle") == 2
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_page_loads_nothing_and_lets_only_its_own_script_run() -> None:
    text = reduce(QUEUE, check(QUEUE, Fifo())).html()
    page = Page(text)
    (policy,) = (meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none';")
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [attrs for _, attrs in page.elements if "src" in attrs]
    assert all(a["href"].startswith("#") for a in page.all("a"))
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_bytes_are_never_on_the_page() -> None:
    history = History.of(
        [op(0, "write", (b"k3yk3y",), None, 0, 1), op(1, "read", (), b"othr00", 2, 3)]
    )
    judgement = check(history, Register())
    for text in (
        to_html(history, judgement, model=Register()),
        to_svg(history, judgement, model=Register()),
    ):
        assert "k3yk3y" not in text
        assert "othr00" not in text
        assert "bytes#1 of 6" in text


def test_of_a_huge_history_what_matters_is_drawn_and_that_is_said() -> None:
    many = [op(0, "write", (at,), None, 2 * at, 2 * at + 1) for at in range(MAX_DRAWN + 500)]
    history = History.of([*many, op(1, "read", (), -1, 20_000, 20_001)])
    model = Register()
    found = reduce(history, check(history, model), budget_s=0.2)
    page = page_of(found.html())
    assert len(page.bars()) <= max(MAX_DRAWN, len(found.core))
    assert page.bars("straw")


def test_of_a_huge_history_with_an_order_the_beginning_is_drawn_and_that_is_said() -> None:
    many = [op(0, "write", (at,), None, 2 * at, 2 * at + 1) for at in range(MAX_DRAWN + 500)]
    history = History.of(many)
    page = page_of(to_html(history, check(history, Register()), model=Register()))
    assert len(page.bars()) == MAX_DRAWN
    assert "The first 3,000 of 3,500 operations are drawn." in page.text()


# -- a real browser -------------------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Page]:
    """Return what opens a page in a browser and gives back what its script made of it."""
    if CHROMIUM is None:
        absent("chromium", how="install Debian's package of that name")

    def open_page(html: str, fragment: str = "") -> Page:
        file = tmp_path / "page.html"
        file.write_text(html, "utf-8")
        done = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
             "--window-size=1400,1000", "--dump-dom", f"{file.as_uri()}{fragment}"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode or not done.stdout:
            absent("a chromium that runs", how=f"it ended with {done.returncode}")
        assert "CONSOLE" not in done.stderr  # no error, no warning
        page = Page(done.stdout)
        assert page.all("html", **{"data-ready": "ms"})  # the script ran to its end
        return page

    return open_page


@pytest.mark.slow
def test_a_browser_draws_the_order_and_tells_the_picked_operation(
    opened: Callable[..., Page],
) -> None:
    page = opened(reduce(QUEUE, check(QUEUE, Fifo())).html(), "#p0o3")
    (picked,) = (bar for bar in page.bars() if bar["aria-selected"] == "true")
    assert picked["id"] == "p0o3"
    assert [bar["data-i"] for bar in page.bars("in")] == ["0", "2"]
    assert [bar["data-i"] for bar in page.bars("stuck")] == ["3"]
    assert len(page.all("circle")) == 2
    assert "✗ cannot come next" in page.text()


@pytest.mark.slow
def test_a_browser_shows_an_order_of_the_whole_when_it_is_asked_for(
    opened: Callable[..., Page],
) -> None:
    found = reduce(QUEUE, check(QUEUE, Fifo()))
    orders = (*found.orders, *found.whole_orders)
    number = orders.index(found.whole_orders[0])
    page = opened(found.html(), f"#p0r{number}")
    assert not page.all("div", **{"class": "close"})
    assert len(page.bars("in")) == len(found.whole_orders[0].steps)


@pytest.mark.slow
def test_a_browser_runs_nothing_of_a_hostile_history(opened: Callable[..., Page]) -> None:
    history, model = hostile(says=True)
    page = opened(to_html(history, check(history, model), model=model), "#p0o1")
    assert not page.all("img")
    assert len(page.all("script")) == 2


@pytest.mark.slow
def test_two_thousand_operations_open_fast(opened: Callable[..., Page]) -> None:
    clients = 8
    history = History.of(
        op(at % clients, "write", (at,), None, at, at + clients - 0.5) for at in range(2_000)
    )
    judgement = check(history, Register())
    begin = time.perf_counter()
    text = to_html(history, judgement, model=Register())
    assert time.perf_counter() - begin < 5  # it takes 0.15 s
    assert len(text) < 3_000_000
    page = opened(text)
    assert len(page.bars()) == 2_000
    ready = page.all("html")[0]["data-ready"]
    assert int(ready.removesuffix(" ms")) < 20_000  # it takes some 500 ms
