"""A module that cannot be imported."""

TARGET = 1 / 0
