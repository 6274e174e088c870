"""A campaign: who runs when, what is kept of it, and what is shown while it runs."""
