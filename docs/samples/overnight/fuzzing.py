"""What is fuzzed for a night."""

import fuzz
from headers import body_length, read_head


@fuzz.target(instrument=["headers"], seeds=[b"Content-Length: 12\r\n\r\n"])
def heads(data: bytes) -> None:
    """Whatever comes over the wire, a head can be read."""
    assert body_length(read_head(data)) >= 0
