"""Senders stop at the high mark and go on at the low one."""

import threading

from secmem.flow import FlowController

flow = FlowController(high=8, low=2)
sent = threading.Semaphore(0)


def send(count):
    for _ in range(count):
        flow.acquire(timeout_s=10)
        sent.release()


def drain(count):
    for _ in range(count):
        sent.acquire()
        flow.release()


threads = [threading.Thread(target=send, args=(50,)) for _ in range(4)]
threads.append(threading.Thread(target=drain, args=(200,)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("pending:", flow.pending)
