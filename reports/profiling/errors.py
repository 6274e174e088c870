"""Why there is no profile: the target is not there, fails, ends its process, or does not end."""

from __future__ import annotations

from reports.errors import ReportsError

_STORY_CHARS = 4_000


class ProfilingError(ReportsError):
    """Base of what keeps a target from being profiled."""


class NoTargetError(ProfilingError):
    """What should be profiled is not there, or cannot be called."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"nothing to profile: {self.reason}."


class TargetFailedError(ProfilingError):
    """The target raised, ended its process, was killed, or did not end in time."""

    def __init__(self, target: str, kind: str, ending: str, story: str) -> None:
        super().__init__(target, kind, ending, story)
        self.target = target
        self.kind = kind
        self.ending = ending
        self.story = story

    def __str__(self) -> str:
        story = self.story.strip()
        if len(story) > _STORY_CHARS:
            story = f"...\n{story[-_STORY_CHARS:]}"
        told = f"\n{story}\n" if story else ""
        return (
            f"{self.target} {self.ending} while its {self.kind} was profiled.{told} "
            "A profile of half a call would mislead, so none is given: mend the target first."
        )
