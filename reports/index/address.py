"""Where an index is: the store's own file, or a PostgreSQL database by URL.

A URL may hold a password, so it is kept here and nowhere else: whatever is shown of it is
`IndexAddress.shown`, and what a driver says goes through `without_secrets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from reports.errors import BadValueError

if TYPE_CHECKING:
    from sqlalchemy import URL

_TAKES: Final = "an URL such as postgresql+psycopg://USER@HOST/DATABASE"
_SPELLINGS: Final = ("postgresql", "postgres", "postgresql+psycopg")
_SECRET: Final = ("pass", "secret", "token", "key")


class ServerAddress:
    """The URL of a PostgreSQL database, which never shows its password."""

    __slots__ = ("_url",)

    def __init__(self, url: URL) -> None:
        self._url = url

    @classmethod
    def from_text(cls, text: str) -> ServerAddress:
        """Return the address that a user wrote.

        Raises:
            BadValueError: It is none, or of a database that is not PostgreSQL.
        """
        if not isinstance(text, str):
            raise BadValueError("the index", f"a {type(text).__name__}", _TAKES)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            # Not shown, nor chained: it may hold a password in a place where none belongs.
            raise BadValueError("the index", "text that is no URL", _TAKES) from None
        if url.drivername not in _SPELLINGS:
            raise BadValueError("the index", f"an URL of {url.drivername!r}", _TAKES)
        return cls(url.set(drivername="postgresql+psycopg"))

    @property
    def url(self) -> URL:
        """Return the whole URL, for the driver alone."""
        return self._url

    @property
    def shown(self) -> str:
        """Return the URL without its password and without its options, which may hold one."""
        return self._url.set(password=None, query={}).render_as_string(hide_password=True)

    def without_secrets(self, text: str) -> str:
        """Return what a driver says with every secret of this URL taken out."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _secrets(self) -> set[str]:
        found = {str(self._url.password)} if self._url.password else set()
        for name, values in self._url.normalized_query.items():
            if any(word in name.lower() for word in _SECRET):
                found.update(values)
        return {one for one in found if one}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shown}>"
