"""A real server process, asked over real HTTP, by the friendly and the hostile."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from reports import NoStoreError, Record, RecordKind
from reports.layout import claim_store
from reports.page.serve import LOOPBACK, PageServer, is_loopback, is_own_host
from reports.page.shelf import Shelf
from reports.record import Outcome
from tests.reports.page.section_store import benchmarks, keep

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 60.0  # for a child on a busy machine; it starts in two
BENCHMARK = "benchmarks/test_send.py::test_encode"


class Served:
    """A server of a store, and what to ask it."""

    def __init__(self, server: PageServer) -> None:
        self.server = server
        self.port = server.server_port

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of one request."""
        link = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_S)
        try:
            link.putrequest(method, path, skip_host=True)
            link.putheader("Host", f"127.0.0.1:{self.port}" if host is None else host)
            for name, value in headers.items():
                link.putheader(name.replace("_", "-"), value)
            link.endheaders()
            answer = link.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            link.close()

    def raw(self, text: bytes) -> bytes:
        """Return all that comes back when these bytes are sent."""
        with socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE_S) as link:
            link.sendall(text)
            link.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: link.recv(65536), b""))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return keep(tmp_path / "store", benchmarks(1, _seeded()), commit=1).parents[1]


def _seeded() -> random.Random:
    import random as chance  # noqa: PLC0415  # the name above is a type

    return chance.Random(3)


@contextmanager
def serving(store: Path) -> Iterator[Served]:
    with PageServer(Shelf(store), port=0) as server:
        thread = threading.Thread(target=server.serve_forever, name="server of a test")
        thread.start()
        try:
            yield Served(server)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def served(store: Path) -> Iterator[Served]:
    with serving(store) as found:
        yield found


def failing(name: str) -> Record:
    return Record(kind=RecordKind.STRESS, name=name, outcome=Outcome.FAILED, message="it broke")


def test_the_page_is_drawn_once_and_again_when_the_store_has_changed(
    served: Served, store: Path
) -> None:
    status, headers, first = served.ask("/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"test_encode" in first
    assert served.ask("/")[2] == first
    assert served.server.shelf.built == 1
    keep(store, [failing("broke_meanwhile")], commit=2)
    assert b"broke_meanwhile" in served.ask("/")[2]
    assert served.server.shelf.built == 2


def test_a_page_that_did_not_change_is_not_sent_again(served: Served) -> None:
    tag = served.ask("/")[1]["ETag"]
    status, headers, body = served.ask("/", If_None_Match=tag)
    assert (status, body, headers["ETag"]) == (304, b"", tag)
    assert served.ask("/", If_None_Match='"other"')[0] == 200


def test_many_readers_at_once_get_the_same_page_drawn_once(served: Served) -> None:
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(served.ask("/")[2])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == 8
    assert len(set(bodies)) == 1
    assert served.server.shelf.built == 1


def test_a_run_is_served_as_it_lies_in_the_store(served: Served, store: Path) -> None:
    (file,) = (store / "runs").iterdir()
    for path in (f"/run/{file.stem}", f"/run/{file.stem}.json"):
        status, headers, body = served.ask(path)
        assert (status, body) == (200, file.read_bytes())
        assert headers["Content-Type"].startswith("application/json")


def test_a_damaged_run_is_refused_with_its_name(served: Served, store: Path) -> None:
    (file,) = (store / "runs").iterdir()
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"CPython", b"CPithon"))
    status, _, body = served.ask(f"/run/{file.stem}")
    assert status == 404
    assert file.name.encode() in body


def test_a_series_is_told_with_its_runs_and_its_points(served: Served, store: Path) -> None:
    keep(store, benchmarks(2, _seeded()), commit=2)
    status, _, body = served.ask(f"/api/series?benchmark={BENCHMARK}&metric=time")
    (series,) = json.loads(body)["series"]
    assert status == 200
    assert (series["unit"], series["direction"]) == ("s", "lower")
    assert [run["position"] for run in series["runs"]] == [1, 2]
    assert [point["runs"] for point in series["points"]] == [1, 1]


def test_many_series_are_told_by_their_keys(served: Served, store: Path) -> None:
    extra = [
        Record(
            kind=RecordKind.BENCHMARK,
            name=f"bench {at}",
            outcome=Outcome.PASSED,
            measures=benchmarks(1, _seeded())[0].measures,
        )
        for at in range(60)
    ]
    keep(store, extra, commit=1, minute=9)
    found = json.loads(served.ask("/api/series")[2])
    assert len(found["keys"]) == 60 + len(benchmarks(1, _seeded()))
    assert found["left_out"] == 0
    assert json.loads(served.ask("/api/series?benchmark=none")[2]) == {"series": []}


@pytest.mark.parametrize(
    "query", ["benchmark", "bench=x", "metric=a&metric=b", "&".join(["metric=a"] * 11)]
)
def test_a_query_that_asks_for_nothing_known_is_refused(served: Served, query: str) -> None:
    status, _, body = served.ask(f"/api/series?{query}")
    assert status == 400
    assert b"query" in body


