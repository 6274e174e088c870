"""fuzz: being built."""
