"""stress: being built."""
