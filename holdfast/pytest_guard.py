"""Loads the pytest plugin where it is ours."""
