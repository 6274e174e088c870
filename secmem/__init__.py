"""secmem: being built."""
