"""A client of a service that allows one session an account."""


class Client:
    def __init__(self, server):
        self._server = server
        self._session = None

    def get(self, path):
        if self._session is None:
            self._session = self._server.log_in()
        return self._server.get(path, self._session)
