"""What once made tests.fuzz.bad_targets:FORGETS_SOURCE fail, and must not do so again.

Written by `holdfast fuzz regress tests.fuzz.bad_targets:FORGETS_SOURCE`.
It is yours to edit: written again, it only gains tests for new findings, at its end.
"""

import fuzz

TARGET = "tests.fuzz.bad_targets:FORGETS_SOURCE"


def test_make_does_not_raise_secret_mismatch_error() -> None:
    # finding 9c2bf3cc3adc, first seen 2026-11-21
    # | Traceback (most recent call last):
    # |   File "fuzz/targets/secret_operations.py", line 37, in run
    # |     program.run(calls.CALLS)
    # |   File "fuzz/targets/secret_program.py", line 53, in run
    # |     self._do(calls)
    # |   File "fuzz/targets/secret_program.py", line 68, in _do
    # |     told = call(self)
    # |   File "fuzz/targets/secret_calls.py", line 36, in make
    # |     raise SecretMismatchError("the caller's buffer was not wiped")
    # | fuzz.targets.secret_model.SecretMismatchError: the caller's buffer was not wiped
    fuzz.check_input(TARGET, b"\x00")
