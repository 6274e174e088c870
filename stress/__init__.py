"""Real threads in child processes: scenarios, limits, endings, records."""
