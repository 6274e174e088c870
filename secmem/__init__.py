"""The reference subjects: ordinary threaded Python to verify, usable as a library too.

Each sub-package is a face of its own, so that one subject never pays for another:
`secmem.memory` (protected pages and secrets), `secmem.flow` (back-pressure).
"""

__all__: list[str] = []
