"""Three threads share a pool of one connection."""

import threading

from pool import Pool, PoolEmpty

import harness


class TooManyConnections(Exception):
    pass


class Database:
    def __init__(self, limit):
        self.limit = limit
        self.connections = []

    def connect(self):
        if len(self.connections) == self.limit:
            raise TooManyConnections
        self.connections.append(object())
        return self.connections[-1]


@harness.interleaved
def test_no_more_connections_than_the_pool_may_make():
    pool = Pool(Database(limit=1).connect, size=1)

    def work():
        try:
            connection = pool.take(timeout_s=30)
        except PoolEmpty:
            return  # a legal answer: the others may take longer than that
        pool.give_back(connection)

    threads = [threading.Thread(target=work, name=f"worker {n}") for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
