"""Nothing is wrong here, and the result says how much of it was tried."""

import queue
import threading

import harness


def body():
    jobs = queue.Queue(maxsize=1)
    seen = []

    def consume():
        for _ in range(2):
            seen.append(jobs.get())

    consumer = threading.Thread(target=consume)
    consumer.start()
    jobs.put("a")
    jobs.put("b")
    consumer.join()
    assert seen == ["a", "b"]


result = harness.explore(body, executions=10_000)
print(result.verdict.name, "-", result.evidence)