@pytest.mark.parametrize(
    "path",
    [
        "/holdfast-store.json", "/runs", "/index.sqlite3", "/run/", "/run/..", "/run/" + "a" * 63,
        "/../../../../etc/passwd", "/run/../holdfast-store.json", "/%2e%2e/%2e%2e/etc/passwd",
        "/run/%2e%2e%2fholdfast-store.json", "//etc/passwd", "/run/" + "A" * 64, "/api/", "/x.ico",
        "/run/" + "a" * 64 + "%00", "/run/" + "0" * 64,
    ],
)  # fmt: skip
def test_no_path_leads_out_of_what_is_served(served: Served, path: str) -> None:
    status, headers, body = served.ask(path)
    assert status == 404
    assert b"schema" not in body
    assert b"root:" not in body
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written_through_it(served: Served, method: str, store: Path) -> None:
    before = sorted(store.rglob("*"))
    status, headers, _ = served.ask("/", method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert sorted(store.rglob("*")) == before


def test_head_tells_of_the_page_without_sending_it(served: Served) -> None:
    status, headers, body = served.ask("/", method="HEAD")
    whole = served.ask("/")[2]
    assert (status, body, int(headers["Content-Length"])) == (200, b"", len(whole))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "192.168.1.7", "", "a b"],
)
def test_a_host_that_others_can_have_is_turned_away(served: Served, host: str) -> None:
    # Else a page of evil.example whose name is rebound to 127.0.0.1 reads every result.
    status, _, body = served.ask("/", host=host)
    assert status == 421
    assert b"test_encode" not in body


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8642", "127.0.0.2"]
)
def test_a_host_that_only_this_machine_has_is_served(served: Served, host: str) -> None:
    assert served.ask("/api/series?benchmark=none", host=host)[0] == 200


def test_a_request_without_a_host_or_with_two_is_turned_away(served: Served) -> None:
    assert b" 421 " in served.raw(b"GET / HTTP/1.0\r\n\r\n")
    twice = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert b" 421 " in served.raw(twice)


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"",
    ],
    ids=["bytes", "no path", "version", "long path", "many headers", "trace", "nothing"],
)
def test_nonsense_gets_an_error_and_the_next_reader_the_page(
    served: Served, text: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = served.raw(text)
    assert b" 200 " not in answer
    assert served.ask("/")[0] == 200
    assert capfd.readouterr().err == ""


def test_an_error_of_the_store_is_told_in_words(served: Served, store: Path) -> None:
    (store / "holdfast-store.json").unlink()
    status, _, body = served.ask("/")
    assert status == 500
    assert b"is not a holdfast store" in body


def test_what_is_served_may_neither_be_framed_nor_sniffed_nor_kept(served: Served) -> None:
    headers = served.ask("/")[1]
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),  # noqa: S104  # named, not bound
     ("192.168.1.7", False), ("box.example", False), ("", False)],
)  # fmt: skip
def test_loopback_is_what_only_this_machine_reaches(host: str, answer: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is answer


def test_who_listens_to_others_answers_addresses_and_its_own_name_only() -> None:
    everywhere = "0.0.0.0"  # noqa: S104  # named, not bound
    assert is_own_host("192.168.1.7:8642", listening=everywhere)
    assert is_own_host(f"{socket.gethostname()}:8642", listening=everywhere)
    assert is_own_host("box.example:1", listening="box.example")
    assert not is_own_host("evil.example", listening=everywhere)


def test_no_store_is_refused_before_anything_listens(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError):
        Shelf(tmp_path / "none")


def command(*words: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "holdfast", "report", "serve", *words],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], PATIENCE_S)
    assert ready, "it said nothing"
    return child.stdout.readline()


def asked(line: str) -> Any:
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
    assert found is not None, line
    link = http.client.HTTPConnection(LOOPBACK, int(found[1]), timeout=PATIENCE_S)
    link.request("GET", "/")
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.status, body


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_the_command_serves_until_it_is_told_to_end(
    sign: signal.Signals, store: Path, tmp_path: Path
) -> None:
    with command("--store", str(store), "--port", "0", folder=tmp_path) as child:
        status, body = asked(first_line(child))
        assert (status, b"test_encode" in body) == (200, True)
        child.send_signal(sign)
        out, err = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out, err) == (0, "ended\n", "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_reader_that_never_ends_does_not_keep_the_server(store: Path, tmp_path: Path) -> None:
    with command("--store", str(store), "--port", "0", folder=tmp_path) as child:
        line = first_line(child)
        asked(line)
        port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
        with socket.create_connection((LOOPBACK, port)) as link:
            link.sendall(b"GET / HTTP/1.1\r\n")
            began = time.monotonic()
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 0
    assert time.monotonic() - began < 15  # under a second; a reader is let go after 30


@pytest.mark.slow
@pytest.mark.parametrize("listening", [True, False], ids=["taken", "free"])
def test_a_port_that_was_named_and_is_taken_is_an_error(
    listening: bool,  # noqa: FBT001  # a case's field
    store: Path,
    tmp_path: Path,
) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        port = other.getsockname()[1]
        if listening:
            other.listen()
        else:
            other.close()
        with command("--store", str(store), "--port", str(port), folder=tmp_path) as child:
            if listening:
                _, err = child.communicate(timeout=PATIENCE_S)
                assert child.returncode == 2
                assert f"cannot listen on 127.0.0.1, port {port}" in err
                return
            assert str(port) in first_line(child)
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=PATIENCE_S)


@pytest.mark.slow
def test_whoever_listens_to_others_is_warned(store: Path, tmp_path: Path) -> None:
    words = ("--store", str(store), "--port", "0", "--host", "0.0.0.0")  # noqa: S104  # the warned case
    with command(*words, folder=tmp_path) as child:
        assert first_line(child).startswith("http://127.0.0.1:")
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=PATIENCE_S)
    assert "can read everything" in err


def test_an_empty_store_has_a_page_that_says_so(tmp_path: Path) -> None:
    claim_store(tmp_path / "empty")
    with serving(tmp_path / "empty") as served:
        status, _, body = served.ask("/")
    assert status == 200
    assert b"Nothing has been recorded yet" in body
