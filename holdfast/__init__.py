"""holdfast: being built."""
