"""Campaigns and explorations on many machines, in rounds."""
