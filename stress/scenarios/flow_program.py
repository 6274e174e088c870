"""Random programs for a flow controller, judged after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.scenarios.flow_model import FlowModel

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from stress.scenarios.flow_faces import FlowFace

MARKS = ((1, 1), (2, 1), (3, 1), (3, 2), (5, 2))
WORDS = ("acquire", "acquire", "acquire", "try", "release", "release", "cancel", "cancelled")


def rest(face: FlowFace, model: FlowModel) -> None:
    """Let everybody come to rest and compare the face with the model.

    Raises:
        FlowMismatch: They differ.
    """
    model.judge(face.settled(model.settling, model.resting))
    model.check(face.flow, face.episodes)


def step(face: FlowFace, model: FlowModel, word: str, caller: str) -> None:
    """Do one operation on both, and judge it.

    Args:
        word: "acquire", "try" (a timeout of 0), "cancelled" (a token that is cancelled already),
            "cancel", "release" or "close".
        caller: Whom it concerns; for "cancel" somebody who has asked before.
    """
    match word:
        case "acquire" | "try" | "cancelled":
            how = {"patient": word != "try", "cancelled": word == "cancelled"}
            model.acquire(caller, **how)
            face.acquire(caller, **how)
        case "cancel":
            model.cancel(caller)
            face.cancel(caller)
        case "release":
            model.release()
            face.release()
        case "close":
            model.close()
            face.close()
        case _:
            raise ValueError(f"a step is one of {sorted(set(WORDS))} or 'close', got {word!r}")
    rest(face, model)


def random_program(
    face_of: Callable[..., FlowFace], rng: random.Random, *, steps: int = 20, close: bool = True
) -> None:
    """Judge one face over one random program; `face_of(high=, low=)` makes it.

    Raises:
        FlowMismatch: The controller left the model.
    """
    high, low = rng.choice(MARKS)
    face = face_of(high=high, low=low)
    model = FlowModel(high=high, low=low)
    closes_at = rng.randrange(steps) if close else steps
    try:
        for number in range(steps):
            word = "close" if number == closes_at else rng.choice(WORDS)
            caller = f"c{number}"
            if word == "cancel":
                if not model.waiting:
                    continue
                caller = rng.choice(model.waiting)
            step(face, model, word, caller)
    finally:
        face.end()
