import os

from harness.faults import FaultPlan

plan = FaultPlan.parse("os.mkdir: nth 2 fails ENOSPC; os.mkdir: always slow 5ms")
with plan.applied() as faults:
    for name in "abc":
        try:
            os.mkdir(name)
        except OSError as error:
            print(f"{name}: {error.strerror}")
print(faults.log[1])
