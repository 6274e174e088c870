"""`python -m tests.fuzz.regressions`: find the planted bugs again and write the files beside this.

`failing_*.py` are what a user gets while a bug is there: their targets are known-bad twins, and
`test_fuzz_regressions_kept.py` sees each of their tests fail. `test_*.py` hold the same inputs for
the good twins: the tests session runs them for ever. To be run when the meaning of the bytes has
changed, after removing the files; what is there is only added to.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fuzz
from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash_store import CrashStore

HERE = Path(__file__).resolve().parent
TWINS = {
    "secret_operations": ("FORGETS_SOURCE", "STAYS_OPEN"),
    "flow_operations": ("WAKES_ONE",),
}
BUGS = 2  # of each twin; some have one
INPUTS = 4_000


def main() -> None:
    """Write all files."""
    with tempfile.TemporaryDirectory() as folder:
        for good, twins in TWINS.items():
            for twin in twins:
                _find(f"tests.fuzz.bad_targets:{twin}", good, Path(folder))
            path = HERE / f"test_{good}_regressions.py"
            sys.stdout.write(f"{fuzz.write_regressions(good, folder=Path(folder), output=path)}\n")


def _find(bad: str, good: str, folder: Path) -> None:
    facts = ask(bad)
    with ContainedTarget(facts) as target, ContainedTarget(ask(good)) as well:
        store = CrashStore(CampaignFolder(folder, bad).crashes, bad)
        seen: set[str] = set()
        for data in _inputs(facts.seeds):
            crash = target.run(data, fresh=False).crash
            if crash is not None and crash.key not in seen and well.run(data).crash is None:
                seen.add(crash.key)
                store.save(crash)
            if len(seen) == BUGS:
                break
        fuzz.minimize(bad, folder=folder)
        kept = CrashStore(CampaignFolder(folder, good).crashes, good)
        for finding in fuzz.triage(bad, folder=folder).failing:
            crash = finding.crash
            assert crash is not None
            kept.save(replace(crash, story=target.story(crash.data) or crash.story))
    path = HERE / f"failing_{bad.rpartition(':')[2].lower()}.py"
    sys.stdout.write(f"{fuzz.write_regressions(bad, folder=folder, output=path)}\n")


def _inputs(seeds: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield seeds with random bytes behind and in them: enough for bugs as near as these."""
    draw = random.Random(3)
    for number in range(INPUTS):
        start = draw.choice(seeds) if seeds and number % 2 else b""
        data = bytearray(start + draw.randbytes(draw.randrange(1, 60)))
        for _ in range(draw.randrange(4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        yield bytes(data)


if __name__ == "__main__":
    main()
