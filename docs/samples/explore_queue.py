"""Nothing is wrong here, and the result says how much of it was tried."""

import queue
import threading

import harness


def body():
    jobs = queue.Queue(maxsize=1)
    seen = []
    consumer = threading.Thread(target=lambda: seen.extend(jobs.get() for _ in range(2)))
    consumer.start()
    jobs.put("a")
    jobs.put("b")
    consumer.join()
    assert seen == ["a", "b"]


result = harness.explore(body, strategy="dfs", executions=10_000)
print(result.verdict.name, "-", result.evidence)
