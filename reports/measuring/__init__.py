"""Two commits measured in one session: each in its own environment, their runs interleaved."""
