"""Where a benchmark's or a scenario's time goes: CPU, waiting for locks, allocation."""
