"""Readers of the result files of other programs, each a function from parsed fields to values."""
