"""A part that is absent is told in the summary, and fails where everything was to be there."""

from __future__ import annotations

import pytest

from tests.absent import absent


def test_a_part_that_is_absent_skips_its_test_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HOLDFAST_REQUIRE_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="a server is not here; install it"):
        absent("a server", how="install it")


def test_where_every_part_was_to_be_there_an_absent_one_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOLDFAST_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="a server is not here; install it"):
        absent("a server", how="install it")
