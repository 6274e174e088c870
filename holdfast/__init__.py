"""The front door: the command line, and the guard that pytest loads."""

from typing import Final

__all__ = ["__version__"]

__version__: Final = "0.1.0"
