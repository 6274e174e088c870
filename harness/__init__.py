"""harness: being built."""
