"""The choices a factory takes: what must hold, where secrets lie, what backs the pages."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Backing", "Policy", "Storage"]


class Policy(StrEnum):
    """What to do when the system cannot give a protection."""

    STRICT = "refuse to make the secret"
    FALLBACK = "make it, warn, and show what is missing"


class Storage(StrEnum):
    """Where the bytes of a secret lie."""

    PAGE = "pages of its own between two guard pages"
    SLAB = "a slot in a page shared with other small secrets"


class Backing(StrEnum):
    """What the pages are made of.

    `MEMFD_SECRET` pages are unmapped from the kernel itself: root cannot read them through
    /proc. They cost twice as much to make and switch hibernation off, so they are asked for.
    """

    ANONYMOUS = "private anonymous memory"
    MEMFD_SECRET = "memfd_secret(2) memory"  # noqa: S105  # a system call's name
