"""What became of every series: its changes, which of them count, and the gate's exit code."""
