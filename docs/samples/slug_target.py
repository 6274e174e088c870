"""A target: bytes in, an exception out when something is wrong."""

from __future__ import annotations

from fuzz import Target


def slug(title: str) -> str:
    """Return a title as part of an address."""
    words = title.lower().split(" ")
    return "-".join(word if word[0].isalnum() else word[1:] for word in words)


def run(data: bytes) -> set[int]:
    """Judge one input; tell what it was like."""
    title = data.decode("utf-8", errors="replace")
    made = slug(title)
    assert " " not in made
    return {len(title), 1_000 + title.count(" ")}


SLUGS = Target(name="slugs", run=run, what="titles to addresses", instrument=("slug_target",))
