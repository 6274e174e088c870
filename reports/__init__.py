"""reports: being built."""
