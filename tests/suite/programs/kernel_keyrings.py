"""A race of the Linux kernel's key management, as its fix describes it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


class Keyring:
    """Counts who uses it."""

    def __init__(self) -> None:
        self.usage = 0


def install_user_keyrings(*, fixed: bool = False) -> None:
    """CVE-2013-1792: who finds the first keyring installed takes the second for granted, too.

    Installing makes two keyrings under a mutex, and returns early, without the mutex, where the
    first is there. Both threads look for the second.
    """
    mutex = threading.Lock()
    user = SimpleNamespace(uid_keyring=None, session_keyring=None)

    def install() -> None:
        if user.uid_keyring is not None and (not fixed or user.session_keyring is not None):
            return
        with mutex:
            if user.uid_keyring is None:
                user.uid_keyring = Keyring()
                user.session_keyring = Keyring()

    def lookup() -> None:
        if user.session_keyring is None:
            install()
        key = user.session_keyring
        usage = key.usage
        key.usage = usage + 1

    in_threads(lookup, lookup)
