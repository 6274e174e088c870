"""Reads the head of a message: lines of NAME: VALUE, and how long the body is."""


def read_head(data: bytes) -> dict[str, str]:
    """Return the fields by name; a line that begins with a blank goes on with the last."""
    fields: dict[str, str] = {}
    name = ""
    for line in data.decode("latin-1").split("\r\n"):
        if line.startswith((" ", "\t")):
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def body_length(fields: dict[str, str]) -> int:
    """Return how many bytes follow."""
    length = fields.get("content-length", "0")
    return int(length) if length.isdigit() else 0
