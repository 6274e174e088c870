"""What becomes of a crash: its signature, its smallest input, its test."""
