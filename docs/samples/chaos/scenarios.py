from counters import Counters

import stress


def work(folder, chance):
    name = f"{chance.getrandbits(32):x}"
    Counters(folder / "counters.json").count(name)
    return name


def check(folder, committed):
    lost = committed - Counters(folder / "counters.json").read().keys()
    assert not lost, f"{len(lost)} of {len(committed)} counts are lost"


COUNTS = stress.durable(work, check, name="counts", what="what was counted stays", threads=1)
