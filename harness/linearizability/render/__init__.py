"""Histories in words and pictures: for terminals, as a page, and as SVG."""
