"""How decorated and marked tests run under pytest: choices, fixtures, kept failures, words."""

from __future__ import annotations

__all__: list[str] = []
