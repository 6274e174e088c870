"""The page and what stands behind it, over HTTP, for whoever sits at this machine.

What is served is drawn from the store when somebody asks and the store has changed since; until
then the same bytes are served again. Nothing can be written through it: it answers GET and HEAD.

A page of another site may send requests to a server on this machine, and by DNS rebinding read
the answers as if they were its own. So a request must name a host that no other site can have:
an address, or this machine's own name.
"""

from __future__ import annotations

import hashlib
import http.server
import ipaddress
import json
import re
import socket
import socketserver
import sys
import urllib.parse
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from reports.errors import DamagedDocumentError, ReportsError
from reports.page.shelf import PAGE_TYPE, Shelf

DEFAULT_PORT: Final = 8642
LOOPBACK: Final = "127.0.0.1"
_REQUEST_TIMEOUT_S: Final = 30.0  # a client that says nothing for so long is let go
_JSON_TYPE: Final = "application/json; charset=utf-8"
_TEXT_TYPE: Final = "text/plain; charset=utf-8"
_RUN: Final = re.compile(r"/run/([0-9a-f]{64})(?:\.json)?")
_SERIES_FIELDS: Final = frozenset({"benchmark", "metric", "environment"})
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),  # ask again, and mostly hear that nothing changed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request gets."""

    status: HTTPStatus
    body: bytes
    kind: str

    @property
    def tag(self) -> str:
        """Return what tells this body from others."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class PageServer(http.server.ThreadingHTTPServer):
    """A server of one store's page. Close it when done; it is a context manager.

    Args:
        shelf: What it serves.
        host: Where to listen; anything but loopback lets others read every result.
        port: 0 takes a free one; `url` says which.

    Raises:
        OSError: The port is taken, or may not be used.
    """

    daemon_threads = True  # a slow reader must not keep the program from ending
    allow_reuse_address = sys.platform != "win32"  # there it would share the port with others

    def __init__(self, shelf: Shelf, *, host: str = LOOPBACK, port: int = DEFAULT_PORT) -> None:
        self.shelf = shelf
        self.host = host
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Take the address; the standard one also looks up its name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    @property
    def url(self) -> str:
        """Return the address that a browser on this machine takes."""
        host = LOOPBACK if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  # compared
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as inherited
        """Say nothing of clients that went away in the middle of an answer."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: PageServer
    server_version = "holdfast"
    sys_version = ""  # which Python this is, is nobody's business
    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_TIMEOUT_S

    def do_GET(self) -> None:
        self._send(self._answer())

    def do_HEAD(self) -> None:
        self._send(self._answer())

    def _refuse(self) -> None:
        self.close_connection = True  # what follows may be a body, which nobody reads
        words = b"This is read only: GET and HEAD are answered.\n"
        self._send(Answer(status=HTTPStatus.METHOD_NOT_ALLOWED, body=words, kind=_TEXT_TYPE))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815  # so they are called

    def _answer(self) -> Answer:
        if not self._host_is_ours():
            words = (
                "This host name is not served here. Use the address that "
                "`holdfast report serve` printed.\n"
            )
            return _text(HTTPStatus.MISDIRECTED_REQUEST, words)
        try:
            return self._found()
        except DamagedDocumentError as error:
            return _text(HTTPStatus.NOT_FOUND, f"{error}\n")
        except ReportsError as error:
            return _text(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error}\n")

    def _found(self) -> Answer:
        path, _, query = self.path.partition("?")
        shelf = self.server.shelf
        if path in {"/", "/index.html"}:
            return Answer(status=HTTPStatus.OK, body=shelf.page(), kind=PAGE_TYPE)
        if path == "/api/series":
            return _series(shelf, query)
        run = _RUN.fullmatch(path)
        if run is not None:
            return Answer(status=HTTPStatus.OK, body=shelf.run(run[1]), kind=_JSON_TYPE)
        words = "There is nothing here. There are /, /run/ID and /api/series.\n"
        return _text(HTTPStatus.NOT_FOUND, words)

    def _host_is_ours(self) -> bool:
        named = self.headers.get_all("Host") or []
        return len(named) == 1 and is_own_host(named[0], listening=self.server.host)

    def _send(self, answer: Answer) -> None:
        unchanged = (
            answer.status is HTTPStatus.OK and self.headers.get("If-None-Match") == answer.tag
        )
        self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("ETag", answer.tag)
        for name, value in _HEADERS:
            self.send_header(name, value)
        if answer.kind == PAGE_TYPE:
            # The page's own policy stands in the page; only this part may not.
            self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        else:
            self.send_header("Content-Security-Policy", "default-src 'none'; sandbox")
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if not unchanged:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and not unchanged:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # as inherited
        """Print nothing: a request is foreign text, and a terminal obeys control characters."""


def is_own_host(named: str, *, listening: str) -> bool:
    """Return whether a request's Host is an address or a name that only this machine has.

    Args:
        named: The header, with or without a port.
        listening: The host that the server was told to listen on.
    """
    host = _without_port(named).lower()
    if host in {"localhost", listening.lower()}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not is_loopback(listening) and host == socket.gethostname().lower()
    return address.is_loopback or not is_loopback(listening)


def is_loopback(host: str) -> bool:
    """Return whether a host to listen on can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_port(named: str) -> str:
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.rpartition(":")[0] if named.count(":") == 1 else named


def _series(shelf: Shelf, query: str) -> Answer:
    try:
        asked = urllib.parse.parse_qs(query, strict_parsing=bool(query), max_num_fields=10)
    except ValueError:
        return _text(HTTPStatus.BAD_REQUEST, "The query is no list of name=value.\n")
    unknown = sorted(asked.keys() - _SERIES_FIELDS)
    if unknown or any(len(values) > 1 for values in asked.values()):
        takes = ", ".join(sorted(_SERIES_FIELDS))
        return _text(HTTPStatus.BAD_REQUEST, f"The query takes each of {takes} once at most.\n")
    found = shelf.series(**{name: values[0] for name, values in asked.items()})
    body = json.dumps(found, ensure_ascii=True, allow_nan=False).encode("ascii")
    return Answer(status=HTTPStatus.OK, body=body, kind=_JSON_TYPE)


def _text(status: HTTPStatus, words: str) -> Answer:
    return Answer(status=status, body=words.encode("utf-8"), kind=_TEXT_TYPE)
