"""How many schedules two threads have that take a lock and count."""

import harness

with harness.instrument_imports(include=["locked"]):
    from locked import body

for most in (0, 1, 2, 3, None):
    result = harness.explore(body, harness.BoundedDfs(preemptions=most), executions=100_000)
    print(most, "preemptions:", result.evidence)
print(harness.explore(body, "dpor").evidence)
