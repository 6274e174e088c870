"""The database over a store's documents: quick to ask, safe to throw away."""
