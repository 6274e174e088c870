"""What once made tests.fuzz.bad_targets:STAYS_OPEN fail, and must not do so again.

Written by `holdfast fuzz regress tests.fuzz.bad_targets:STAYS_OPEN`.
It is yours to edit: written again, it only gains tests for new findings, at its end.
"""

import fuzz

TARGET = "tests.fuzz.bad_targets:STAYS_OPEN"


def test_model_secret_check_protection_does_not_raise_secret_mismatch_error() -> None:
    # finding b8ca33c69ec8, first seen 2026-11-21
    # | Traceback (most recent call last):
    # |   File "fuzz/targets/secret_operations.py", line 37, in run
    # |     program.run(calls.CALLS)
    # |   File "fuzz/targets/secret_program.py", line 53, in run
    # |     self._do(calls)
    # |   File "fuzz/targets/secret_program.py", line 73, in _do
    # | ...
    # |   File "fuzz/targets/secret_model.py", line 94, in check
    # |     self._check_protection()
    # |   File "fuzz/targets/secret_model.py", line 107, in _check_protection
    # |     raise SecretMismatchError(
    # | fuzz.targets.secret_model.SecretMismatchError: the page is READ_ONLY with 0 accesses open a
    fuzz.check_input(TARGET, b"\x00\x00\x00\x01\x00l\x00\x02")
