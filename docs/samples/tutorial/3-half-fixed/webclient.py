"""A client of a service that allows one session an account."""

import threading


class Client:
    def __init__(self, server):
        self._server = server
        self._session = None
        self._lock = threading.Lock()

    def get(self, path):
        if self._session is None:
            with self._lock:
                self._session = self._server.log_in()
        return self._server.get(path, self._session)
