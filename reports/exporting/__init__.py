"""The store's contents for other programs: JSON and CSV."""
