"""`pytest --holdfast-all`: every test that starts threads is explored, as it stands."""
