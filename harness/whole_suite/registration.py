"""Whether a run of pytest wants the whole suite explored; light, because every run asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from harness.pytest_run.run_choice import RunChoice


def wants_whole_suite(config: pytest.Config) -> bool:
    """Say whether tests that are not decorated are explored, or one of them replayed."""
    options = config.known_args_namespace
    return any(getattr(options, name, None) for name in ("holdfast_all", "holdfast_replay"))


def every_file(_path: Path) -> bool:
    """Pick every test module, where others pick those that use the harness."""
    return True


def packages_of_suite(root: Path) -> list[str]:
    """Return the packages that a suite tests, where `pyproject.toml` does not name them."""
    from harness.whole_suite.packages import packages_beside  # noqa: PLC0415  # only such a run

    return packages_beside(root)


def replays_one(session: pytest.Session) -> bool:
    """Say whether the only test of a run is one that a token can be replayed of."""
    return len(session.items) == 1


def register_whole_suite(
    config: pytest.Config, is_decorated: Callable[[pytest.Item], bool], choice: RunChoice
) -> None:
    """Register the plugin."""
    from harness.whole_suite.plugin import NAME, WholeSuite  # noqa: PLC0415  # only such a run

    config.pluginmanager.register(WholeSuite(is_decorated, choice), NAME)
