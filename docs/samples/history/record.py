"""Records what real threads do on a replicated store, and judges it."""

import threading

from harness.linearizability import KeyValue, Recording, check, write_history


class Replica:
    """Answers from a copy that is brought up to date now and then."""

    def __init__(self):
        self.entries = {}
        self.copy = {}

    def put(self, key, value):
        self.entries[key] = value

    def get(self, key):
        return self.copy.get(key)

    def update(self):
        self.copy = dict(self.entries)


recording = Recording(name="replica")
replica = Replica()
watched = recording.watch(replica, methods=["put", "get"])


def write():
    for number in range(100):
        watched.put("x", number)
        if number % 10 == 0:
            replica.update()


def read():
    for _ in range(100):
        watched.get("x")


threads = [threading.Thread(target=write), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
watched.get("x")

history = recording.history()
write_history(history, "replica.jsonl", model="kv")
judgement = check(history, KeyValue())
print(judgement.operations, "operations:", judgement.verdict)
