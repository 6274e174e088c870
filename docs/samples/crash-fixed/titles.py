"""Titles become addresses, and addresses become titles again."""

import fuzz


def slug(title: str) -> str:
    """Return a title as part of an address."""
    words = title.lower().split()
    return "-".join(word if word[0].isalnum() else word[1:] for word in words)


def title_of(address: str) -> str:
    """Return the title that an address stands for: `3-pigs` is `Pigs (3)`."""
    number, _, rest = address.partition("-")
    if number.isdecimal():
        return f"{rest.title()} ({int(number)})"
    return address.replace("-", " ").title()


@fuzz.target(instrument=["titles"], seeds=[b"3 pigs"])
def titles(data: bytes) -> None:
    """Every title becomes an address that can be read again."""
    text = data.decode("utf-8", errors="replace")
    title_of(slug(text))
