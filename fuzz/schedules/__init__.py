"""Bytes as schedules: rules that a controlled run follows."""
