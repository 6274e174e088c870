"""What can go wrong with a machine, before anything is run."""

from __future__ import annotations

from harness.errors import HarnessError


class HypothesisMissingError(HarnessError, ImportError):
    """Something that writes its programs with Hypothesis was asked for, and there is none."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return (
            f"harness.stateful.{self.name} needs Hypothesis, which cannot be imported "
            f"({self.why}). Install it: pip install 'holdfast[hypothesis]'. "
            "check_linearizable works without it."
        )


class MachineUnsteadyError(HarnessError):
    """A machine that runs sequentially does not do the same twice."""

    def __init__(self, machine: str, difference: str) -> None:
        super().__init__(machine, difference)
        self.machine = machine
        self.difference = difference

    def __str__(self) -> str:
        return (
            f"{self.machine} did something else when the same steps were made again: something is "
            "kept from one machine to the next (a global, a class attribute, a cache, a file), or "
            "follows from real time or the order of a set. Make all of it anew in __init__, or put "
            f"it back in teardown. What Hypothesis says of it: {self.difference}"
        )


class MachineUndecidedError(HarnessError):
    """No program of a machine failed, and some could not be judged."""

    def __init__(
        self, machine: str, undecided: int, explored: int, program: str, evidence: str
    ) -> None:
        super().__init__(machine, undecided, explored, program, evidence)
        self.machine = machine
        self.undecided = undecided
        self.explored = explored
        self.program = program
        self.evidence = evidence

    def __str__(self) -> str:
        return (
            f"{self.machine}: none of {self.explored} programs failed, and {self.undecided} are "
            f"undecided. The smallest of these is\n{self.program}\n{self.evidence}. Make programs "
            "smaller or max_steps greater, in the machine's `concurrency`, or say "
            'undecided="warn" there.'
        )


class MachineError(HarnessError):
    """A machine is not written so that it can run."""

    def __init__(self, machine: str, what: str, remedy: str) -> None:
        super().__init__(machine, what, remedy)
        self.machine = machine
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.machine}: {self.what}. {self.remedy}"
