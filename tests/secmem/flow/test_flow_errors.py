import pickle
from typing import Any

import pytest

from secmem.flow import FlowCancelled, FlowClosed, FlowError, FlowTimeout, FlowWrongLoop


@pytest.mark.parametrize(
    "error",
    [FlowClosed(3), FlowCancelled(0.25), FlowTimeout(1.5, 10, 4), FlowWrongLoop()],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_a_pickle_with_its_fields(error: Any) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert isinstance(copy, FlowError)
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_a_timeout_says_how_long_what_was_taken_and_what_to_suspect() -> None:
    assert str(FlowTimeout(1.5, 10, 4)) == (
        "no slot came free within 1.5 s: 10 are taken and the gate opens again at 4 or fewer. "
        "The receiver is slower than the sender, or somebody forgot a release; no slot was taken, "
        "so do not call release for this one."
    )
