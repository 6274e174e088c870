"""What makes inputs: Atheris, and an engine of our own in pure Python, behind one protocol."""
