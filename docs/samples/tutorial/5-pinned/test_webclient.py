"""Tests of the client, with a stand-in for the service."""

import secrets
import threading

from webclient import Client

import harness


class SessionEnded(Exception):
    pass


class Server:
    """Whoever logs in ends the session that was there before."""

    def __init__(self):
        self.sessions = []

    def log_in(self):
        session = secrets.token_hex(2)
        self.sessions.append(session)
        return session

    def get(self, path, session):
        if session != self.sessions[-1]:
            raise SessionEnded(session)
        return f"content of {path}"


def fetch_from_two_threads():
    client = Client(Server())

    def fetch(path):
        assert client.get(path) == f"content of {path}"

    threads = [threading.Thread(target=fetch, args=(path,)) for path in ("/a", "/b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@harness.regression(
    "hf2.-BpLPgFjZGdcMIeRmZuJSYSFBaSTLSc_HWg6A2taaklyBjM7EwMzIwMzEwsbIwMjAxMTKzcjkMvA0MTE3MHUyCpodXfN8iZGBgA"
)
@harness.regression(
    "hf2.IFF7cgFjZGdcMIeRmZuJyZSdBaRTLC21JDkjPq0oPze-pDw_vgSst5iBHWoiC8hEZqCbWMEKmdmZGNiAiJFFgJmBkYGJiZmFkZWJgRXIYpVnZmDgYWC4zbzpGyMQMDAwAFlMQMDA8AYk1sDNxMjEpFLOyAgkGlnF_HN6VjcxMgAA"
)
@harness.interleaved
def test_two_threads_share_a_client():
    fetch_from_two_threads()
